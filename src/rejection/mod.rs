//! What the client is told.
//!
//! A [`Rejection`] is plain data. It becomes a response where it meets HTTP: as the error of an extractor, of
//! [`User::require_role`](crate::User::require_role) and `?` in a handler, or in a layer. However it came about, it
//! is also in the extensions of the response, for layers that log or restyle.
//!
//! | status | code | when |
//! | --- | --- | --- |
//! | 401 | `UNAUTHENTICATED` | the request shows no credential |
//! | 401 | `INVALID_SESSION` | the auth server knows no such session, or it has ended |
//! | 401 | `INVALID_SESSION` | without a call: the credential is too large, or ambiguous and refused by choice |
//! | 403 | `USER_BANNED` | the user is banned |
//! | 403 | `INSUFFICIENT_ROLE`, `USER_ID_MISMATCH`, `FORBIDDEN` or a guard's own | a guard denied access |
//! | 403 | `CROSS_SITE_REQUEST` | another site made the request, and a layer refuses that |
//! | 404 | `SESSION_NOT_FOUND` | a session was to be [revoked](crate::BetterAuth::revoke_session) that is none of the user's |
//! | 503 | `AUTH_SERVICE_UNAVAILABLE` | the auth server could not be asked, or gave no answer that can be believed |
//! | 500 | `AUTH_MISCONFIGURED` | a mistake in the program; its log says which |
//!
//! The body is JSON and stable: `{"success":false,"error":"Authentication required","code":"UNAUTHENTICATED"}`.
//! Every 401 has `WWW-Authenticate` ([RFC 9110, 15.5.2](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2)),
//! every 503 `Retry-After`, and all have `Cache-Control: no-store` and `Vary: Cookie`. Nothing that the auth server
//! wrote is in it, but for the cookies of a session that was prolonged or is over, which
//! [`refresh_sessions`](crate::BetterAuthBuilder::refresh_sessions) passes on, and the guards
//! [`organization_member`](crate::Require::organization_member) and
//! [`organization_role`](crate::Require::organization_role).

mod body;
mod complete;
mod form;
pub(crate) mod grpc;
mod json;
mod problem;
mod redirect;
mod respond;

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use http::StatusCode;

#[cfg(any(feature = "proxy", feature = "webhooks"))]
pub(crate) use self::json::plain;
pub use self::{
    body::ResponseBody, json::json, problem::problem, redirect::RedirectToSignIn,
    respond::RequestHead,
};
pub(crate) use self::{
    complete::whole_seconds,
    form::{Asked, Form},
    json::render,
    respond::respond,
};
use crate::{question::Reply, types::AuthSession, verdict::Verdict};

/// Why a request was refused, as the client sees it.
///
/// See the [module docs](self) for the table of statuses and codes.
///
/// # Examples
///
/// ```
/// # use tower_better_auth::{BetterAuth, Rejection, RejectionKind};
/// fn is_worth_a_retry(rejection: &Rejection) -> bool {
///     rejection.kind() == RejectionKind::Unavailable
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    kind: RejectionKind,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    retry_after: Option<Duration>,
}

/// The kinds of [`Rejection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// No credential: 401, code `UNAUTHENTICATED`. The auth server was not asked.
    Unauthenticated,
    /// No session that is still going belongs to the credential: 401, code `INVALID_SESSION`.
    InvalidSession,
    /// Signed in, and not allowed: 403. The code says why.
    Forbidden,
    /// Signed in, and no session of theirs has the id: 404, code `SESSION_NOT_FOUND`.
    SessionNotFound,
    /// Made by another site: 403, code `CROSS_SITE_REQUEST`. Says nothing about who is signed in.
    CrossSite,
    /// The auth server could not be asked, or gave no answer that can be believed: 503, code
    /// `AUTH_SERVICE_UNAVAILABLE`. Says nothing about the session.
    Unavailable,
    /// A mistake in the program: 500, code `AUTH_MISCONFIGURED`. The log names the fix.
    Misconfigured,
}

