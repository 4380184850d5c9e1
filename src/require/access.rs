use std::fmt;

use http::{HeaderMap, Method, Request, Uri};

#[cfg(feature = "axum")]
use super::path_params::PathParams;
use crate::types::{AuthSession, User};

/// What a [`Guard`](super::Guard) decides on: who is signed in, and the request without its body.
pub struct Access<'a> {
    session: &'a AuthSession,
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    #[cfg(feature = "axum")]
    params: &'a PathParams,
}

impl<'a> Access<'a> {
    pub(super) fn new<B>(
        session: &'a AuthSession,
        request: &'a Request<B>,
        #[cfg(feature = "axum")] params: &'a PathParams,
    ) -> Self {
        Self {
            session,
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            #[cfg(feature = "axum")]
            params,
        }
    }

    /// What the auth server said.
    #[must_use]
    pub fn session(&self) -> &AuthSession {
        self.session
    }

    /// Who is signed in.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.session.user
    }

    /// A parameter of the route that axum dispatched to, percent-decoded once.
    ///
    /// `None` when the route has no such parameter, when it has it twice (nested routers), when it is a wildcard
    /// (`{*rest}`), or when one of the route's parameters does not decode to UTF-8.
    #[cfg(feature = "axum")]
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    #[must_use]
    pub fn path_param(&self, name: &str) -> Option<&str> {
        self.params.get(name).ok()
    }

    /// The method of the request.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.method
    }

    /// The URI of the request, as the guard's layer sees it: inside `Router::nest` without the prefix. Never decide
    /// on its path when a path parameter can tell.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        self.uri
    }

    /// The headers of the request. All that is in them, the client chose.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.headers
    }

    #[cfg(feature = "axum")]
    pub(super) fn params(&self) -> &PathParams {
        self.params
    }
}

/// Without the headers, which hold credentials.
impl fmt::Debug for Access<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("session", &self.session)
            .field("method", &self.method)
            .field("uri", &self.uri)
            .finish_non_exhaustive()
    }
}
