use std::{future::pending, io, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::json;

use super::{
    answer::{self, Script},
    gzip::gzip,
};

/// By how much an answer that is too large is too large for every `max_body` in use: a megabyte of blanks.
const TOO_MUCH: usize = 1 << 20;

/// A way in which an auth server fails to give a verdict. See [`AuthServer::fail_with`](super::AuthServer::fail_with).
///
/// Where there is an answer to spoil (`CutOff`, `Drip`, `Oversize`, `Compressed`, `ContentType`), it is the right one:
/// an app that admits somebody on it has read what must not be believed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// No connection can be made, and those that there were are closed.
    Refused,
    /// The connection is closed in place of an answer.
    Disconnect,
    /// The connection is reset in place of an answer.
    Reset,
    /// No answer at all, with the connection kept open.
    Hang,
    /// One byte of the body a second.
    Drip,
    /// The connection is closed in the middle of the body.
    CutOff,
    /// The right answer and a megabyte of blanks.
    Oversize,
    /// The right answer as a gzip file, though nobody asked for one.
    Compressed,
    /// The right answer, declared as something else than JSON.
    ContentType(&'static str),
    /// 500 with Better Auth's own error, as when its database is gone. Who shows no cookie that the server has signed
    /// is signed out all the same, and guards that ask are told 401: that is how Better Auth does it.
    DatabaseDown,
    /// 429 with `X-Retry-After`, as from Better Auth's rate limiter.
    RateLimited {
        /// How long to stay away; whole seconds.
        retry_after: Duration,
    },
    /// An answer of any other kind: a proxy's error page, a redirect, JSON of somebody else.
    #[non_exhaustive]
    Answer {
        /// Its status.
        status: StatusCode,
        /// Its `Content-Type`; none if empty.
        content_type: &'static str,
        /// Its body.
        body: String,
        /// Its other headers.
        headers: Vec<(HeaderName, HeaderValue)>,
    },
}

impl Fault {
    /// An answer with this status and an empty body.
    ///
    /// # Panics
    ///
    /// When it is no status code.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::answer(status, "text/plain", "")
    }

    /// Any answer.
    ///
    /// # Panics
    ///
    /// When `status` is no status code.
    #[must_use]
    pub fn answer(status: u16, content_type: &'static str, body: impl Into<String>) -> Self {
        let Ok(status) = StatusCode::from_u16(status) else {
            panic!("{status} is no status code: one lies between 100 and 999");
        };
        Self::Answer {
            status,
            content_type,
            body: body.into(),
            headers: Vec::new(),
        }
    }

    /// 200 with this body, declared as JSON, whether it is or not.
    #[must_use]
    pub fn json(body: impl Into<String>) -> Self {
        Self::answer(200, "application/json", body)
    }

    /// 200 with a page, as from a login wall or a front end that answers every path.
    #[must_use]
    pub fn page() -> Self {
        let page = "<!doctype html><title>Sign in</title><p>Please sign in";
        Self::answer(200, "text/html; charset=utf-8", page)
    }

    /// 302 to another address.
    ///
    /// # Panics
    ///
    /// When no header can hold it.
    #[must_use]
    pub fn redirect(location: &str) -> Self {
        Self::status(302).with_header("location", location)
    }

    /// The same with one more header. Changes only what [`answer`](Self::answer) and its like have made.
    ///
    /// # Panics
    ///
    /// When name or value cannot be in a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            match (name.parse(), value.parse()) {
                (Ok(name), Ok(value)) => headers.push((name, value)),
                _ => panic!("{name:?}: {value:?} is no header"),
            }
        }
        self
    }

    /// One of every kind, for tests that hold whatever fails: none of them is a verdict.
    ///
    /// `Hang` and `Drip` last as long as the app's [`deadline`](crate::BetterAuthBuilder::deadline): pause Tokio's time, or
    /// set a short one. An open [circuit breaker](crate::CircuitBreaker) keeps calls from being made, and so does
    /// `RateLimited`, which comes last.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, routing::get};
    /// use http::{Request, StatusCode};
    /// use tower::ServiceExt;
    /// use tower_better_auth::{
    ///     CircuitBreaker, SessionAuth,
    ///     testing::{AsUser, AuthServer, Fault, user},
    /// };
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = AuthServer::in_process();
    /// let ada = server.sign_in(user("ada"));
    /// let auth = server.builder().circuit_breaker(CircuitBreaker::off()).build()?;
    /// let app: Router = Router::new()
    ///     .route("/me", get(|| async { "hello" }))
    ///     .layer(SessionAuth::new(auth));
    ///
    /// for fault in Fault::all() {
    ///     server.fail_with(fault.clone());
    ///     let request = Request::get("/me").as_user(&ada).body(Body::empty())?;
    ///     let response = app.clone().oneshot(request).await?;
    ///     assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{fault:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn all() -> impl Iterator<Item = Self> {
        let retry_after = Duration::from_secs(10);
        let faults = [
            Self::Refused,
            Self::Disconnect,
            Self::Reset,
            Self::Hang,
            Self::Drip,
            Self::CutOff,
            Self::Oversize,
            Self::Compressed,
            Self::ContentType("text/plain"),
            Self::ContentType("text/html"),
            Self::DatabaseDown,
            Self::page(),
            Self::redirect("/sign-in"),
            Self::json(""),
            Self::json("{}"),
            Self::json("[]"),
            Self::json("{\"session\":"),
            Self::json("{\"message\":\"Unauthorized\"}"),
            Self::answer(200, "text/plain", "null"),
        ];
        let statuses = [
            204, 301, 400, 401, 403, 404, 405, 408, 429, 431, 500, 502, 503, 504,
        ];
        let last = [Self::RateLimited { retry_after }];
        faults
            .into_iter()
            .chain(statuses.map(Self::status))
            .chain(last)
    }

    /// What comes in place of the right answer.
    pub(super) async fn spoil(self, answer: Response<Script>) -> io::Result<Response<Script>> {
        match self {
            Self::Refused => Err(io::ErrorKind::ConnectionRefused.into()),
            Self::Disconnect => Err(io::ErrorKind::UnexpectedEof.into()),
            Self::Reset => Err(io::ErrorKind::ConnectionReset.into()),
            Self::Hang => pending().await,
            Self::Drip => Ok(answer.map(Script::drip)),
            Self::CutOff => Ok(answer.map(Script::cut_off)),
            Self::Oversize => Ok(answer.map(|body| {
                body.replaced(|bytes| [bytes, &b" ".repeat(TOO_MUCH)].concat().into())
            })),
            Self::Compressed => {
                let mut answer = answer.map(|body| body.replaced(gzip));
                let gzip = HeaderValue::from_static("gzip");
                answer.headers_mut().insert(header::CONTENT_ENCODING, gzip);
                Ok(answer)
            }
            Self::ContentType(other) => Ok(declared(answer, other)),
            Self::DatabaseDown => Ok(answer::error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "FAILED_TO_GET_SESSION",
                "Failed to get session",
            )),
            Self::RateLimited { retry_after } => {
                let body = json!({"message": "Too many requests. Please try again later."});
                let mut response = answer::json(StatusCode::TOO_MANY_REQUESTS, &body);
                let seconds = HeaderValue::from(retry_after.as_secs());
                response.headers_mut().insert("x-retry-after", seconds);
                Ok(response)
            }
            Self::Answer {
                status,
                content_type,
                body,
                headers,
            } => {
                let mut response = answer::with_body(status, Bytes::from(body));
                response.headers_mut().extend(headers);
                Ok(declared(response, content_type))
            }
        }
    }
}

fn declared(mut response: Response<Script>, content_type: &'static str) -> Response<Script> {
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if !content_type.is_empty() {
        let content_type = HeaderValue::from_static(content_type);
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    response
}

/// What goes wrong, and for how long.
#[derive(Default)]
pub(super) struct Trouble {
    fault: Option<Fault>,
    /// How many answers it spoils; `None` for all.
    rest: Option<usize>,
    /// How long every answer takes.
    pub(super) latency: Duration,
}

impl Trouble {
    pub(super) fn begin(&mut self, fault: Fault, times: Option<usize>) {
        self.fault = Some(fault);
        self.rest = times;
    }

    pub(super) fn end(&mut self) {
        self.fault = None;
    }

    /// The connection is refused, so that nothing arrives.
    pub(super) fn refuses(&mut self) -> bool {
        matches!(self.fault, Some(Fault::Refused)) && self.next().is_some()
    }

    /// The fault of the next answer.
    pub(super) fn next(&mut self) -> Option<Fault> {
        if let Some(rest) = &mut self.rest {
            *rest = rest.checked_sub(1)?;
        }
        self.fault.clone()
    }
}
