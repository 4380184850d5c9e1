use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};

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
    /// These bytes in place of an answer, and the end of the connection.
    Raw(Bytes),
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

    /// These bytes and the end of the connection, for what is no HTTP: lengths that lie or contradict each other, heads
    /// without end, other protocols.
    ///
    /// Without a socket, the answer is what hyper reads in them, or its error. Where it does read an answer, that can be
    /// a verdict as well.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, routing::get};
    /// use http::{Request, StatusCode};
    /// use tower::ServiceExt;
    /// use tower_better_auth::{
    ///     BetterAuth, SessionAuth,
    ///     testing::{AsUser, AuthServer, Fault, user},
    /// };
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = AuthServer::start().await;
    /// let ada = server.sign_in(user("ada"));
    /// let app: Router = Router::new()
    ///     .route("/me", get(|| async { "hello" }))
    ///     .layer(SessionAuth::new(BetterAuth::new(server.url())?));
    /// let me = || Request::get("/me").as_user(&ada).body(Body::empty());
    ///
    /// let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    /// for lengths in ["content-length: 40", "content-length: 4\r\ncontent-length: 40"] {
    ///     server.fail_with(Fault::raw(format!("{json}{lengths}\r\n\r\nnull")));
    ///     let response = app.clone().oneshot(me()?).await?;
    ///     assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    /// }
    ///
    /// server.recover();
    /// assert_eq!(app.oneshot(me()?).await?.status(), StatusCode::OK);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self::Raw(bytes.into())
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

    /// Each variant at least once, for tests that hold whatever fails: none of them is a verdict.
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
            Self::raw("SSH-2.0-OpenSSH_9.9\r\n"),
            Self::raw(json_of_length("40")),
            Self::raw(json_of_length("4\r\ncontent-length: 40")),
            Self::raw("HTTP/1.1 200 OK\r\n".to_owned() + &"x: y\r\n".repeat(200)),
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
}

/// `null`, with whatever is said of its length.
fn json_of_length(length: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\nnull"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Whoever adds a variant has to add it here, and to the number below.
    fn number(fault: &Fault) -> u32 {
        match fault {
            Fault::Refused => 1,
            Fault::Disconnect => 2,
            Fault::Reset => 3,
            Fault::Hang => 4,
            Fault::Drip => 5,
            Fault::CutOff => 6,
            Fault::Oversize => 7,
            Fault::Compressed => 8,
            Fault::ContentType(_) => 9,
            Fault::DatabaseDown => 10,
            Fault::RateLimited { .. } => 11,
            Fault::Raw(_) => 12,
            Fault::Answer { .. } => 13,
        }
    }

    #[test]
    fn all_has_each_variant() {
        let seen: BTreeSet<u32> = Fault::all().map(|fault| number(&fault)).collect();
        assert_eq!(seen, (1..=13).collect());
    }
}
