use std::{
    cell::RefCell,
    fmt, mem,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use tower_service::Service;

use super::{
    Access, Denied, ResponseFuture,
    expression::{Decision, Expression},
    held::Held,
};
use crate::{
    cookie::SetCookies,
    credential::Inquiry,
    gate::{Admission, Gate, Gated, Learned},
    observe,
    question::Replied,
    rejection::{self, Rejection, ResponseBody, grpc},
    types::AuthSession,
    verdict::{Ask, BoxFuture, Checkpoint, Verdict},
};

/// The service that [`Require`](super::Require) makes.
#[derive(Clone)]
pub struct RequireService<S> {
    inner: S,
    expression: Expression,
}

impl<S> RequireService<S> {
    pub(super) fn new(inner: S, expression: Expression) -> Self {
        Self { inner, expression }
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
        let mut gate = RequireGate::new(self.expression.clone());
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
                gate.uncovered_call = grpc::content_type(&request);
                Admission::Refused(Rejection::misconfigured())
            }
            Some(Ok(verdict)) => gate.admit(&mut request, Learned::Verdict(verdict.into())),
            Some(Err(open)) => Admission::Ask(Box::pin(async move {
                Learned::Verdict(open.verdict().await.into())
            })),
        };
        Gated::new(gate, admission, &mut self.inner, request).into()
    }
}

pub(super) struct RequireGate {
    expression: Expression,
    /// The content type of a gRPC call that no `SessionAuth` covers, so that nobody else will answer it in its form.
    uncovered_call: Option<HeaderValue>,
    /// What the browser has to be told of the replies.
    set_cookies: RefCell<Vec<SetCookies>>,
}

impl RequireGate {
    fn new(expression: Expression) -> Self {
        Self {
            expression,
            uncovered_call: None,
            set_cookies: RefCell::default(),
        }
    }

    /// The oldest come first, each in front of what is there.
    fn pass_on_cookies(&self, headers: &mut HeaderMap) {
        for set_cookies in self.set_cookies.take().iter().rev() {
            set_cookies.pass_on(headers);
        }
    }
}

impl Gate for RequireGate {
    fn admit<B>(&self, request: &mut Request<B>, mut learned: Learned) -> Admission {
        if let Learned::Reply(_, replied) = &mut learned {
            let set_cookies = mem::take(&mut replied.set_cookies);
            self.set_cookies.borrow_mut().push(set_cookies);
        }
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
        let mut response = match &self.uncovered_call {
            Some(content_type) => grpc::respond(rejection, content_type.clone()),
            None => rejection::render(rejection),
        };
        self.pass_on_cookies(response.headers_mut());
        response
    }

    fn finish<B>(&self, mut response: Response<B>) -> Response<ResponseBody<B>> {
        self.pass_on_cookies(response.headers_mut());
        response.map(ResponseBody::inner)
    }
}

/// Writes down what was found out, for this guard and for all that comes after it.
fn learn<B>(request: &mut Request<B>, learned: Learned) -> Result<Arc<AuthSession>, Rejection> {
    let verdict = match learned {
        Learned::Verdict(heard) => return Rejection::unless_active(heard.verdict),
        Learned::Live(verdict) => {
            let checkpoint = checkpoint(request)?;
            *checkpoint = checkpoint.renewed(verdict.clone());
            verdict
        }
        Learned::Reply(question, Replied { reply, .. }) => {
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
            note_denied(&denied, request);
            Admission::Refused(denied.into())
        }
        Decision::AskNow => ask(request, |asker, inquiry| {
            Box::pin(async move { Learned::Live(asker.ask_now(&inquiry).await) })
        }),
        Decision::AskAbout(question) => ask(request, |asker, inquiry| {
            Box::pin(async move {
                let replied = asker.ask_about(&inquiry, &question).await;
                Learned::Reply(question, replied)
            })
        }),
    }
}

fn note_denied<B>(denied: &Denied, request: &Request<B>) {
    let (headers, extensions) = (request.headers(), request.extensions());
    if let Some(checkpoint) = extensions.get::<Checkpoint>() {
        let session = match checkpoint.known() {
            Some(Verdict::Active(session)) => Some(session),
            _ => None,
        };
        let asker = checkpoint.asker();
        asker.note_denied(headers, extensions, session.as_deref(), denied.code());
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
