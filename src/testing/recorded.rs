use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header, request::Parts};

use super::cookies::crumbs;

/// A request that reached an [`AuthServer`](super::AuthServer).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub uri: Uri,
    /// Its headers, with credentials: they are made up.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl RecordedRequest {
    pub(super) fn new(head: &Parts, body: &Bytes) -> Self {
        Self {
            method: head.method.clone(),
            uri: head.uri.clone(),
            headers: head.headers.clone(),
            body: body.clone(),
        }
    }

    /// The first cookie of this name, as it was sent.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let mut crumbs = crumbs(&self.headers);
        crumbs.find_map(|(known, value)| (known == name).then_some(value))
    }
}

/// Somebody signed in at an [`AuthServer`](super::AuthServer).
#[derive(Clone)]
pub struct SignedIn {
    pub(super) cookie: HeaderValue,
    pub(super) bearer: HeaderValue,
    pub(super) token: String,
    pub(super) session_id: String,
    pub(super) user_id: String,
}

/// Without what opens the session: an app's own test of secrecy may print it.
impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn")
            .field("session_id", &self.session_id)
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

impl SignedIn {
    /// The `Cookie` header of their browser. [`as_user`](super::AsUser::as_user) adds it to a request.
    #[must_use]
    pub fn cookie(&self) -> HeaderValue {
        self.cookie.clone()
    }

    /// The `Authorization` header of their app, for handles that
    /// [accept it](crate::BetterAuthBuilder::accept_bearer).
    #[must_use]
    pub fn bearer(&self) -> HeaderValue {
        self.bearer.clone()
    }

    /// The id of the session.
    #[must_use]
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// The id of the user.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// Whether a request shows this session.
    pub(super) fn sent(&self, request: &RecordedRequest) -> bool {
        let shown =
            [header::COOKIE, header::AUTHORIZATION].map(|name| request.headers.get_all(name));
        shown.into_iter().flatten().any(|line| {
            let mut windows = line.as_bytes().windows(self.token.len());
            windows.any(|window| window == self.token.as_bytes())
        })
    }
}
