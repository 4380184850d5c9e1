use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::Full;
use tower_service::Service;

use super::{
    answer::{NoAnswer, Script},
    raw::read,
    routes::Shared,
};

/// The way to an [`AuthServer`](super::AuthServer) without a socket, for
/// [`BetterAuthBuilder::transport`](crate::BetterAuthBuilder::transport).
///
/// Answers as over a socket, and fails as there: only that a connection which is closed is an error at once. What it
/// waits for, it waits for by Tokio's clock, so that tests can pause it.
#[derive(Clone)]
pub struct InProcess {
    shared: Arc<Shared>,
}

impl InProcess {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl Service<Request<Bytes>> for InProcess {
    type Response = Response<AnswerBody>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let response = match shared.handle(request.map(Full::new)).await {
                Ok(response) => response,
                Err(NoAnswer::End(end)) => return Err(end.into()),
                Err(NoAnswer::Raw(bytes)) => read(bytes).await?,
            };
            Ok(response.map(AnswerBody))
        })
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").finish_non_exhaustive()
    }
}

/// The body of an answer of [`InProcess`].
pub struct AnswerBody(Script);

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerBody").finish_non_exhaustive()
    }
}
