use std::{
    fmt,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

#[cfg(feature = "axum")]
use super::path_params::PathParams;
use super::{Access, Denied, ResponseFuture, expression::Expression};
use crate::{
    gate::{Gate, Gated, take_ready},
    observe,
    rejection::{self, Rejection, ResponseBody},
    types::AuthSession,
    verdict::{Checkpoint, Verdict},
};

/// The service that [`Require`](super::Require) makes.
#[derive(Clone)]
pub struct RequireService<S> {
    inner: S,
    gate: RequireGate,
}

impl<S> RequireService<S> {
    pub(super) fn new(inner: S, expression: Expression) -> Self {
        let gate = RequireGate { expression };
        Self { inner, gate }
    }
}

impl<S, B, ResBody> Service<Request<B>> for RequireService<S>
where
    S: Service<Request<B>, Response = Response<ResBody>> + Clone,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let gate = self.gate.clone();
        let Some(checkpoint) = request.extensions().get::<Checkpoint>() else {
            observe::misconfigured(
                "`Require` guards a route that no `SessionAuth` covers: add `.layer(SessionAuth::new(auth))` to the \
                 router, after its routes and guards",
            );
            drop(take_ready(&mut self.inner));
            return Gated::refused(gate, Rejection::misconfigured()).into();
        };
        let Some(verdict) = checkpoint.known() else {
            let checkpoint = checkpoint.clone();
            let verdict = Box::pin(async move { checkpoint.verdict().await });
            return Gated::asking(gate, verdict, take_ready(&mut self.inner), request).into();
        };
        match gate.admit(&mut request, verdict) {
            Ok(()) => Gated::serving(gate, self.inner.call(request)).into(),
            Err(rejection) => {
                drop(take_ready(&mut self.inner));
                Gated::refused(gate, rejection).into()
            }
        }
    }
}

#[derive(Clone)]
pub(super) struct RequireGate {
    expression: Expression,
}

impl Gate for RequireGate {
    fn admit<B>(&self, request: &mut Request<B>, verdict: Verdict) -> Result<(), Rejection> {
        let session = Rejection::unless_active(verdict)?;
        check(&self.expression, &session, request).map_err(|denied| {
            observe::denied(denied.code());
            denied.into()
        })
    }

    fn refuse(&self, rejection: Rejection) -> Response<Bytes> {
        rejection::render(rejection)
    }

    fn finish<B>(&self, response: Response<B>) -> Response<ResponseBody<B>> {
        response.map(ResponseBody::inner)
    }
}

#[cfg(feature = "axum")]
fn check<B>(
    expression: &Expression,
    session: &AuthSession,
    request: &mut Request<B>,
) -> Result<(), Denied> {
    let params = PathParams::take_from(request);
    let checked = expression.check(&Access::new(session, request, &params));
    params.give_back_to(request);
    checked
}

#[cfg(not(feature = "axum"))]
fn check<B>(
    expression: &Expression,
    session: &AuthSession,
    request: &mut Request<B>,
) -> Result<(), Denied> {
    expression.check(&Access::new(session, request))
}

impl<S: fmt::Debug> fmt::Debug for RequireService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
