//! Any tower service as the way to the auth server.

use std::sync::{Mutex, PoisonError};

#[cfg(feature = "proxy")]
use bytes::Buf;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
#[cfg(feature = "proxy")]
use http_body_util::BodyExt;
use tower::ServiceExt;
use tower_service::Service;

use super::{BoxError, Cause, Transport, collect::collect};
#[cfg(feature = "proxy")]
use super::{Lost, Sent, StreamBody};
#[cfg(feature = "proxy")]
use crate::client::unreached::Unreached;
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

impl<S: Clone> TowerTransport<S> {
    fn service(&self) -> S {
        let service = self.service.lock();
        service.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<S, B> Transport for TowerTransport<S>
where
    S: Service<Request<Bytes>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    fn exchange(
        &self,
        request: Request<Bytes>,
        max_body: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, Cause>> {
        let service = self.service();
        Box::pin(async move {
            let response = service
                .oneshot(request)
                .await
                .map_err(|error| Cause::of_transport(error.into()))?;
            collect(response, max_body).await
        })
    }

    /// The body of the request is read first, because these services take it in one piece; whoever calls bounds it.
    #[cfg(feature = "proxy")]
    fn stream(
        &self,
        request: Request<StreamBody>,
    ) -> BoxFuture<'_, Result<Response<StreamBody>, Lost>> {
        let service = self.service();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body
                .collect()
                .await
                .map_err(|error| lost(error, Sent::No))?;
            let request = Request::from_parts(head, body.to_bytes());
            let response = service.oneshot(request).await.map_err(|error| {
                let error = error.into();
                let sent = sent(&error);
                lost(error, sent)
            })?;
            Ok(response.map(|body| {
                let body = body.map_frame(|frame| {
                    frame.map_data(|mut data| data.copy_to_bytes(data.remaining()))
                });
                body.map_err(Into::into).boxed_unsync()
            }))
        })
    }
}

#[cfg(feature = "proxy")]
fn lost(error: BoxError, sent: Sent) -> Lost {
    let cause = Cause::of_transport(error);
    Lost { cause, sent }
}

/// Nothing is sent where nobody was reached.
#[cfg(feature = "proxy")]
fn sent(error: &BoxError) -> Sent {
    match Unreached::of(&**error) {
        Unreached::Refused | Unreached::Name | Unreached::Tls => Sent::No,
        Unreached::Broken => Sent::Maybe,
    }
}
