//! Business dates, the business time zone and the injected clock.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};

/// What can be wrong with a date or time zone that a person wrote.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TimeError {
    /// The text is not a calendar date.
    #[error("'{0}' is not a date: write it as YYYY-MM-DD")]
    Date(String),
    /// The text is not a point in time.
    #[error("'{0}' is not a point in time: write it as YYYY-MM-DDTHH:MM:SSZ")]
    Instant(String),
    /// The text names no time zone of the IANA database.
    #[error("'{0}' is not a time zone: use an IANA name such as Europe/London or UTC")]
    Timezone(String),
}

/// A business date: the date of a timestamp in the business time zone, by which every warehouse table is
/// partitioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartitionDate(NaiveDate);

impl PartitionDate {
    /// The business date that `date` names.
    pub const fn new(date: NaiveDate) -> Self {
        Self(date)
    }

    /// The calendar date.
    pub const fn date(self) -> NaiveDate {
        self.0
    }

    /// The day after; the calendar's last day is its own successor.
    pub fn next(self) -> Self {
        Self(self.0.succ_opt().unwrap_or(self.0))
    }

    /// This date moved back by `days`; stops at the calendar's first day.
    pub fn minus_days(self, days: u64) -> Self {
        Self(self.0.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN))
    }

    /// Every date from `first` to `last`, both included; empty when `last` is before `first`.
    pub fn range(first: Self, last: Self) -> impl Iterator<Item = Self> {
        first.0.iter_days().take_while(move |date| *date <= last.0).map(Self)
    }
}

/// `dates` in order, in portions that weigh about `limit` together: heavier only where a single date is.
pub fn portions(
    dates: &BTreeSet<PartitionDate>,
    limit: u64,
    weight: impl Fn(PartitionDate) -> u64,
) -> Vec<BTreeSet<PartitionDate>> {
    let mut portions: Vec<BTreeSet<PartitionDate>> = Vec::new();
    let mut total = limit;
    for date in dates {
        let weight = weight(*date);
        if total.saturating_add(weight) > limit || portions.is_empty() {
            portions.push(BTreeSet::new());
            total = 0;
        }
        total = total.saturating_add(weight);
        if let Some(portion) = portions.last_mut() {
            portion.insert(*date);
        }
    }
    portions
}

impl fmt::Display for PartitionDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

impl FromStr for PartitionDate {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").map(Self).map_err(|_| TimeError::Date(text.to_owned()))
    }
}

/// The time zone in which a shop's days begin and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusinessTimezone(chrono_tz::Tz);

impl BusinessTimezone {
    /// Days that begin at midnight UTC.
    pub const UTC: Self = Self(chrono_tz::UTC);

    /// The IANA name, which PostgreSQL understands too.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The business date of a UTC timestamp.
    pub fn date_of(self, utc: NaiveDateTime) -> PartitionDate {
        PartitionDate(self.0.from_utc_datetime(&utc).date_naive())
    }

    /// The first instant, in UTC, that no longer belongs to `date`.
    ///
    /// Where a clock change skips midnight, the day ends when the clock next shows a time.
    pub fn end_of(self, date: PartitionDate) -> NaiveDateTime {
        self.first_at(date.next(), NaiveTime::MIN)
    }

    /// The first instant, in UTC, at which the clock shows `time` on `date`.
    ///
    /// Where a clock change skips that time, it is the first one shown after it; where it repeats it, the first of
    /// the two.
    pub fn first_at(self, date: PartitionDate, time: NaiveTime) -> NaiveDateTime {
        let mut local = date.0.and_time(time);
        loop {
            if let Some(instant) = self.0.from_local_datetime(&local).earliest() {
                return instant.naive_utc();
            }
            local += TimeDelta::minutes(1);
        }
    }

    /// The last date whose close is due at `now` (UTC): it ended at least `buffer` ago.
    pub fn last_due(self, now: NaiveDateTime, buffer: TimeDelta) -> PartitionDate {
        self.date_of(now - buffer).minus_days(1)
    }
}

impl Default for BusinessTimezone {
    fn default() -> Self {
        Self::UTC
    }
}

impl FromStr for BusinessTimezone {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        text.parse().map(Self).map_err(|_| TimeError::Timezone(text.to_owned()))
    }
}

/// Where all of Daybook takes the time from: the system's clock, or one that stands still (`--now`).
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    fixed: Option<NaiveDateTime>,
}

impl Clock {
    /// A clock that always shows `now` (UTC).
    pub const fn fixed(now: NaiveDateTime) -> Self {
        Self { fixed: Some(now) }
    }

    /// Now, in UTC, to the microsecond that PostgreSQL keeps.
    pub fn now(self) -> NaiveDateTime {
        self.fixed.unwrap_or_else(|| {
            let now = Utc::now();
            chrono::DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now).naive_utc()
        })
    }

    /// The time at which this clock stands still, if it does.
    pub const fn fixed_at(self) -> Option<NaiveDateTime> {
        self.fixed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a test's own timestamp")
    }

    fn day(text: &str) -> PartitionDate {
        text.parse().expect("a test's own date")
    }

    #[test]
    fn a_business_date_follows_the_time_zone_through_clock_changes() {
        let london: BusinessTimezone = "Europe/London".parse().expect("a zone");
        assert_eq!(london.date_of(utc("2011-03-26 23:59")), day("2011-03-26"));
        assert_eq!(london.date_of(utc("2011-03-27 23:30")), day("2011-03-28"));
        assert_eq!(london.end_of(day("2011-03-26")), utc("2011-03-27 00:00"));
        assert_eq!(london.end_of(day("2011-03-27")), utc("2011-03-27 23:00"));
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_ends_at_the_first_time_shown() {
        let beirut: BusinessTimezone = "Asia/Beirut".parse().expect("a zone");
        let end = beirut.end_of(day("2022-03-26"));
        assert_eq!(beirut.date_of(end), day("2022-03-27"));
        assert_eq!(beirut.date_of(end - TimeDelta::microseconds(1)), day("2022-03-26"));
    }

    #[test]
    fn a_day_is_due_once_the_buffer_has_passed() {
        let buffer = TimeDelta::hours(2);
        assert_eq!(BusinessTimezone::UTC.last_due(utc("2011-01-02 01:59"), buffer), day("2010-12-31"));
        assert_eq!(BusinessTimezone::UTC.last_due(utc("2011-01-02 02:00"), buffer), day("2011-01-01"));
    }

    #[test]
    fn portions_keep_to_the_limit_where_they_can() {
        let dates: BTreeSet<_> = PartitionDate::range(day("2011-01-01"), day("2011-01-05")).collect();
        let heavy = day("2011-01-03");
        let portions = portions(&dates, 10, |date| if date == heavy { 25 } else { 5 });
        let days: Vec<_> = portions.iter().map(BTreeSet::len).collect();
        assert_eq!(days, [2, 1, 2]);
        assert_eq!(portions.into_iter().flatten().collect::<BTreeSet<_>>(), dates);
    }

    #[test]
    fn a_wrong_date_says_how_to_write_one() {
        let error = "01/02/2011".parse::<PartitionDate>().expect_err("not a date");
        insta::assert_snapshot!(error, @"'01/02/2011' is not a date: write it as YYYY-MM-DD");
    }
}
