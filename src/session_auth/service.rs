use std::{
    fmt,
    future::{Future, pending},
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_service::Service;

use super::{
    ResponseFuture, SessionAuth,
    gate::{Consulted, SessionGate},
    layer::Mode,
};
use crate::{
    gate::{Admission, Gate, Gated, Learned},
    question::Refresh,
    rejection::ResponseBody,
    verdict::{Ask, Checkpoint, Heard, Verdict},
};

/// The service that [`SessionAuth`] makes.
#[derive(Clone)]
pub struct SessionAuthService<S> {
    inner: S,
    auth: SessionAuth,
}

impl<S> SessionAuthService<S> {
    pub(super) fn new(inner: S, auth: SessionAuth) -> Self {
        Self { inner, auth }
    }
}

impl<S, B, ResBody> Service<Request<B>> for SessionAuthService<S>
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
        let settings = &self.auth.settings;
        let (validator, mode) = (&settings.validator, settings.mode);
        let seen = validator.watchers().count();
        let outer = request.extensions().get::<Checkpoint>();
        let outer = outer.filter(|outer| outer.is_of(validator)).cloned();
        match (outer, mode) {
            (Some(outer), Mode::Optional) => self.serve(outer, request, seen),
            (Some(outer), Mode::Required) => {
                let known = outer.known();
                let ask = async move { outer.verdict().await.into() };
                self.require(known, request, seen, ask)
            }
            (None, Mode::Optional) => {
                let known = validator.look_without_asking(request.headers(), request.extensions());
                let checkpoint = Checkpoint::lazy(settings.asker(), seen, known);
                self.serve(checkpoint, request, seen)
            }
            (None, Mode::Required) => {
                match validator.look(request.headers(), request.extensions()) {
                    Ok(verdict) => self.require(Some(verdict), request, seen, pending()),
                    Err(inquiry) => {
                        let asker = settings.asker();
                        let ask = async move { asker.ask(&inquiry, Refresh::WhenDue).await };
                        self.require(None, request, seen, ask)
                    }
                }
            }
        }
    }
}

impl<S: Clone> SessionAuthService<S> {
    /// Lets the request through, with the means to ask.
    fn serve<B>(
        &mut self,
        checkpoint: Checkpoint,
        mut request: Request<B>,
        seen: u64,
    ) -> ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        let consulted = Consulted::OnDemand(checkpoint.question());
        let gate = SessionGate::new(&self.auth.settings, &request, consulted, seen);
        request.extensions_mut().insert(checkpoint);
        Gated::new(gate, Admission::Admitted, &mut self.inner, request).into()
    }

    /// Lets the request through once the verdict is there, if it is active.
    fn require<B>(
        &mut self,
        known: Option<Verdict>,
        mut request: Request<B>,
        seen: u64,
        ask: impl Future<Output = Heard> + Send + 'static,
    ) -> ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        let gate = SessionGate::new(&self.auth.settings, &request, Consulted::Always, seen);
        let admission = match known {
            Some(verdict) => gate.admit(&mut request, Learned::Verdict(verdict.into())),
            None => Admission::Ask(Box::pin(async move { Learned::Verdict(ask.await) })),
        };
        Gated::new(gate, admission, &mut self.inner, request).into()
    }
}

impl<S: fmt::Debug> fmt::Debug for SessionAuthService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionAuthService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
