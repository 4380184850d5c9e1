use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderValue, Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::{AuthServer, Fault, SessionBuilder, as_user::show, user};
use crate::{
    CircuitBreaker, ResponseBody, SessionAuth, SessionAuthService, session_auth::ResponseFuture,
};

/// Everybody is signed in as this user: a layer in place of [`SessionAuth`], for the tests of handlers.
///
/// Takes a [`user`](super::user()), a [`User`](crate::User), or a [`session`](super::session()) with more to say.
/// Extractors and guards see that session as they would see one of an auth server's; the user is a member of no
/// organization and has no permission until [told otherwise](StandIn::member_of). Needs a Tokio runtime, and no server.
///
/// # Examples
///
/// ```
/// use axum::{Router, body::Body, routing::get};
/// use http::{Request, StatusCode};
/// use tower::ServiceExt;
/// use tower_better_auth::{
///     CurrentUser, Require,
///     testing::{anonymous, signed_in, unavailable, user},
/// };
///
/// // The routes of the app, without their `SessionAuth`.
/// fn routes() -> Router {
///     Router::new()
///         .route("/me", get(|user: CurrentUser| async move { user.name.clone() }))
///         .route("/admin", get(|| async { "admins only" }).route_layer(Require::role("admin")))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// for (layer, path, expected) in [
///     (signed_in(user("ada")), "/me", StatusCode::OK),
///     (signed_in(user("ada")), "/admin", StatusCode::FORBIDDEN),
///     (signed_in(user("grace").role("admin")), "/admin", StatusCode::OK),
///     (anonymous(), "/me", StatusCode::UNAUTHORIZED),
///     (unavailable(), "/me", StatusCode::SERVICE_UNAVAILABLE),
/// ] {
///     let request = Request::get(path).body(Body::empty())?;
///     let response = routes().layer(layer).oneshot(request).await?;
///     assert_eq!(response.status(), expected, "{path}");
/// }
/// # Ok(())
/// # }
/// ```
pub fn signed_in(who: impl Into<SessionBuilder>) -> StandIn {
    let server = AuthServer::in_process();
    let ada = server.sign_in(who);
    StandIn {
        user_id: ada.user_id().to_owned(),
        cookie: Some(ada.cookie()),
        ..StandIn::new(server)
    }
}

/// Nobody is signed in: a layer in place of [`SessionAuth`]. See [`signed_in`] for an example.
pub fn anonymous() -> StandIn {
    StandIn::new(AuthServer::in_process())
}

/// Somebody shows a session, and the auth server is down: a layer in place of [`SessionAuth`]. See [`signed_in`] for an
/// example.
pub fn unavailable() -> StandIn {
    let stand_in = signed_in(user("user"));
    stand_in.server.fail_with(Fault::Refused);
    stand_in
}

/// A layer in place of [`SessionAuth`], for the tests of handlers. Made by [`signed_in`], [`anonymous`] and
/// [`unavailable`].
///
/// Behind it is an [`AuthServer`] in the process that knows one user, so that what it lets through is what
/// [`SessionAuth`] lets through. Each has one of its own; clones share it.
#[derive(Clone)]
#[must_use = "it does nothing unless it is a layer of something"]
pub struct StandIn {
    server: Arc<AuthServer>,
    auth: SessionAuth,
    user_id: String,
    /// What every request shows.
    cookie: Option<HeaderValue>,
}

impl StandIn {
    fn new(server: AuthServer) -> Self {
        // One attempt is enough for a server that fails on purpose, and every request sees it fail in the same way.
        let handle = server
            .builder()
            .retries(0)
            .circuit_breaker(CircuitBreaker::off())
            .build()
            .expect("the settings are good");
        Self {
            auth: SessionAuth::new(handle),
            server: server.into(),
            user_id: String::new(),
            cookie: None,
        }
    }

    /// Requires nobody to be signed in, as [`SessionAuth::optional`].
    pub fn optional(mut self) -> Self {
        self.auth = self.auth.optional();
        self
    }

    /// Makes the user a member of this organization, with these roles there; several with commas.
    ///
    /// Without it [`Require::organization_member`](crate::Require::organization_member) and its like refuse with 403,
    /// as for any stranger.
    ///
    /// # Panics
    ///
    /// When nobody is signed in.
    pub fn member_of(self, organization: &str, role: &str) -> Self {
        self.server
            .set_member_role(organization, self.user_id(), role);
        self
    }

    /// Lets the user do this with the resource, as [`Require::permission`](crate::Require::permission) asks.
    ///
    /// # Panics
    ///
    /// When nobody is signed in.
    pub fn permitted(self, resource: &str, action: &str) -> Self {
        self.server.permit(self.user_id(), resource, action);
        self
    }

    /// The same in an organization that the user is a [member of](Self::member_of), as
    /// [`Require::organization_permission`](crate::Require::organization_permission) asks.
    ///
    /// # Panics
    ///
    /// When nobody is signed in.
    pub fn permitted_in(self, organization: &str, resource: &str, action: &str) -> Self {
        self.server
            .permit_in(organization, self.user_id(), resource, action);
        self
    }

    fn user_id(&self) -> &str {
        assert!(
            !self.user_id.is_empty(),
            "nobody is signed in who could be a member or have a permission: begin with `signed_in(user(\"ada\"))`"
        );
        &self.user_id
    }
}

impl<S> Layer<S> for StandIn {
    type Service = StandInService<S>;

    fn layer(&self, inner: S) -> StandInService<S> {
        StandInService {
            inner: self.auth.layer(inner),
            cookie: self.cookie.clone(),
        }
    }
}

/// The service that [`StandIn`] makes.
#[derive(Clone)]
pub struct StandInService<S> {
    inner: SessionAuthService<S>,
    cookie: Option<HeaderValue>,
}

impl<S, B, ResBody> Service<Request<B>> for StandInService<S>
where
    S: Service<Request<B>, Response = Response<ResBody>> + Clone,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if let Some(cookie) = &self.cookie {
            show(cookie, request.headers_mut());
        }
        self.inner.call(request)
    }
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandIn")
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for StandInService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandInService").finish_non_exhaustive()
    }
}
