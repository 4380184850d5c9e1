//! How many requests wait for the auth server at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Slow clients cannot have them all: a quarter is for bodies that are still being sent.
#[derive(Debug)]
pub(super) struct Places {
    places: Arc<Semaphore>,
    for_uploads: Arc<Semaphore>,
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
            places: Arc::new(Semaphore::new(places)),
            for_uploads: Arc::new(Semaphore::new((places / 4).max(1))),
        }
    }

    /// Waits for a place, first come, first served. `None` only if there are none at all.
    ///
    /// # Cancel safety
    ///
    /// Whoever stops waiting leaves the queue, and gives back what it held.
    pub(super) async fn enter(&self, upload: Upload) -> Option<Place> {
        let for_upload = match upload {
            Upload::Short => None,
            Upload::AsItComes => Some(self.turn().await?),
            Upload::Read(turn) => Some(turn),
        };
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
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
