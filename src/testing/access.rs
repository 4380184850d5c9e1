use std::{fmt, time::SystemTime};

use http::{HeaderName, HeaderValue, Method, Request, Uri};

use super::SessionBuilder;
use crate::{AuthSession, Denied, Guard, require::MadeUp};

/// A made-up request of whoever has this session, for the tests of a [`Guard`] of one's own.
///
/// # Examples
///
/// ```
/// use tower_better_auth::{
///     Access, Denied, Guard,
///     testing::{access, session, user},
/// };
///
/// struct OwnTeam;
///
/// impl Guard for OwnTeam {
///     fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
///         match (access.user().field::<String>("team"), access.path_param("team")) {
///             (Ok(Some(own)), Some(asked)) if own == asked => Ok(()),
///             _ => Err(Denied::new("OTHER_TEAM")),
///         }
///     }
/// }
///
/// let ada = session().user(user("ada").field("team", "red"));
/// assert!(access(ada.clone()).path_param("team", "red").check(&OwnTeam).is_ok());
///
/// let denied = access(ada).path_param("team", "blue").check(&OwnTeam).unwrap_err();
/// assert_eq!(denied.code(), "OTHER_TEAM");
/// ```
pub fn access(session: impl Into<SessionBuilder>) -> AccessBuilder {
    AccessBuilder {
        session: session.into().build(),
        request: Request::new(()),
        params: Vec::new(),
        now: SystemTime::now(),
    }
}

/// Makes what a [`Guard`] decides on, bit by bit. Made by [`access`].
#[must_use]
pub struct AccessBuilder {
    session: AuthSession,
    request: Request<()>,
    params: Vec<(String, String)>,
    now: SystemTime,
}

impl AccessBuilder {
    /// The method of the request. Defaults to `GET`.
    pub fn method(mut self, method: Method) -> Self {
        *self.request.method_mut() = method;
        self
    }

    /// The URI of the request. Defaults to `/`.
    ///
    /// # Panics
    ///
    /// When it is no URI.
    pub fn uri(mut self, uri: &str) -> Self {
        *self.request.uri_mut() = match uri.parse::<Uri>() {
            Ok(uri) => uri,
            Err(error) => panic!("{uri:?} is no URI: {error}"),
        };
        self
    }

    /// One more header of the request.
    ///
    /// # Panics
    ///
    /// When name or value cannot be in a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            (Ok(name), Ok(value)) => self.request.headers_mut().append(name, value),
            _ => panic!("{name:?}: {value:?} is no header"),
        };
        self
    }

    /// One more parameter of the route, decoded. The same name twice is what nested routers do.
    pub fn path_param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// A value that another layer put into the extensions of the request.
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.request.extensions_mut().insert(value);
        self
    }

    /// The time of the check. Defaults to now.
    pub fn at(mut self, now: SystemTime) -> Self {
        self.now = now;
        self
    }

    /// What the guard says.
    ///
    /// # Errors
    ///
    /// [`Denied`] when the guard says no.
    pub fn check(self, guard: &impl Guard) -> Result<(), Denied> {
        let made_up = MadeUp::new(self.session, self.request, self.params, self.now);
        guard.check(&made_up.access())
    }
}

impl fmt::Debug for AccessBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessBuilder")
            .field("session", &self.session)
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}
