//! How many requests wait for the auth server at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most requests that wait for a place, and the most that wait for the turn of a long body.
///
/// Some of them outlive their clients, and each holds an address, headers and a body, of up to 64 KiB each.
const MOST_WAITING: usize = 1024;

/// Slow clients cannot have them all: a quarter is for bodies that are still being sent.
#[derive(Debug)]
pub(super) struct Places {
    common: Arc<Semaphore>,
    for_uploads: Arc<Semaphore>,
    line: Arc<Semaphore>,
    /// A line of their own, so that slow clients do not fill that of the others.
    line_of_uploads: Arc<Semaphore>,
}

/// Where a request waits. Left when dropped.
#[derive(Debug)]
pub(super) enum Waiting {
    /// For a place: its body is there.
    ForPlace(OwnedSemaphorePermit),
    /// For its turn, and then for a place: its body goes on as it comes.
    ForTurn(OwnedSemaphorePermit),
    /// For a place, and it has had to wait for its turn before, because its body was read. There are no more of them than turns.
    InTurn(Turn),
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
        let line = |length| Arc::new(Semaphore::new(length));
        Self {
            common: line(places),
            for_uploads: line((places / 4).max(1)),
            line: line(MOST_WAITING),
            line_of_uploads: line(MOST_WAITING),
        }
    }

    /// Lines up a request whose body is there. `None` where too many wait.
    pub(super) fn line_up(&self) -> Option<Waiting> {
        let permit = Arc::clone(&self.line).try_acquire_owned();
        permit.ok().map(Waiting::ForPlace)
    }

    /// Lines up a request whose body goes on as it comes. `None` where too many wait for their turn.
    pub(super) fn line_up_for_turn(&self) -> Option<Waiting> {
        let permit = Arc::clone(&self.line_of_uploads).try_acquire_owned();
        permit.ok().map(Waiting::ForTurn)
    }

    /// Waits for the turn of a long body that is to be read. `None` at once where too many wait for theirs.
    ///
    /// # Cancel safety
    ///
    /// As [`enter`](Self::enter).
    pub(super) async fn turn(&self) -> Option<Turn> {
        let _in_line = self.line_of_uploads.try_acquire().ok()?;
        self.next_turn().await
    }

    /// Waits for a place, first come, first served.
    ///
    /// # Cancel safety
    ///
    /// Whoever stops waiting leaves the queue, and gives back what it held.
    pub(super) async fn enter(&self, waiting: Waiting) -> Option<Place> {
        let (_in_line, for_upload) = match waiting {
            Waiting::ForPlace(in_line) => (Some(in_line), None),
            Waiting::ForTurn(in_line) => {
                let turn = self.next_turn().await?;
                drop(in_line);
                (None, Some(turn))
            }
            Waiting::InTurn(turn) => (None, Some(turn)),
        };
        let place = Arc::clone(&self.common).acquire_owned().await.ok()?;
        Some(Place {
            _place: place,
            _for_upload: for_upload,
        })
    }

    async fn next_turn(&self) -> Option<Turn> {
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
        let first = places.enter(places.line_up().unwrap()).await.unwrap();
        let mut line: Vec<_> = (0..MOST_WAITING)
            .map(|_| Box::pin(places.enter(places.line_up().unwrap())))
            .collect();
        for waiting in &mut line {
            assert!(poll!(waiting).is_pending());
        }
        assert!(places.line_up().is_none());
        drop(first);
        let second = line.remove(0).await;
        assert!(second.is_some());
        assert!(places.line_up().is_some());
    }

    #[tokio::test]
    async fn uploads_that_wait_for_their_turn_keep_no_other_request_from_its_place() {
        let places = Places::new(4);
        let slow = places.enter(places.line_up_for_turn().unwrap()).await;
        let mut uploads: Vec<_> = (0..MOST_WAITING)
            .map(|_| Box::pin(places.enter(places.line_up_for_turn().unwrap())))
            .collect();
        for waiting in &mut uploads {
            assert!(poll!(waiting).is_pending());
        }
        // Theirs has an end as well, whether they are read or not.
        assert!(places.line_up_for_turn().is_none());
        assert!(places.turn().now_or_never().unwrap().is_none());
        let mut others = Vec::new();
        for _ in 0..3 {
            let place = places.enter(places.line_up().unwrap()).now_or_never();
            others.push(place.unwrap().unwrap());
        }
        drop((slow, others));
    }
}
