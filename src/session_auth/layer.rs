use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Response};
use tower_layer::Layer;

use super::SessionAuthService;
use crate::{
    better_auth::BetterAuth,
    credential::Acceptance,
    rejection::{self, Form, RedirectToSignIn, Rejection, RequestHead},
    validate::Validator,
    verdict::Ask,
};

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
    pub(super) settings: Arc<Settings>,
}

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) validator: Arc<Validator>,
    pub(super) mode: Mode,
    pub(super) caching: Caching,
    pub(super) form: Form,
    /// What answers depend on.
    pub(super) vary: Vec<HeaderValue>,
}

impl Settings {
    pub(super) fn asker(&self) -> Arc<dyn Ask> {
        Arc::clone(&self.validator) as Arc<dyn Ask>
    }
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
            form: Form::new(validator.policy.bearer == Acceptance::Accepted),
            vary: validator.policy.vary(),
            validator,
        };
        Self {
            settings: Arc::new(settings),
        }
    }

    /// Lets every request through, and asks only when an extractor or guard wants to know.
    ///
    /// `Option<CurrentUser>` is then `None` for whoever is anonymous or signed out. An auth server that cannot be
    /// asked is still a 503, for requests that want to know, and for them alone.
    pub fn optional(mut self) -> Self {
        Arc::make_mut(&mut self.settings).mode = Mode::Optional;
        self
    }

    /// Puts refusals into words in a form of your choice: a closure, or [`rejection::problem`](crate::rejection::problem)
    /// for [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457).
    ///
    /// Holds for all that is refused inside the layer: by the layer itself, by guards, by extractors, and by `?` in
    /// handlers. Headers that were added in between are kept, but for those that describe the body or the refusal; and
    /// where the form has none, `WWW-Authenticate` (401), `Retry-After` (503), `Cache-Control: no-store` and `Vary` are
    /// added. A handler that made an error of its own out of a rejection keeps its own form. Where no form is chosen, so
    /// does a layer in between that gave a rejection another body; `no-store` stays. A POST whose content type is
    /// `application/grpc` is always answered with a gRPC status. Where two layers are nested, the inner one decides.
    ///
    /// Any form but the default costs a copy of the request's head for each request. Defaults to
    /// [`rejection::json`](crate::rejection::json()).
    ///
    /// # Examples
    ///
    /// ```
    /// use http::Response;
    /// use tower_better_auth::{BetterAuth, SessionAuth};
    ///
    /// let auth = BetterAuth::new("http://localhost:3000")?;
    /// let layer = SessionAuth::new(auth).respond_with(|rejection, request| {
    ///     let mut response = Response::new(format!("{}: {}", request.uri().path(), rejection.message()));
    ///     *response.status_mut() = rejection.status();
    ///     response
    /// });
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    pub fn respond_with<F, B>(mut self, form: F) -> Self
    where
        F: Fn(&Rejection, &RequestHead<'_>) -> Response<B> + Send + Sync + 'static,
        B: Into<Bytes>,
    {
        Arc::make_mut(&mut self.settings)
            .form
            .with(rejection::respond(form));
        self
    }

    /// Sends browsers that are not signed in to the sign-in page, and back afterwards; htmx as well.
    ///
    /// Takes the page, or a [`RedirectToSignIn`] with more to say. Replaces what
    /// [`respond_with`](Self::respond_with) was given, and costs the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_better_auth::{BetterAuth, SessionAuth};
    ///
    /// let auth = BetterAuth::new("http://localhost:3000")?;
    /// // GET /settings becomes 303 See Other to /sign-in?redirect_to=/settings.
    /// let layer = SessionAuth::new(auth).redirect_to_sign_in("/sign-in");
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    pub fn redirect_to_sign_in(self, page: impl Into<RedirectToSignIn>) -> Self {
        let page = page.into();
        self.respond_with(move |rejection, request| page.respond(rejection, request))
    }

    /// Leaves `Cache-Control` to the handlers.
    ///
    /// Without it, a response to somebody signed in gets `Cache-Control: private` where the handler set none. `Vary`
    /// is always sent.
    pub fn without_cache_control(mut self) -> Self {
        Arc::make_mut(&mut self.settings).caching = Caching::LeftToTheHandler;
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
