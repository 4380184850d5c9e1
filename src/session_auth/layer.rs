use std::{fmt, sync::Arc};

use tower_layer::Layer;

use super::SessionAuthService;
use crate::{better_auth::BetterAuth, validate::Validator};

/// The layer that checks the session of every request with the auth server.
///
/// Required by default: a handler inside it runs only for somebody who is signed in. See the
/// [module docs](crate::session_auth) for its rules.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::get};
/// use tower_better_auth::{BetterAuth, CurrentUser, SessionAuth};
///
/// async fn me(user: CurrentUser) -> String {
///     user.id.clone()
/// }
///
/// async fn home(user: Option<CurrentUser>) -> String {
///     user.map_or("Welcome".to_owned(), |user| format!("Welcome back, {}", user.name))
/// }
///
/// let auth = BetterAuth::new("http://localhost:3000")?;
/// // `route_layer` leaves the paths that neither router knows at 404.
/// let members = Router::new().route("/me", get(me)).route_layer(SessionAuth::new(auth.clone()));
/// let public = Router::new().route("/", get(home)).layer(SessionAuth::new(auth).optional());
/// let app: Router = public.merge(members);
/// # Ok::<_, tower_better_auth::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "it checks nothing unless it is a layer of something"]
pub struct SessionAuth {
    pub(super) validator: Arc<Validator>,
    pub(super) settings: Settings,
}

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) mode: Mode,
    pub(super) caching: Caching,
    /// What answers depend on.
    pub(super) vary: Arc<[&'static str]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Required,
    Optional,
}

/// What to do with the `Cache-Control` of responses to somebody signed in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Caching {
    PrivateUnlessSet,
    LeftToTheHandler,
}

impl SessionAuth {
    /// Checks sessions with this auth server, and requires one.
    // By value: a layer holds its handle, as an `axum::Extension` or `State` does.
    #[allow(clippy::needless_pass_by_value)]
    pub fn new(auth: BetterAuth) -> Self {
        let validator = auth.validator();
        let settings = Settings {
            mode: Mode::Required,
            caching: Caching::PrivateUnlessSet,
            vary: validator.policy.vary().into(),
        };
        Self {
            validator,
            settings,
        }
    }

    /// Lets every request through, and asks only when an extractor or guard wants to know.
    ///
    /// `Option<CurrentUser>` is then `None` for whoever is anonymous or signed out. An auth server that cannot be
    /// asked is still a 503, for requests that want to know, and for them alone.
    pub fn optional(mut self) -> Self {
        self.settings.mode = Mode::Optional;
        self
    }

    /// Leaves `Cache-Control` to the handlers.
    ///
    /// Without it, a response to somebody signed in gets `Cache-Control: private` where the handler set none. `Vary`
    /// is always sent.
    pub fn without_cache_control(mut self) -> Self {
        self.settings.caching = Caching::LeftToTheHandler;
        self
    }
}

impl<S> Layer<S> for SessionAuth {
    type Service = SessionAuthService<S>;

    fn layer(&self, inner: S) -> SessionAuthService<S> {
        SessionAuthService::new(inner, self.clone())
    }
}

impl fmt::Debug for SessionAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionAuth").finish_non_exhaustive()
    }
}
