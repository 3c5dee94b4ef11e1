//! Why one try of a request failed, and whether another may succeed.

use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::Answer;
use crate::SnowflakeError;
use crate::error::deepest;

/// Nobody is kept waiting longer, whatever the server wishes.
const LONGEST_WISH: Duration = Duration::from_secs(120);

#[derive(Debug)]
pub(super) enum Trouble {
    /// The network's: no connection, or one that broke.
    Connection(reqwest::Error),
    /// The server is busy or broken.
    Busy { answer: Answer, wish: Option<Duration> },
    /// Nothing was sent.
    Ours(SnowflakeError),
}

impl Trouble {
    /// Tells answers from being told to come again.
    pub(super) fn unless_busy(answer: Answer, headers: &HeaderMap) -> Result<Answer, Self> {
        let status = answer.status();
        if status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error() {
            return Ok(answer);
        }
        let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Err(Self::Busy { answer, wish: seconds.map(Duration::from_secs) })
    }

    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Connection(error) => !error.is_builder() && !error.is_redirect(),
            Self::Busy { .. } => true,
            Self::Ours(_) => false,
        }
    }

    /// The wait before the next try: the server's wish, if it is longer.
    pub(super) fn at_least(&self, wait: Duration) -> Duration {
        match self {
            Self::Busy { wish: Some(wish), .. } => wait.max(*wish).min(LONGEST_WISH.max(wait)),
            _ => wait,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(error) => formatter.write_str(&deepest(error)),
            Self::Busy { answer, .. } => write!(formatter, "HTTP {}", answer.status()),
            Self::Ours(error) => error.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::HeaderValue;

    use super::*;

    fn told(status: u16, retry_after: Option<&'static str>) -> Result<Answer, Trouble> {
        let mut headers = HeaderMap::new();
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        let answer = Answer::new(StatusCode::from_u16(status).unwrap(), &headers, Bytes::new());
        Trouble::unless_busy(answer, &headers)
    }

    #[test]
    fn only_a_busy_or_broken_server_is_asked_again() {
        for status in [200, 202, 400, 401, 403, 404, 408, 422] {
            assert!(told(status, None).is_ok(), "{status}");
        }
        for status in [429, 500, 502, 503, 504] {
            assert!(told(status, None).unwrap_err().may_pass(), "{status}");
        }
    }

    #[test]
    fn the_servers_wish_is_heard_within_bounds() {
        let second = Duration::from_secs(1);
        let wait = |wish| told(429, wish).unwrap_err().at_least(second);
        assert_eq!(wait(None), second);
        assert_eq!(wait(Some("0")), second);
        assert_eq!(wait(Some("7")), 7 * second);
        assert_eq!(wait(Some("86400")), 120 * second);
        assert_eq!(wait(Some("Wed, 21 Oct 2026 07:28:00 GMT")), second);
    }
}
