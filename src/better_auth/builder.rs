use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Extensions, HeaderMap, Request, Response};
use tower_service::Service;

use super::{CircuitBreaker, defaults};
use crate::{
    cache::Cache,
    client::{CookieCache, Decoder, TowerTransport, Transport},
    clock::Clock,
    credential::{Acceptance, Ambiguity},
    observe::AuditSink,
    question::Refresh,
    types::AuthSession,
    validate::{ClientIp, TraceContext},
};

/// Sets up a [`BetterAuth`](crate::BetterAuth) handle. Made by [`BetterAuth::builder`](crate::BetterAuth::builder).
///
/// Every setting has a default that fits a Better Auth server as its documentation sets it up; the values are in
/// [`defaults`], and a table of all settings is in the [crate docs](crate#settings).
#[must_use = "call `build`"]
pub struct BetterAuthBuilder {
    pub(super) url: String,
    pub(super) base_path: Option<String>,
    pub(super) session_path: String,
    pub(super) cookie_prefix: String,
    pub(super) session_cookie: Option<String>,
    pub(super) connect_timeout: Duration,
    pub(super) deadline: Duration,
    pub(super) max_body: usize,
    pub(super) retries: u32,
    pub(super) circuit_breaker: CircuitBreaker,
    pub(super) max_concurrency: usize,
    pub(super) cache: Option<Cache>,
    #[cfg(feature = "redis")]
    pub(super) redis: Option<crate::cache::Redis>,
    pub(super) ambiguity: Ambiguity,
    pub(super) bearer: Acceptance,
    pub(super) api_key: Acceptance,
    pub(super) cookie_cache: CookieCache,
    pub(super) refresh: Refresh,
    pub(super) client_ip: Option<Box<ClientIp>>,
    pub(super) origin: Option<String>,
    pub(super) decoder: Decoder,
    pub(super) transport: Option<Arc<dyn Transport>>,
    pub(super) clock: Clock,
    pub(super) audit: Option<Box<AuditSink>>,
    pub(super) trace_context: Option<Box<TraceContext>>,
}

