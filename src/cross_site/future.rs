use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::service::SiteGate;
use crate::{gate::Gated, rejection::ResponseBody};

pin_project! {
    /// The future of [`SameOriginService`](super::SameOriginService).
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        gated: Gated<S, B, SiteGate>,
    }
}

impl<S: Service<Request<B>>, B> From<Gated<S, B, SiteGate>> for ResponseFuture<S, B> {
    fn from(gated: Gated<S, B, SiteGate>) -> Self {
        Self { gated }
    }
}

impl<S, B, ResBody> Future for ResponseFuture<S, B>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().gated.poll(cx)
    }
}

impl<S: Service<Request<B>>, B> fmt::Debug for ResponseFuture<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
