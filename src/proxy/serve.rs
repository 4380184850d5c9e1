//! One request on its way: taken in, passed on, and its answer handed back.

use std::{
    mem,
    sync::{Arc, OnceLock},
};

use axum_core::{body::Body, response::IntoResponse};
use bytes::Bytes;
use http::{Request, Response, Uri, request::Parts};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use tokio::time::{Instant, timeout_at};

use super::{
    Proxy,
    body::{Fault, Watched},
    evict::Change,
    headers::{self, Introduction},
    pass::{Passing, Unanswered},
    places::{Turn, Waiting},
    refusal::Refusal,
    shown,
    target::{Target, check_method},
};
use crate::{
    client::{Asked, Cause, Lost, Sent, StreamBody, Unreached},
    cookie,
};

/// Up to here a body is read before it takes a place: 64 KiB. Those of Better Auth's own endpoints are shorter.
const WHOLE: u64 = 64 * 1024;

/// A body as it goes on.
struct Taken {
    body: StreamBody,
    /// All of it, where it is needed to tell whom the request is about.
    read: Bytes,
    waiting: Waiting,
    fault: Arc<OnceLock<Refusal>>,
}

impl Proxy {
    pub(super) async fn serve(self, request: Request<StreamBody>) -> Response<Body> {
        match self.answer(request).await {
            Ok(response) => response,
            Err(refusal) => refusal.into_response(),
        }
    }

    async fn answer(&self, request: Request<StreamBody>) -> Result<Response<Body>, Refusal> {
        let end = Instant::now() + self.settings.deadline;
        let (mut head, body) = request.into_parts();
        let validator = self.auth.validator();
        let questions = validator.client().questions();
        check_method(&head.method, &head.headers)?;
        headers::check_size(&head.headers)?;
        let target = Target::find(&head.uri, original_uri(&head), questions.base_path())?;
        let uri = questions.below(target.path, target.query);
        let uri = uri.map_err(|_| Refusal::NotFound)?;
        let change = Change::of(&head.method, &target.decoded());
        let taken = self.take(body, change, end).await?;
        let further = &self.settings.further_cookies;
        let names = &validator.policy.cookies;
        let cookies = cookie::family(&head.headers, names, further);
        let introduction = Introduction {
            cookie: cookies.header,
            client_ip: validator.address(&head.headers, &head.extensions),
            public: self.settings.public.as_ref(),
        };
        let mut request = Request::new(taken.body);
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers::there(&head.headers, introduction);
        let (shown, sent) = (&mut head.headers, request.headers());
        let change = shown::leave_what_counts(shown, sent, change, names, &taken.read);
        let passing = Passing {
            request,
            waiting: taken.waiting,
            end,
            change,
            read: taken.read,
            has_other_accounts: shown::has_other_accounts(&head.headers, cookies.accounts),
        };
        match self.pass(passing, head).await {
            Ok(response) => Ok(self.hand_back(response)),
            Err(Unanswered::Lost(lost)) => Err(self.refusal(&lost, &taken.fault)),
            Err(Unanswered::Unidentified { retry_after }) => {
                Err(Refusal::Unavailable { retry_after })
            }
        }
    }

