use std::fmt;

use tower_layer::Layer;

use super::{SameOriginService, admission::Rules};
use crate::{
    better_auth::ConfigError,
    client::{Endpoint, InvalidEndpoint},
};

/// The layer that refuses what another site asks in a user's name.
///
/// See the [module docs](crate::cross_site) for its rules.
///
/// # Examples
///
/// ```
/// use axum::{Router, body::Body, routing::post};
/// use http::Request;
/// use tower::ServiceExt;
/// use tower_better_auth::cross_site::SameOrigin;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app: Router = Router::new()
///     .route("/notes", post(|| async { "written" }))
///     .layer(SameOrigin::new().trust("https://admin.example.com")?);
///
/// for (origin, expected) in [
///     ("https://app.example.com", 200),
///     ("https://admin.example.com", 200),
///     ("https://evil.example", 403),
/// ] {
///     let request = Request::post("/notes").header("host", "app.example.com").header("origin", origin);
///     let response = app.clone().oneshot(request.body(Body::empty())?).await?;
///     assert_eq!(response.status(), expected, "{origin}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "it refuses nothing unless it is a layer of something"]
pub struct SameOrigin {
    rules: Rules,
}

impl SameOrigin {
    /// Admits what this app's own pages ask, and what no browser sends.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            rules: Rules::new(),
        }
    }

    /// Admits what the pages of this origin ask as well.
    ///
    /// Scheme, host and port, as in `https://admin.example.com`. None by default.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Origin`] when it is something else: a pattern, a path, a host without its scheme.
    pub fn trust(mut self, origin: impl AsRef<str>) -> Result<Self, ConfigError> {
        let refuse = |reason| Err(ConfigError::trusted_origin(reason));
        let endpoint = match Endpoint::parse_origin(origin.as_ref()) {
            // Origins are compared as a whole, so a pattern would match nobody.
            Ok(_) if origin.as_ref().contains('*') => return refuse(InvalidEndpoint::Pattern),
            Ok(endpoint) => endpoint,
            Err(reason) => return refuse(reason),
        };
        match self.rules.trust(&endpoint.origin()) {
            Some(rules) => self.rules = rules,
            None => return refuse(InvalidEndpoint::NotAUrl),
        }
        Ok(self)
    }

    /// Admits requests that show `Authorization: Bearer` and no cookie, wherever they come from.
    ///
    /// A browser does not add a bearer token by itself, so nobody else can borrow it. For an API whose clients are pages of
    /// any origin, with [`accept_bearer`](crate::BetterAuthBuilder::accept_bearer). A handshake of a WebSocket is looked at
    /// all the same, since no page can give it that header. Off by default.
    pub fn exempt_bearer(mut self) -> Self {
        self.rules = self.rules.exempt_bearer();
        self
    }
}

impl<S> Layer<S> for SameOrigin {
    type Service = SameOriginService<S>;

    fn layer(&self, inner: S) -> SameOriginService<S> {
        SameOriginService::new(inner, self.rules.clone())
    }
}

impl fmt::Debug for SameOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SameOrigin")
            .field("rules", &self.rules)
            .finish()
    }
}
