use std::time::Duration;

use http::StatusCode;

/// A way in which an auth server fails to give a verdict. See [`AuthServer::fail_with`](super::AuthServer::fail_with).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// 500 with Better Auth's own error, as when its database is gone.
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
        /// Its `Content-Type`.
        content_type: &'static str,
        /// Its body.
        body: String,
    },
    /// No answer at all, with the connection kept open.
    Hang,
    /// The connection is closed in place of an answer.
    Disconnect,
    /// The connection is closed in the middle of the body.
    CutOff,
    /// One byte of the body a second.
    Drip,
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
        Self::Answer {
            status: StatusCode::from_u16(status).expect("a status code lies between 100 and 999"),
            content_type,
            body: body.into(),
        }
    }
}
