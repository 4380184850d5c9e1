use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::Lease;

pin_project! {
    /// A stream that ends when a lease does; see [`Lease::guard`].
    #[must_use = "streams do nothing unless polled"]
    pub struct Guarded<S> {
        lease: Lease,
        // Let go of when the lease is over.
        #[pin]
        stream: Option<S>,
    }
}

impl<S> Guarded<S> {
    pub(super) fn new(lease: Lease, stream: S) -> Self {
        let stream = Some(stream);
        Self { lease, stream }
    }
}

impl<S: Stream> Stream for Guarded<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        if this.lease.poll_ended(cx).is_ready() {
            this.stream.set(None);
        }
        match this.stream.as_pin_mut() {
            Some(stream) => stream.poll_next(cx),
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // It may end before the stream does.
        let most = self.stream.as_ref().map(Stream::size_hint);
        (0, most.map_or(Some(0), |(_, most)| most))
    }
}

impl<S> fmt::Debug for Guarded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").finish_non_exhaustive()
    }
}
