//! How many requests wait for the auth server at once.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Slow clients cannot have them all: a quarter is for bodies that are still being sent.
#[derive(Debug)]
pub(super) struct Places {
    places: Semaphore,
    for_uploads: Semaphore,
}

/// How a request's body goes on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upload {
    Whole,
    AsItComes,
}

/// The place of one request, given back when dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    _place: SemaphorePermit<'a>,
    _for_upload: Option<SemaphorePermit<'a>>,
}

impl Places {
    /// At least one of each.
    pub(super) fn new(places: usize) -> Self {
        let places = places.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            places: Semaphore::new(places),
            for_uploads: Semaphore::new((places / 4).max(1)),
        }
    }

    /// Waits for a place, first come, first served. `None` only if there are none at all.
    ///
    /// # Cancel safety
    ///
    /// Whoever stops waiting leaves the queue, and gives back what it held.
    pub(super) async fn enter(&self, upload: Upload) -> Option<Place<'_>> {
        let for_upload = match upload {
            Upload::Whole => None,
            Upload::AsItComes => Some(self.for_uploads.acquire().await.ok()?),
        };
        Some(Place {
            _place: self.places.acquire().await.ok()?,
            _for_upload: for_upload,
        })
    }
}
