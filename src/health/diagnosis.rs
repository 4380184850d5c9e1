use std::{fmt, time::Duration};

/// What a [check](crate::BetterAuth::check) found out about an auth server with which sessions can be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// How long the auth server took to answer, with the connection to it.
    pub round_trip: Duration,
    /// The name of its session cookie, with `__Secure-` where it has that; `None` when it could not be learnt.
    pub session_cookie: Option<String>,
    /// How far its clock and this machine's are apart, to the second; `None` when it sends no `Date`.
    pub clock_skew: Option<Duration>,
    /// What does not stop sessions from being checked, and will hurt all the same. They have been logged.
    pub warnings: Vec<Warning>,
}

/// Something to look at before it hurts. Displays as what it is, and the fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    kind: WarningKind,
    message: String,
}

/// What a [`Warning`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WarningKind {
    /// The auth server answered 429, so that the answer to a session check was not seen.
    RateLimited,
    /// Its clock and this machine's are more than 30 seconds apart. The end of a session is read on this machine's.
    ClockSkew,
    /// What its cookies are called could not be learnt, so nobody knows whether `cookie_prefix` fits.
    CookieNameUnknown,
    /// Its session cookie has a name that is not forwarded; bearer tokens or API keys still are.
    CookieName,
}

/// Sessions cannot be checked. Displays as what is wrong, where, and the fix, for whoever starts the service.
///
/// The text holds the auth server's address without its query. It is not meant for clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckError {
    kind: CheckErrorKind,
    message: String,
}

/// What is wrong, in a [`CheckError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckErrorKind {
    /// No answer: nothing listens, the host name has no address, the connection breaks, or the deadline passes.
    Unreachable,
    /// It answers 5xx: it or its database is down, or it is not up yet.
    ServerError,
    /// No TLS connection: a certificate that is not trusted, or a server without TLS.
    Tls,
    /// Something in front of it refuses: 401, 403 or 407.
    Gateway,
    /// It redirects, and a redirect is never followed.
    Redirect,
    /// `base_path` or `session_path` is not the auth server's.
    Path,
    /// Whatever answers there is no Better Auth server, or one whose answer `decode_with` has to read.
    UnexpectedAnswer,
    /// A request without a credential is given a session: everybody would be signed in.
    AdmitsAnybody,
    /// Its session cookie has a name that is not forwarded: everybody would be anonymous.
    CookieName,
}

impl Warning {
    pub(super) fn new(kind: WarningKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind, message }
    }

    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> WarningKind {
        self.kind
    }
}

impl CheckError {
    pub(super) fn new(kind: CheckErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind, message }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> CheckErrorKind {
        self.kind
    }

    /// Whether it can pass by itself, as when the auth server is not up yet: [`CheckErrorKind::Unreachable`] and
    /// [`CheckErrorKind::ServerError`]. Everything else needs somebody to change a setting.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind,
            CheckErrorKind::Unreachable | CheckErrorKind::ServerError
        )
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CheckError {}
