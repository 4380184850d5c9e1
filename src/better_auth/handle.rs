use std::{fmt, future::Future, sync::Arc};

use http::{Extensions, HeaderMap};

use super::BetterAuthBuilder;
#[cfg(feature = "reqwest")]
use super::ConfigError;
use crate::{
    question::Refresh,
    rejection::Rejection,
    types::AuthSession,
    validate::{Invalidation, Validator},
    verdict::{Ask, Verdict},
};

/// The environment variable that [`BetterAuth::from_env`] reads.
#[cfg(feature = "reqwest")]
const URL_VARIABLE: &str = "BETTER_AUTH_URL";

/// The handle to one auth server: make one for each, and clone it freely.
///
/// Clones share the connection pool. Checks need a Tokio runtime with its timer enabled, as `#[tokio::main]` has it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use tower_better_auth::BetterAuth;
///
/// let auth = BetterAuth::new("http://localhost:3000")?;
///
/// let tuned = BetterAuth::builder("https://auth.example.com")
///     .cookie_prefix("my-app")
///     .deadline(Duration::from_secs(2))
///     .build()?;
/// # Ok::<_, tower_better_auth::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct BetterAuth {
    validator: Arc<Validator>,
}

impl BetterAuth {
    /// A handle with all defaults.
    ///
    /// A URL without a path gets `/api/auth`; one with a path is the base path itself, as in Better Auth's own
    /// client.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names what is wrong with the URL.
    #[cfg(feature = "reqwest")]
    #[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
    pub fn new(url: impl AsRef<str>) -> Result<Self, ConfigError> {
        Self::builder(url).build()
    }

    /// A handle with all defaults for the URL in `BETTER_AUTH_URL`, the variable that Better Auth itself reads.
    ///
    /// See [`new`](Self::new) for what its path means.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the variable is not set, or names what is wrong with the URL.
    #[cfg(feature = "reqwest")]
    #[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
    pub fn from_env() -> Result<Self, ConfigError> {
        let name = URL_VARIABLE;
        let url = std::env::var(name).map_err(|_| ConfigError::MissingEnv { name })?;
        Self::new(url)
    }

    /// A handle with settings of its own. The URL is looked at when it is [built](BetterAuthBuilder::build).
    pub fn builder(url: impl AsRef<str>) -> BetterAuthBuilder {
        BetterAuthBuilder::new(url.as_ref())
    }

    /// Checks the session of a request without a layer: for WebSocket upgrades, gRPC interceptors, other frameworks.
    ///
    /// The headers are read before the future is returned, which borrows nothing.
    ///
    /// # Errors
    ///
    /// The same [`Rejection`] that [`SessionAuth`](crate::SessionAuth) answers with: 401, 403 `USER_BANNED`, 503.
    ///
    /// # Panics
    ///
    /// When the future has to ask and is polled outside a Tokio runtime, or in one without a timer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future disturbs nobody: the call it waited for goes on for others, within its deadline.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(headers: http::HeaderMap) -> Result<(), Box<dyn std::error::Error>> {
    /// use tower_better_auth::BetterAuth;
    ///
    /// let auth = BetterAuth::new("http://localhost:3000")?;
    /// let session = auth.validate(&headers).await?;
    /// println!("{} is signed in", session.user.id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn validate(
        &self,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Arc<AuthSession>, Rejection>> + Send + 'static + use<> {
        let verdict = self.verdict(headers);
        async move { Rejection::unless_active(verdict.await) }
    }

    /// Like [`validate`](Self::validate), with `None` for anonymous and signed out, and for nothing else.
    ///
    /// # Errors
    ///
    /// 403 `USER_BANNED`, and 503 when the auth server is unavailable.
    ///
    /// # Panics
    ///
    /// As [`validate`](Self::validate) does.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future disturbs nobody: the call it waited for goes on for others, within its deadline.
    pub fn validate_optional(
        &self,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Option<Arc<AuthSession>>, Rejection>> + Send + 'static + use<>
    {
        let verdict = self.verdict(headers);
        async move { Rejection::unless_known(verdict.await) }
    }

    /// Forgets a session, by its id: the next request that shows it is checked with the auth server.
    ///
    /// Call it where the application itself ends or changes a session. An answer that was asked for before cannot bring
    /// it back. Costs no call.
    ///
    /// With a cache that [processes share](crate::guide::fleet), every one of them forgets it, most within milliseconds.
    /// The future is done when they have been told, or after the time-out of the shared cache; it goes on being tried in
    /// the background.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens before the first poll. From then on it is forgotten, and others are told, also if the future is
    /// dropped.
    pub async fn invalidate_session(&self, id: &str) {
        self.validator.invalidate(&Invalidation::Session(id)).await;
    }

    /// Forgets all sessions of a user, by the user's id: after a ban, a changed role, a deleted account.
    ///
    /// In every process, as [`invalidate_session`](Self::invalidate_session) does.
    pub async fn invalidate_user(&self, id: &str) {
        self.validator.invalidate(&Invalidation::User(id)).await;
    }

    /// Forgets everything, in every process.
    pub async fn invalidate_all(&self) {
        self.validator.invalidate(&Invalidation::Everything).await;
    }

    fn verdict(
        &self,
        headers: &HeaderMap,
    ) -> impl Future<Output = Verdict> + Send + 'static + use<> {
        let inquiry = self.validator.inquire(headers, &Extensions::new());
        let validator = Arc::clone(&self.validator);
        async move { validator.ask(&inquiry, Refresh::Never).await.verdict }
    }

    pub(super) fn of(validator: Validator) -> Self {
        let validator = Arc::new(validator);
        Self { validator }
    }

    pub(crate) fn validator(&self) -> Arc<Validator> {
        Arc::clone(&self.validator)
    }
}

impl fmt::Debug for BetterAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BetterAuth").finish_non_exhaustive()
    }
}