impl Rejection {
    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.kind {
            RejectionKind::Unauthenticated | RejectionKind::InvalidSession => {
                StatusCode::UNAUTHORIZED
            }
            RejectionKind::Forbidden | RejectionKind::CrossSite => StatusCode::FORBIDDEN,
            RejectionKind::SessionNotFound => StatusCode::NOT_FOUND,
            RejectionKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            RejectionKind::Misconfigured => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable code for programs, such as `INSUFFICIENT_ROLE`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The sentence for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// When to try again: only for [`RejectionKind::Unavailable`].
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The session of an active verdict, and what to tell the client of any other.
    pub(crate) fn unless_active(verdict: Verdict) -> Result<Arc<AuthSession>, Self> {
        use RejectionKind as Kind;
        Err(match verdict {
            Verdict::Active(session) => return Ok(session),
            Verdict::Anonymous => Self::new(
                Kind::Unauthenticated,
                "UNAUTHENTICATED",
                "Authentication required",
            ),
            Verdict::SignedOut => Self::new(
                Kind::InvalidSession,
                "INVALID_SESSION",
                "Invalid or expired session",
            ),
            Verdict::Banned(_) => Self::forbidden("USER_BANNED", "This account is banned"),
            Verdict::Unavailable { retry_after } => Self::unavailable(retry_after),
        })
    }

    /// The session of an active verdict, `None` for anonymous and signed out, and what to tell the client of any
    /// other.
    pub(crate) fn unless_known(verdict: Verdict) -> Result<Option<Arc<AuthSession>>, Self> {
        match verdict {
            Verdict::Anonymous | Verdict::SignedOut => Ok(None),
            Verdict::Active(_) | Verdict::Banned(_) | Verdict::Unavailable { .. } => {
                Self::unless_active(verdict).map(Some)
            }
        }
    }

    /// What to tell the client of a reply that says nothing.
    pub(crate) fn unless_replied(reply: &Reply) -> Result<(), Self> {
        match reply {
            Reply::MemberRole(_) | Reply::Permitted(_) => Ok(()),
            Reply::Unavailable { retry_after } => Err(Self::unavailable(*retry_after)),
            Reply::Misconfigured => Err(Self::misconfigured()),
        }
    }

    pub(crate) fn unavailable(retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(
                RejectionKind::Unavailable,
                "AUTH_SERVICE_UNAVAILABLE",
                "Authentication service unavailable",
            )
        }
    }

    pub(crate) fn session_not_found() -> Self {
        Self::new(
            RejectionKind::SessionNotFound,
            "SESSION_NOT_FOUND",
            "You have no such session",
        )
    }

    /// The caller has logged the mistake and its fix; the client only learns that there is one.
    pub(crate) fn misconfigured() -> Self {
        Self::new(
            RejectionKind::Misconfigured,
            "AUTH_MISCONFIGURED",
            "Internal server error",
        )
    }

    #[cfg(feature = "csrf")]
    pub(crate) fn cross_site() -> Self {
        Self::new(
            RejectionKind::CrossSite,
            "CROSS_SITE_REQUEST",
            "Requests from other sites are refused",
        )
    }

    pub(crate) fn forbidden(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(RejectionKind::Forbidden, code, message)
    }

    fn new(
        kind: RejectionKind,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            kind,
            code: code.into(),
            message: message.into(),
            retry_after: None,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Rejection {}

impl axum_core::response::IntoResponse for Rejection {
    fn into_response(self) -> axum_core::response::Response {
        render(self).map(axum_core::body::Body::from)
    }
}

#[cfg(test)]
mod tests {
    use axum_core::response::IntoResponse;

    use super::*;

    const RETRY_AFTER: Duration = Duration::from_secs(7);

    fn unavailable() -> Rejection {
        let retry_after = RETRY_AFTER;
        Rejection::unless_active(Verdict::Unavailable { retry_after }).unwrap_err()
    }

    #[test]
    fn it_says_what_it_is_and_becomes_the_response() {
        let rejection = unavailable();
        let message = "Authentication service unavailable";
        assert_eq!(rejection.kind(), RejectionKind::Unavailable);
        assert_eq!(rejection.code(), "AUTH_SERVICE_UNAVAILABLE");
        assert_eq!(rejection.message(), message);
        assert_eq!(rejection.retry_after(), Some(RETRY_AFTER));
        let text = "Authentication service unavailable (AUTH_SERVICE_UNAVAILABLE)";
        assert_eq!(rejection.to_string(), text);
        assert_eq!(Rejection::misconfigured().retry_after(), None);
        assert_eq!(rejection.into_response().status(), 503);
    }

    #[test]
    fn nobody_is_known_to_be_nobody_only_when_anonymous_or_signed_out() {
        for verdict in [Verdict::Anonymous, Verdict::SignedOut] {
            assert_eq!(Rejection::unless_known(verdict).unwrap(), None);
        }
        let retry_after = RETRY_AFTER;
        let unknown = Rejection::unless_known(Verdict::Unavailable { retry_after });
        assert_eq!(unknown.unwrap_err(), unavailable());
        let banned = Rejection::unless_known(Verdict::banned()).unwrap_err();
        assert_eq!(banned.code(), "USER_BANNED");
    }

    #[test]
    fn a_reply_that_says_nothing_is_no_denial() {
        let retry_after = RETRY_AFTER;
        for (reply, expected) in [
            (Reply::MemberRole(None), Ok(())),
            (Reply::Permitted(false), Ok(())),
            (Reply::Unavailable { retry_after }, Err(unavailable())),
            (Reply::Misconfigured, Err(Rejection::misconfigured())),
        ] {
            assert_eq!(Rejection::unless_replied(&reply), expected, "{reply:?}");
        }
    }
}
