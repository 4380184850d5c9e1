use std::{
    fmt,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use tower_service::Service;

use super::{ResponseFuture, admission::Rules};
use crate::{
    gate::{Admission, Gate, Gated, Learned},
    observe,
    rejection::{self, Rejection, ResponseBody, grpc},
};

/// The service that [`SameOrigin`](super::SameOrigin) makes.
#[derive(Clone)]
pub struct SameOriginService<S> {
    inner: S,
    rules: Rules,
}

impl<S> SameOriginService<S> {
    pub(super) fn new(inner: S, rules: Rules) -> Self {
        Self { inner, rules }
    }
}

impl<S, B, ResBody> Service<Request<B>> for SameOriginService<S>
where
    S: Service<Request<B>, Response = Response<ResBody>> + Clone,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let is_admitted = self
            .rules
            .admit(request.method(), request.uri(), request.headers());
        let (gate, admission) = if is_admitted {
            (SiteGate::default(), Admission::Admitted)
        } else {
            let rejection = Rejection::cross_site();
            observe::denied(rejection.code());
            let grpc_call = grpc::content_type(&request);
            (SiteGate { grpc_call }, Admission::Refused(rejection))
        };
        Gated::new(gate, admission, &mut self.inner, request).into()
    }
}

/// Refuses in the default form; a layer further out may give it another.
#[derive(Default)]
pub(super) struct SiteGate {
    /// The content type of a gRPC call that is refused.
    grpc_call: Option<HeaderValue>,
}

impl Gate for SiteGate {
    /// Everything is known from the start.
    fn admit<B>(&self, _: &mut Request<B>, _: Learned) -> Admission {
        Admission::Refused(Rejection::misconfigured())
    }

    fn refuse(&self, rejection: Rejection) -> Response<Bytes> {
        match &self.grpc_call {
            Some(content_type) => grpc::respond(rejection, content_type.clone()),
            None => rejection::render(rejection),
        }
    }

    fn finish<B>(&self, response: Response<B>) -> Response<ResponseBody<B>> {
        response.map(ResponseBody::inner)
    }
}

impl<S: fmt::Debug> fmt::Debug for SameOriginService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SameOriginService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
