//! How many requests wait for the auth server at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most requests that wait for a place: some of them outlive their clients, and each holds a body of up to 64 KiB.
const MOST_WAITING: usize = 1024;

/// Slow clients cannot have them all: a quarter is for bodies that are still being sent.
#[derive(Debug)]
pub(super) struct Places {
    common: Arc<Semaphore>,
    for_uploads: Arc<Semaphore>,
    line: Semaphore,
}

/// How a request's body goes on its way.
#[derive(Debug)]
pub(super) enum Upload {
    Short,
    AsItComes,
    /// Long, and read before: its turn came before that.
    Read(Turn),
}

/// The right to send, or to hold, a long body; given back when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: OwnedSemaphorePermit,
}

/// The place of one request, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    _place: OwnedSemaphorePermit,
    _for_upload: Option<Turn>,
}

impl Places {
    /// At least one of each.
    pub(super) fn new(places: usize) -> Self {
        let places = places.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            common: Arc::new(Semaphore::new(places)),
            for_uploads: Arc::new(Semaphore::new((places / 4).max(1))),
            line: Semaphore::new(MOST_WAITING),
        }
    }

    /// Waits for a place, first come, first served. `None` at once where too many wait.
    ///
    /// # Cancel safety
    ///
    /// Whoever stops waiting leaves the queue, and gives back what it held.
    pub(super) async fn enter(&self, upload: Upload) -> Option<Place> {
        let _in_line = self.line.try_acquire().ok()?;
        let for_upload = match upload {
            Upload::Short => None,
            Upload::AsItComes => Some(self.turn().await?),
            Upload::Read(turn) => Some(turn),
        };
        let place = Arc::clone(&self.common).acquire_owned().await.ok()?;
        Some(Place {
            _place: place,
            _for_upload: for_upload,
        })
    }

    /// Waits for the turn of a long body, as [`enter`](Self::enter) waits for a place.
    pub(super) async fn turn(&self) -> Option<Turn> {
        let permit = Arc::clone(&self.for_uploads).acquire_owned().await.ok()?;
        Some(Turn { _permit: permit })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, poll};

    use super::*;

    #[tokio::test]
    async fn the_line_has_an_end_and_moves_on() {
        let places = Places::new(1);
        let first = places.enter(Upload::Short).await.unwrap();
        let mut line = Vec::new();
        for number in 0..MOST_WAITING {
            let upload = match number % 2 {
                0 => Upload::Short,
                _ => Upload::AsItComes,
            };
            let mut waiting = Box::pin(places.enter(upload));
            assert!(poll!(&mut waiting).is_pending());
            line.push(waiting);
        }
        let late = places.enter(Upload::Short).now_or_never();
        assert!(late.unwrap().is_none());
        drop(first);
        let second = line.remove(0).await;
        assert!(second.is_some());
        let mut waiting = Box::pin(places.enter(Upload::Short));
        assert!(poll!(&mut waiting).is_pending());
    }
}