    /// Takes in the body: all of it where it is short, or where it has to be read.
    async fn take(&self, body: StreamBody, change: Change, end: Instant) -> Result<Taken, Refusal> {
        let limit = self.settings.max_body;
        let size = body.size_hint();
        if size.lower() > limit {
            return Err(Refusal::TooLarge);
        }
        let fault = Arc::new(OnceLock::new());
        let note = Arc::clone(&fault);
        let body = Watched::new(body, limit, self.settings.idle_timeout, move |fault| {
            // There is one at most.
            let _ = note.set(fault.into());
        });
        let is_short = size.upper().is_some_and(|upper| upper <= WHOLE);
        if !is_short && !change.is_named_in_body() {
            return Ok(Taken {
                body: body.map_err(Into::into).boxed_unsync(),
                read: Bytes::new(),
                waiting: self.in_line(self.places.line_up_for_turn())?,
                fault,
            });
        }
        // A long one takes memory for as long as it is on its way, and a client can take its time.
        let turn = if is_short {
            None
        } else {
            Some(self.turn(end).await?)
        };
        let read = match timeout_at(end, body.collect()).await {
            Err(_) => return Err(Refusal::TooSlow),
            Ok(Err(fault)) => return Err((&fault).into()),
            Ok(Ok(body)) => body.to_bytes(),
        };
        let waiting = turn.map(Waiting::InTurn).or_else(|| self.places.line_up());
        Ok(Taken {
            body: Full::new(read.clone())
                .map_err(|never| match never {})
                .boxed_unsync(),
            read,
            waiting: self.in_line(waiting)?,
            fault,
        })
    }

    async fn turn(&self, end: Instant) -> Result<Turn, Refusal> {
        match timeout_at(end, self.places.turn()).await {
            Ok(turn) => self.in_line(turn),
            Err(_) => Err(self.no_place(Cause::Busy(self.settings.deadline))),
        }
    }

    fn in_line<T>(&self, place: Option<T>) -> Result<T, Refusal> {
        place.ok_or_else(|| self.no_place(Cause::Crowded))
    }

    fn no_place(&self, cause: Cause) -> Refusal {
        let sent = Sent::No;
        self.refusal(&Lost { cause, sent }, &OnceLock::new())
    }

    fn hand_back(&self, response: Response<StreamBody>) -> Response<Body> {
        let (mut head, body) = response.into_parts();
        head.headers = headers::back(mem::take(&mut head.headers));
        // What a client of the application's own left there is not for anybody further out.
        head.extensions = http::Extensions::new();
        head.version = http::Version::HTTP_11;
        let proxy = self.clone();
        let idle = self.settings.idle_timeout;
        let body = Watched::new(body, u64::MAX, idle, move |fault| {
            proxy.warn("body", fault, None);
        });
        Response::from_parts(head, Body::new(body))
    }

    /// What to tell the client. The log says why.
    fn refusal(&self, lost: &Lost, fault: &OnceLock<Refusal>) -> Refusal {
        if let Some(refusal) = fault.get() {
            return *refusal;
        }
        let fix = lost.cause.fix(Asked::Session);
        self.warn(lost.cause.name(), &lost.cause, fix);
        let is_unavailable = match &lost.cause {
            Cause::Deadline(_) | Cause::Busy(_) | Cause::Crowded => true,
            Cause::Status(status) => status.is_server_error(),
            Cause::Transport(_, error) => {
                lost.sent == Sent::No || Unreached::of(&**error) != Unreached::Broken
            }
            _ => false,
        };
        if is_unavailable {
            let retry_after = crate::better_auth::defaults::RETRY_AFTER;
            Refusal::Unavailable { retry_after }
        } else {
            Refusal::BadAnswer
        }
    }

    fn warn(&self, kind: &'static str, cause: &dyn std::fmt::Display, fix: Option<&'static str>) {
        if let Some(left_out) = self.warnings.pass(("proxied", kind), Instant::now()) {
            crate::observe::unavailable("proxied request", cause, fix, left_out);
        }
    }
}

impl From<&Fault> for Refusal {
    fn from(fault: &Fault) -> Self {
        match fault {
            Fault::TooLarge => Self::TooLarge,
            Fault::TooSlow(_) => Self::TooSlow,
            Fault::Broken(_) => Self::Incomplete,
        }
    }
}

/// `Router::nest_service` takes the prefix away, and keeps the whole aside.
#[cfg(feature = "axum")]
fn original_uri(head: &Parts) -> Option<&Uri> {
    let original = head.extensions.get::<axum::extract::OriginalUri>();
    original.map(|original| &original.0)
}

#[cfg(not(feature = "axum"))]
fn original_uri(_: &Parts) -> Option<&Uri> {
    None
}