impl BetterAuthBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            base_path: None,
            session_path: defaults::SESSION_PATH.to_owned(),
            cookie_prefix: defaults::COOKIE_PREFIX.to_owned(),
            session_cookie: None,
            connect_timeout: defaults::CONNECT_TIMEOUT,
            deadline: defaults::DEADLINE,
            max_body: defaults::MAX_BODY,
            retries: defaults::RETRIES,
            circuit_breaker: CircuitBreaker::on(),
            max_concurrency: defaults::MAX_CONCURRENCY,
            cache: None,
            #[cfg(feature = "redis")]
            redis: None,
            ambiguity: Ambiguity::LetTheServerDecide,
            bearer: Acceptance::Ignored,
            api_key: Acceptance::Ignored,
            cookie_cache: CookieCache::Bypassed,
            refresh: Refresh::Never,
            client_ip: None,
            origin: None,
            decoder: Decoder::BetterAuth,
            transport: None,
            clock: Clock::default(),
            audit: None,
            trace_context: None,
        }
    }

    /// The path under which the auth server serves its endpoints: Better Auth's `basePath`.
    ///
    /// Only for a URL without a path: one with a path is the base path itself. Defaults to `/api/auth`.
    pub fn base_path(mut self, path: impl Into<String>) -> Self {
        self.base_path = Some(path.into());
        self
    }

    /// The endpoint, below the base path, that says who is signed in.
    ///
    /// For teams that wrote a route of their own, such as `/session`. It may answer `null` or 401 with JSON for
    /// signed out; where its 200 has another shape, add [`decode_with`](Self::decode_with). Defaults to
    /// `/get-session`.
    pub fn session_path(mut self, path: impl Into<String>) -> Self {
        self.session_path = path.into();
        self
    }

    /// The most that a new connection to the auth server may take.
    ///
    /// Part of the [`deadline`](Self::deadline). Does nothing with a [`transport`](Self::transport) or
    /// [`http_client`](Self::http_client) of your own, which has its own. Defaults to 1 second.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The most that a check may take in all: waiting for a turn, connection, headers, body and retries.
    ///
    /// Past it the answer is 503. Each question of a guard has a deadline of its own, and a look into a cache that
    /// processes share comes on top. Defaults to 5 seconds.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The most bytes of an answer's body that are read.
    ///
    /// An answer past it is a 503 for that user, and the rest of it is not read. Defaults to 64 KiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sends the client's address to the auth server as `X-Forwarded-For`: one address, never the client's own chain.
    ///
    /// Better Auth's rate limiter counts by that address. Without it, since 1.6.17, all requests of this service share
    /// one budget. `find` gets the request's headers and extensions, and may be called for any request;
    /// [`BetterAuth::validate`](crate::BetterAuth::validate) has no extensions to give. Take the peer's address, or a
    /// header that your own proxy sets: what a client can write, it can choose. Not sent by default.
    ///
    /// A 429 to a call with an address is for that client alone. After one that names a time, to a call without, such calls
    /// are not made until then.
    ///
    /// It is also the address in [audit events](crate::AuditEvent), and not the one of
    /// [`Require::same_ip`](crate::Require::same_ip), which has a closure of its own.
    ///
    /// # Examples
    ///
    /// The peer's address, in an app that is served with `into_make_service_with_connect_info::<SocketAddr>()`:
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use axum::extract::ConnectInfo;
    /// use tower_better_auth::BetterAuth;
    ///
    /// let auth = BetterAuth::builder("http://localhost:3000")
    ///     .client_ip(|_headers, extensions| {
    ///         extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip())
    ///     })
    ///     .build()?;
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    pub fn client_ip<F>(mut self, find: F) -> Self
    where
        F: Fn(&HeaderMap, &Extensions) -> Option<IpAddr> + Send + Sync + 'static,
    {
        self.client_ip = Some(Box::new(find));
        self
    }

    /// The `Origin` of POST requests with cookies: one of Better Auth's `trustedOrigins`.
    ///
    /// Only [`Require::permission`](crate::Require::permission),
    /// [`organization_permission`](crate::Require::organization_permission) and what ends
    /// [sessions](crate::guide::devices) send it. Set it when the auth server's own
    /// `baseURL` is another one than the URL of this handle. Defaults to the origin of the URL.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Reads the body of a 200 in your own way, for servers with `customSession` or a route of your own.
    ///
    /// `Ok(None)` is signed out, an error is unavailable: 503, with the error in the log, so keep what the body says
    /// out of it. The body has to be declared as JSON, and what the session holds is checked as always: its end, and
    /// bans. Defaults to what `GET /get-session` answers.
    ///
    /// With `customSession`, Better Auth before 1.7.10 answers `null` also when its database is down; no decoder can
    /// tell that from signed out. Before 1.6.6 that plugin refuses every session check of this crate, which is a 503. See
    /// [versions](crate::guide::versions).
    ///
    /// # Examples
    ///
    /// ```
    /// use serde_json::{Value, json};
    /// use tower_better_auth::BetterAuth;
    ///
    /// // The server answers {"userId": "...", "sessionId": "...", "expiresAt": "..."}.
    /// let auth = BetterAuth::builder("http://localhost:3000")
    ///     .decode_with(|body| {
    ///         let answer: Value = serde_json::from_slice(body)?;
    ///         if answer.is_null() {
    ///             return Ok(None);
    ///         }
    ///         let session = json!({
    ///             "user": {"id": answer["userId"]},
    ///             "session": {"id": answer["sessionId"], "expiresAt": answer["expiresAt"]},
    ///         });
    ///         Ok(Some(serde_json::from_value(session)?))
    ///     })
    ///     .build()?;
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    pub fn decode_with<F>(mut self, decode: F) -> Self
    where
        F: Fn(&[u8]) -> Result<Option<AuthSession>, Box<dyn std::error::Error + Send + Sync>>
            + Send
            + Sync
            + 'static,
    {
        self.decoder = Decoder::Custom(Arc::new(decode));
        self
    }

    /// Reaches the auth server through any tower service: for metrics, mutual TLS, a Unix socket, or a server in the
    /// same process.
    ///
    /// Cloned for every call. The [`deadline`](Self::deadline) and [`max_body`](Self::max_body) hold all the same;
    /// the service must not follow redirects, keep cookies or decompress. A proxy of this handle goes the same way: it reads
    /// the body of a request first, and passes that of the answer on as it comes. Defaults to reqwest.
    ///
    /// The headers that carry a credential are marked as sensitive, and a body cannot be: what signs a device out names the
    /// session's token there. Log heads, and no bodies.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Json, Router, routing::get};
    /// use tower_better_auth::BetterAuth;
    ///
    /// let signs_everybody_out = Router::<()>::new()
    ///     .route("/api/auth/get-session", get(|| async { Json(()) }));
    /// # fn as_client(router: Router) -> impl tower::Service<
    /// #     http::Request<bytes::Bytes>, Response = axum::response::Response, Error = std::convert::Infallible,
    /// #     Future: Send,
    /// # > + Clone + Send + 'static {
    /// #     tower::ServiceExt::map_request(router, |request: http::Request<bytes::Bytes>| request.map(axum::body::Body::from))
    /// # }
    /// let auth = BetterAuth::builder("http://auth.internal")
    ///     .transport(as_client(signs_everybody_out))
    ///     .build()?;
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    pub fn transport<S, B>(mut self, service: S) -> Self
    where
        S: Service<Request<Bytes>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        S::Future: Send,
        B: http_body::Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.transport = Some(Arc::new(TowerTransport::new(service)));
        self
    }

    /// Reaches the auth server with a reqwest client of your own: for proxies, certificates, DNS.
    ///
    /// Build it with `redirect::Policy::none()`: a client that follows a redirect may take the cookies along, and the
    /// answer from the other address is not believed. Let it keep idle connections for less than the five seconds of
    /// Node. Replaces a [`transport`](Self::transport) that was set before, and the other way round. Defaults to a
    /// client that follows no redirects, uses no proxy, keeps no cookies and does not decompress.
    #[cfg(feature = "reqwest")]
    #[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.transport = Some(Arc::new(crate::client::HttpClient::from(client)));
        self
    }
}

impl fmt::Debug for BetterAuthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BetterAuthBuilder").finish_non_exhaustive()
    }
}
