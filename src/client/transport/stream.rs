//! Bodies that pass as they come.

use std::{
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;

use super::{BoxError, Cause};

pub(crate) type StreamBody = UnsyncBoxBody<Bytes, BoxError>;

/// There is no answer.
#[derive(Debug)]
pub(crate) struct Lost {
    pub(crate) cause: Cause,
    pub(crate) sent: Sent,
}

/// Whether the server may have done what it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    No,
    Maybe,
}

/// A body for who wants it to be `Sync` and reads it from one place only: the lock is never taken.
#[cfg_attr(not(feature = "reqwest"), allow(dead_code))]
pub(super) struct Alone(Mutex<StreamBody>);

#[cfg_attr(not(feature = "reqwest"), allow(dead_code))]
impl Alone {
    pub(super) fn new(body: StreamBody) -> Self {
        Self(Mutex::new(body))
    }

    fn look<T>(&self, look: impl FnOnce(&StreamBody) -> T) -> T {
        look(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Body for Alone {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let body = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        Pin::new(body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.look(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.look(Body::size_hint)
    }
}
