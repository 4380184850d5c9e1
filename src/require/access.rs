use std::{cell::OnceCell, fmt, time::SystemTime};

use http::{HeaderMap, Method, Request, Uri};

use super::held::Held;
#[cfg(feature = "axum")]
use super::path_params::ParamError;
use crate::{
    question::{Question, Reply},
    types::{AuthSession, User},
};

/// What a [`Guard`](super::Guard) decides on: who is signed in, and the request without its body.
pub struct Access<'a> {
    session: &'a AuthSession,
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    held: &'a Held,
    /// Read when the first guard wants to know.
    now: OnceCell<SystemTime>,
}

impl<'a> Access<'a> {
    pub(super) fn new<B>(
        session: &'a AuthSession,
        request: &'a Request<B>,
        held: &'a Held,
    ) -> Self {
        Self {
            session,
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            held,
            now: OnceCell::new(),
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
        self.param(name).ok()
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

    /// A value that another layer put into the extensions of the request, such as axum's `ConnectInfo`.
    #[must_use]
    pub fn extension<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.held.extension()
    }

    /// The time of the check: the same for all guards of one.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        *self.now.get_or_init(|| self.held.now())
    }

    /// What the auth server said to that question, if it was asked for this request.
    pub(super) fn reply(&self, question: &Question) -> Option<Reply> {
        self.held.reply(question)
    }

    /// Whether the session was asked for past every cache, for this request.
    pub(super) fn is_live(&self) -> bool {
        self.held.is_live()
    }

    #[cfg(feature = "axum")]
    pub(super) fn param(&self, name: &str) -> Result<&str, ParamError> {
        self.held.param(name)
    }
}

/// Everything that an [`Access`] borrows, for the tests of guards.
#[cfg(all(feature = "testing", feature = "axum"))]
pub(crate) struct MadeUp {
    session: AuthSession,
    request: Request<()>,
    held: Held,
    now: SystemTime,
}

#[cfg(all(feature = "testing", feature = "axum"))]
impl MadeUp {
    pub(crate) fn new(
        session: AuthSession,
        mut request: Request<()>,
        params: Vec<(String, String)>,
        now: SystemTime,
    ) -> Self {
        let extensions = std::mem::take(request.extensions_mut());
        Self {
            session,
            request,
            held: Held::made_up(extensions, params),
            now,
        }
    }

    pub(crate) fn access(&self) -> Access<'_> {
        Access {
            now: OnceCell::from(self.now),
            ..Access::new(&self.session, &self.request, &self.held)
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        require::when::When,
        testing::{access, session, user},
    };

    #[test]
    fn a_guard_sees_who_asks_and_for_what() {
        let is_seen = When(|access: &Access<'_>| {
            access.user().id == "ada"
                && access.method() == Method::PUT
                && access.uri() == "/a?b"
                && access
                    .headers()
                    .get("x-a")
                    .is_some_and(|value| value == "1")
                && access.path_param("id") == Some("7")
                && access.path_param("other").is_none()
                && access.extension() == Some(7_u8)
                && access.extension::<u16>().is_none()
        });
        let request = access(user("ada"))
            .method(Method::PUT)
            .uri("/a?b")
            .header("x-a", "1")
            .path_param("id", "7")
            .extension(7_u8);
        assert_eq!(request.check(&is_seen), Ok(()));
    }

    #[test]
    fn debug_shows_the_request_without_its_credentials() {
        let request = Request::get("/a").header("cookie", "s3cr3t");
        let request = request.body(()).unwrap();
        let now = SystemTime::now();
        let made_up = MadeUp::new(session().build(), request, Vec::new(), now);
        let shown = format!("{:?}", made_up.access());
        assert!(shown.contains("GET") && shown.contains("/a"), "{shown}");
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
}
