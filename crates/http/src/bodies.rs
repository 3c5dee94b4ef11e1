//! Bodies that are read whole, and how much of the memory they may take together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes, HttpBody};
use futures::StreamExt;

use crate::problem::Problem;

/// The bodies in memory.
pub(crate) struct Bodies {
    bytes: AtomicUsize,
    most: usize,
}

/// The bytes of a body, which count until this is dropped. Only what has arrived counts, so that many slow clients
/// keep nobody out.
pub(crate) struct Held {
    bodies: Arc<Bodies>,
    bytes: usize,
}

impl Bodies {
    /// At most `most` bytes of bodies.
    pub(crate) fn of(most: usize) -> Self {
        Self { bytes: AtomicUsize::new(0), most }
    }

    /// Reads a body of at most `most` bytes. One that says beforehand that it is larger is not read at all.
    pub(crate) async fn read(self: &Arc<Self>, body: Body, most: usize) -> Result<(Bytes, Held), Problem> {
        let too_large = || Problem::too_large(format!("a body has at most {most} bytes"));
        if body.size_hint().lower() > most as u64 {
            return Err(too_large());
        }
        let mut held = Held { bodies: Arc::clone(self), bytes: 0 };
        let mut chunks = body.into_data_stream();
        // nearly every body comes in one piece, which is used as it is
        let (mut first, mut whole) = (Bytes::new(), Vec::new());
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| {
                Problem::malformed(format!("the body did not arrive as it should: {error}"))
            })?;
            if held.bytes + chunk.len() > most {
                return Err(too_large());
            }
            held.grow(chunk.len())?;
            if first.is_empty() {
                first = chunk;
                continue;
            }
            if whole.is_empty() {
                whole.extend_from_slice(&first);
            }
            whole.extend_from_slice(&chunk);
        }
        Ok((if whole.is_empty() { first } else { whole.into() }, held))
    }
}

impl Held {
    fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        self.bytes += bytes;
        let together = self.bodies.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if together > self.bodies.most {
            return Err(Problem::unavailable("too many large requests are under way"));
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.bodies.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_counts_until_it_is_dropped() {
        let bodies = Arc::new(Bodies::of(10));
        let body = || Body::from("123456");
        let (bytes, first) = bodies.read(body(), 8).await.unwrap();
        assert_eq!(bytes, "123456");
        assert!(bodies.read(body(), 8).await.is_err(), "there is no room for two");
        drop(first);
        assert!(bodies.read(body(), 8).await.is_ok());
        assert_eq!(bodies.bytes.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn pieces_are_put_together() {
        let bodies = Arc::new(Bodies::of(10));
        let pieces = || {
            let pieces = ["12", "", "34", "5"].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
            Body::from_stream(futures::stream::iter(pieces))
        };
        assert_eq!(bodies.read(pieces(), 5).await.unwrap().0, "12345");
        assert!(bodies.read(pieces(), 4).await.is_err());
        let broken = futures::stream::iter([Ok(Bytes::from("1")), Err(std::io::Error::other("cut"))]);
        assert!(bodies.read(Body::from_stream(broken), 5).await.is_err());
        assert_eq!(bodies.bytes.load(Ordering::Relaxed), 0);
    }
}
