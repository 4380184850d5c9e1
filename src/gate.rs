//! The future that the two layers share: wait for the verdict if need be, admit or refuse, call, finish.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{
    rejection::{Rejection, ResponseBody},
    verdict::{BoxFuture, Verdict},
};

/// What distinguishes one layer from another.
pub(crate) trait Gate {
    /// Lets the request through, or says why not.
    fn admit<B>(&self, request: &mut Request<B>, verdict: Verdict) -> Result<(), Rejection>;

    fn refuse(&self, rejection: Rejection) -> Response<Bytes>;

    /// The last look at what the inner service answered.
    fn finish<B>(&self, response: Response<B>) -> Response<ResponseBody<B>>;
}

/// The inner service that was polled ready, for a call that comes later or not at all; a fresh clone stays.
///
/// See [`Service`, "Be careful when cloning inner services"](Service#be-careful-when-cloning-inner-services).
pub(crate) fn take_ready<S: Clone>(inner: &mut S) -> S {
    let clone = inner.clone();
    mem::replace(inner, clone)
}

pin_project! {
    pub(crate) struct Gated<S, B, G>
    where
        S: Service<Request<B>>,
    {
        gate: G,
        #[pin]
        state: State<S, B, S::Future>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, B, F> {
        // Boxed with all that waits for it, because a request seldom takes this path.
        Asking { asking: Box<Asking<S, B>> },
        Serving { #[pin] future: F },
        Refused { rejection: Option<Rejection> },
    }
}

struct Asking<S, B> {
    verdict: BoxFuture<'static, Verdict>,
    service: S,
    request: Option<Request<B>>,
}

impl<S, B, G> Gated<S, B, G>
where
    S: Service<Request<B>>,
    G: Gate,
{
    /// `service` is the one that was polled ready.
    pub(crate) fn asking(
        gate: G,
        verdict: BoxFuture<'static, Verdict>,
        service: S,
        request: Request<B>,
    ) -> Self {
        let asking = Box::new(Asking {
            verdict,
            service,
            request: Some(request),
        });
        let state = State::Asking { asking };
        Self { gate, state }
    }

    pub(crate) fn serving(gate: G, future: S::Future) -> Self {
        let state = State::Serving { future };
        Self { gate, state }
    }

    pub(crate) fn refused(gate: G, rejection: Rejection) -> Self {
        let rejection = Some(rejection);
        let state = State::Refused { rejection };
        Self { gate, state }
    }
}

impl<S, B, ResBody, G> Future for Gated<S, B, G>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
    G: Gate,
{
    type Output = Result<Response<ResponseBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProj::Asking { asking } => {
                    let verdict = ready!(asking.verdict.as_mut().poll(cx));
                    let mut request = asking.request.take().expect("polled after completion");
                    match this.gate.admit(&mut request, verdict) {
                        Ok(()) => State::Serving {
                            future: asking.service.call(request),
                        },
                        Err(rejection) => State::Refused {
                            rejection: Some(rejection),
                        },
                    }
                }
                StateProj::Serving { future } => {
                    let response = ready!(future.poll(cx))?;
                    return Poll::Ready(Ok(this.gate.finish(response)));
                }
                StateProj::Refused { rejection } => {
                    let rejection = rejection.take().expect("polled after completion");
                    let response = this.gate.refuse(rejection);
                    return Poll::Ready(Ok(response.map(ResponseBody::refusal)));
                }
            };
            this.state.set(next);
        }
    }
}
