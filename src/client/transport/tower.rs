//! Any tower service as the way to the auth server.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::ServiceExt;
use tower_service::Service;

use super::{BoxError, Cause, Stage, Transport, collect::collect};
use crate::verdict::BoxFuture;

/// Cloned for every call, as tower services are. The lock, held for the clone, spares users a `Sync` bound.
pub(crate) struct TowerTransport<S> {
    service: Mutex<S>,
}

impl<S> TowerTransport<S> {
    pub(crate) fn new(service: S) -> Self {
        let service = Mutex::new(service);
        Self { service }
    }
}

impl<S, B> Transport for TowerTransport<S>
where
    S: Service<Request<Bytes>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body + Send,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    fn exchange(
        &self,
        request: Request<Bytes>,
        max_body: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, Cause>> {
        let service = self
            .service
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Box::pin(async move {
            let response = service
                .oneshot(request)
                .await
                .map_err(|error| Cause::Transport(Stage::BeforeAnswer, error.into()))?;
            collect(response, max_body).await
        })
    }
}
