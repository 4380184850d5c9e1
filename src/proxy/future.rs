use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use axum_core::body::Body;
use http::Response;

use crate::verdict::BoxFuture;

/// The future of [`Proxy`](super::Proxy).
pub struct ResponseFuture {
    response: BoxFuture<'static, Response<Body>>,
}

impl ResponseFuture {
    pub(super) fn of(response: impl Future<Output = Response<Body>> + Send + 'static) -> Self {
        let response = Box::pin(response);
        Self { response }
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.response.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
