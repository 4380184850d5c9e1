//! What a browser asks of the auth server itself, passed on.

use http::{Request, Response, Uri};

use super::{
    Cause, Client, InvalidEndpoint, Lost, Questions, Sent, StreamBody, attempts::or_panicked,
};

impl Questions {
    /// The address below the base path. `path` begins with `/`, and is a plain one.
    pub(crate) fn below(&self, path: &str, query: Option<&str>) -> Result<Uri, InvalidEndpoint> {
        self.endpoint.below(path, query)
    }
}

impl Client {
    /// Passes on one request. Breaker, pause and retries are about questions of this crate, and have no say here.
    pub(crate) async fn forward(
        &self,
        request: Request<StreamBody>,
    ) -> Result<Response<StreamBody>, Lost> {
        let exchange = self.transport.stream(request);
        or_panicked(exchange, || Lost {
            cause: Cause::Panicked,
            sent: Sent::Maybe,
        })
        .await
    }
}
