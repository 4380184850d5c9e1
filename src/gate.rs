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
    question::{Question, Replied},
    rejection::{Rejection, ResponseBody},
    verdict::{BoxFuture, Heard, Verdict},
};

/// What distinguishes one layer from another.
pub(crate) trait Gate {
    /// Lets the request through or not, or wants to know more, now that this is known.
    fn admit<B>(&self, request: &mut Request<B>, learned: Learned) -> Admission;

    fn refuse(&self, rejection: Rejection) -> Response<Bytes>;

    /// The last look at what the inner service answered.
    fn finish<B>(&self, response: Response<B>) -> Response<ResponseBody<B>>;
}

/// The inner service that was polled ready, for a call that comes later or not at all; a fresh clone stays.
///
/// See [`Service`, "Be careful when cloning inner services"](Service#be-careful-when-cloning-inner-services).
fn take_ready<S: Clone>(inner: &mut S) -> S {
    let clone = inner.clone();
    mem::replace(inner, clone)
}

/// What a gate decided.
pub(crate) enum Admission {
    Admitted,
    Refused(Rejection),
    Ask(BoxFuture<'static, Learned>),
}

/// What was found out.
pub(crate) enum Learned {
    Verdict(Heard),
    /// A verdict that was asked for past every cache.
    Live(Verdict),
    Reply(Question, Replied),
}

impl From<Result<(), Rejection>> for Admission {
    fn from(result: Result<(), Rejection>) -> Self {
        match result {
            Ok(()) => Self::Admitted,
            Err(rejection) => Self::Refused(rejection),
        }
    }
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
    answer: BoxFuture<'static, Learned>,
    service: S,
    request: Option<Request<B>>,
}

impl<S, B, G> Gated<S, B, G>
where
    S: Service<Request<B>>,
    G: Gate,
{
    /// Follows the gate's decision; `inner` was polled ready.
    pub(crate) fn new(gate: G, admission: Admission, inner: &mut S, request: Request<B>) -> Self
    where
        S: Clone,
    {
        let state = match admission {
            Admission::Admitted => State::Serving {
                future: inner.call(request),
            },
            Admission::Refused(rejection) => {
                // What `poll_ready` reserved is given back, and not held until the next request.
                drop(take_ready(inner));
                State::Refused {
                    rejection: Some(rejection),
                }
            }
            Admission::Ask(answer) => State::Asking {
                asking: Box::new(Asking {
                    answer,
                    service: take_ready(inner),
                    request: Some(request),
                }),
            },
        };
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
                    let learned = ready!(asking.answer.as_mut().poll(cx));
                    let mut request = asking.request.take().expect("polled after completion");
                    match this.gate.admit(&mut request, learned) {
                        Admission::Admitted => State::Serving {
                            future: asking.service.call(request),
                        },
                        Admission::Refused(rejection) => State::Refused {
                            rejection: Some(rejection),
                        },
                        Admission::Ask(answer) => {
                            asking.answer = answer;
                            asking.request = Some(request);
                            continue;
                        }
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

/// The named future of a layer with such a gate, which is public while the gate is not.
macro_rules! response_future {
    ($(#[$doc:meta])* $gate:ty) => {
        pin_project_lite::pin_project! {
            $(#[$doc])*
            pub struct ResponseFuture<S, B>
            where
                S: ::tower_service::Service<::http::Request<B>>,
            {
                #[pin]
                gated: $crate::gate::Gated<S, B, $gate>,
            }
        }

        impl<S: ::tower_service::Service<::http::Request<B>>, B> From<$crate::gate::Gated<S, B, $gate>> for ResponseFuture<S, B> {
            fn from(gated: $crate::gate::Gated<S, B, $gate>) -> Self {
                Self { gated }
            }
        }

        impl<S, B, ResBody> ::std::future::Future for ResponseFuture<S, B>
        where
            S: ::tower_service::Service<::http::Request<B>, Response = ::http::Response<ResBody>>,
        {
            type Output = Result<::http::Response<$crate::rejection::ResponseBody<ResBody>>, S::Error>;

            fn poll(self: ::std::pin::Pin<&mut Self>, cx: &mut ::std::task::Context<'_>) -> ::std::task::Poll<Self::Output> {
                self.project().gated.poll(cx)
            }
        }

        impl<S: ::tower_service::Service<::http::Request<B>>, B> ::std::fmt::Debug for ResponseFuture<S, B> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct("ResponseFuture").finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use response_future;
