use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use tower_service::Service;

use super::{
    Access, ResponseFuture,
    expression::{Decision, Expression},
    held::Held,
};
use crate::{
    credential::Inquiry,
    gate::{Admission, Gate, Gated, Learned},
    observe,
    rejection::{self, Rejection, ResponseBody, grpc},
    types::AuthSession,
    verdict::{Ask, BoxFuture, Checkpoint},
};

/// The service that [`Require`](super::Require) makes.
#[derive(Clone)]
pub struct RequireService<S> {
    inner: S,
    gate: RequireGate,
}

impl<S> RequireService<S> {
    pub(super) fn new(inner: S, expression: Expression) -> Self {
        let gate = RequireGate {
            expression,
            uncovered_call: None,
        };
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
        let mut gate = self.gate.clone();
        let known = request
            .extensions()
            .get::<Checkpoint>()
            .map(Checkpoint::known_or_open);
        let admission = match known {
            None => {
                observe::misconfigured(
                    "`Require` guards a route that no `SessionAuth` covers: add `.layer(SessionAuth::new(auth))` to \
                     the router, after its routes and guards",
                );
                gate.uncovered_call = grpc::content_type(request.headers());
                Admission::Refused(Rejection::misconfigured())
            }
            Some(Ok(verdict)) => gate.admit(&mut request, Learned::Verdict(verdict)),
            Some(Err(open)) => {
                Admission::Ask(Box::pin(
                    async move { Learned::Verdict(open.verdict().await) },
                ))
            }
        };
        Gated::new(gate, admission, &mut self.inner, request).into()
    }
}

#[derive(Clone)]
pub(super) struct RequireGate {
    expression: Expression,
    /// The content type of a gRPC call that no `SessionAuth` covers, so that nobody else will answer it in its form.
    uncovered_call: Option<HeaderValue>,
}

impl Gate for RequireGate {
    fn admit<B>(&self, request: &mut Request<B>, learned: Learned) -> Admission {
        let session = match learn(request, learned) {
            Ok(session) => session,
            Err(rejection) => return Admission::Refused(rejection),
        };
        let held = Held::take_from(request);
        let decision = self
            .expression
            .decide(&Access::new(&session, request, &held));
        held.give_back_to(request);
        act(decision, request)
    }

    fn refuse(&self, rejection: Rejection) -> Response<Bytes> {
        match &self.uncovered_call {
            Some(content_type) => grpc::respond(rejection, content_type.clone()),
            None => rejection::render(rejection),
        }
    }

    fn finish<B>(&self, response: Response<B>) -> Response<ResponseBody<B>> {
        response.map(ResponseBody::inner)
    }
}

/// Writes down what was found out, for this guard and for all that comes after it.
fn learn<B>(request: &mut Request<B>, learned: Learned) -> Result<Arc<AuthSession>, Rejection> {
    let verdict = match learned {
        Learned::Verdict(verdict) => return Rejection::unless_active(verdict),
        Learned::Live(verdict) => {
            let checkpoint = checkpoint(request)?;
            *checkpoint = checkpoint.renewed(verdict.clone());
            verdict
        }
        Learned::Reply(question, reply) => {
            Rejection::unless_replied(&reply)?;
            let checkpoint = checkpoint(request)?;
            checkpoint.remember(question, reply);
            checkpoint.known().ok_or_else(Rejection::misconfigured)?
        }
    };
    Rejection::unless_active(verdict)
}

/// There is one, or nothing would have been learned.
fn checkpoint<B>(request: &mut Request<B>) -> Result<&mut Checkpoint, Rejection> {
    request
        .extensions_mut()
        .get_mut()
        .ok_or_else(Rejection::misconfigured)
}

fn act<B>(decision: Decision, request: &mut Request<B>) -> Admission {
    match decision {
        Decision::Allowed => Admission::Admitted,
        Decision::Denied(denied) => {
            observe::denied(denied.code());
            Admission::Refused(denied.into())
        }
        Decision::AskNow => ask(request, |asker, inquiry| {
            Box::pin(async move { Learned::Live(asker.ask_now(&inquiry).await) })
        }),
        Decision::AskAbout(question) => ask(request, |asker, inquiry| {
            Box::pin(async move {
                let reply = asker.ask_about(&inquiry, &question).await;
                Learned::Reply(question, reply)
            })
        }),
    }
}

/// Asks with the credential that the request has here and now.
fn ask<B>(
    request: &mut Request<B>,
    ask: impl FnOnce(Arc<dyn Ask>, Inquiry) -> BoxFuture<'static, Learned>,
) -> Admission {
    match checkpoint(request).map(|checkpoint| checkpoint.asker()) {
        Err(rejection) => Admission::Refused(rejection),
        Ok(asker) => {
            let inquiry = asker.inquire(request.headers(), request.extensions());
            Admission::Ask(ask(asker, inquiry))
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for RequireService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
