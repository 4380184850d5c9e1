use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Extensions, HeaderMap, Request, Response};
use tower_service::Service;

use super::{BetterAuth, ConfigError, default_transport::default_transport, defaults};
use crate::{
    client::{Client, CookieCache, Decoder, Endpoint, Questions, TowerTransport, Transport},
    cookie::CookieNames,
    credential::{Acceptance, Ambiguity, CredentialPolicy},
    observe,
    types::AuthSession,
    validate::{ClientIp, Validator},
};

/// Sets up a [`BetterAuth`] handle. Made by [`BetterAuth::builder`].
///
/// Every setting has a default that fits a Better Auth server as its documentation sets it up; all of them are in
/// [`defaults`].
#[must_use = "call `build`"]
pub struct BetterAuthBuilder {
    url: String,
    base_path: Option<String>,
    session_path: String,
    cookie_prefix: String,
    session_cookie: Option<String>,
    connect_timeout: Duration,
    deadline: Duration,
    max_body: usize,
    ambiguity: Ambiguity,
    bearer: Acceptance,
    api_key: Acceptance,
    cookie_cache: CookieCache,
    client_ip: Option<Box<ClientIp>>,
    decoder: Decoder,
    transport: Option<Arc<dyn Transport>>,
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
            ambiguity: Ambiguity::LetTheServerDecide,
            bearer: Acceptance::Ignored,
            api_key: Acceptance::Ignored,
            cookie_cache: CookieCache::Bypassed,
            client_ip: None,
            decoder: Decoder::BetterAuth,
            transport: None,
        }
    }

    /// The path under which the auth server serves its endpoints: Better Auth's `basePath`.
    ///
    /// Only for a URL without a path. Defaults to `/api/auth`.
    pub fn base_path(mut self, path: impl Into<String>) -> Self {
        self.base_path = Some(path.into());
        self
    }

    /// The endpoint, below the base path, that says who is signed in.
    ///
    /// For teams that wrote a route of their own, such as `/session`. It may answer `null` or 401 with JSON for
    /// signed out. Defaults to `/get-session`.
    pub fn session_path(mut self, path: impl Into<String>) -> Self {
        self.session_path = path.into();
        self
    }

    /// What stands before the dot in the cookies' names: Better Auth's `advanced.cookiePrefix`.
    ///
    /// The names with `__Secure-` in front are found as well. Defaults to `better-auth`.
    pub fn cookie_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.cookie_prefix = prefix.into();
        self
    }

    /// The session cookie's name in full, with `__Secure-` where the server has it:
    /// Better Auth's `advanced.cookies.session_token.name`.
    ///
    /// No other spelling and no `dont_remember` cookie is forwarded then. Not set by default: the name follows
    /// [`cookie_prefix`](Self::cookie_prefix).
    pub fn session_cookie(mut self, name: impl Into<String>) -> Self {
        self.session_cookie = Some(name.into());
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

    /// The most that a check may take in all: connection, headers and body.
    ///
    /// Past it the answer is 503. Defaults to 5 seconds.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The most bytes of an answer's body that are read.
    ///
    /// An answer past it is a 503 for that user. It is never held in memory. Defaults to 64 KiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Answers 401 without a call when a request brings one session cookie name more than once.
    ///
    /// A sibling subdomain can set such a cookie. By default all of them are forwarded in the order sent, the server
    /// reads the first, and a warning is logged.
    pub fn reject_ambiguous_cookies(mut self) -> Self {
        self.ambiguity = Ambiguity::Reject;
        self
    }

    /// Accepts `Authorization: Bearer`, for auth servers with Better Auth's bearer plugin.
    ///
    /// Where a request brings a cookie as well, both are forwarded. The server takes the bearer before the cookie,
    /// and the cookie when the bearer's signature is bad; a token without a signature counts also when its session is
    /// over. Off by default: the header is then ignored.
    pub fn accept_bearer(mut self) -> Self {
        self.bearer = Acceptance::Accepted;
        self
    }

    /// Accepts `X-Api-Key`, for auth servers with Better Auth's API key plugin and `enableSessionForAPIKeys`.
    ///
    /// A key overrides cookies, also when it is not valid. Every check counts against the key's own rate limit, which
    /// Better Auth sets to ten a day unless told otherwise. Off by default: the header is then ignored.
    pub fn accept_api_key(mut self) -> Self {
        self.api_key = Acceptance::Accepted;
        self
    }

    /// Lets the auth server answer from its cookie cache, by forwarding `session_data` as well.
    ///
    /// Needed for servers without a database. On all others the price is that a revoked session, a ban and a changed
    /// role are seen only when the cookie ends, after five minutes unless the server says otherwise. Off by default.
    ///
    /// Raises the most that is forwarded from 8 KiB to 14 KiB.
    pub fn trust_cookie_cache(mut self) -> Self {
        self.cookie_cache = CookieCache::Trusted;
        self
    }

    /// Sends the client's address to the auth server as `X-Forwarded-For`: one address, never the client's own chain.
    ///
    /// Better Auth's rate limiter counts by that address. Without it all requests of this service share one budget.
    /// `find` gets the request's headers and extensions, and is called for requests that show a credential;
    /// [`BetterAuth::validate`] has no extensions to give. Take the peer's address, or a header that your own proxy
    /// sets: what a client can write, it can choose. Not sent by default.
    ///
    /// # Examples
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

    /// Reads the body of a 200 in your own way, for servers with `customSession` or a route of your own.
    ///
    /// `Ok(None)` is signed out, an error is unavailable: 503, with the error in the log. What the session holds is
    /// checked as always: its end, and bans. Defaults to what `GET /get-session` answers.
    ///
    /// With `customSession`, Better Auth up to 1.7.7 answers `null` also when its database is down; no decoder can
    /// tell that from signed out.
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
    /// the service must not follow redirects, keep cookies or decompress. Defaults to reqwest.
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
        B: http_body::Body + Send,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.transport = Some(Arc::new(TowerTransport::new(service)));
        self
    }

    /// Reaches the auth server with a reqwest client of your own: for proxies, certificates, DNS.
    ///
    /// Build it with `redirect::Policy::none()`: an answer from another address is not believed. Let it keep idle
    /// connections for less than the five seconds of Node. Defaults to a client that follows no redirects, uses no
    /// proxy, keeps no cookies and does not decompress.
    #[cfg(feature = "reqwest")]
    #[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.transport = Some(Arc::new(crate::client::HttpClient::from(client)));
        self
    }

    /// Makes the handle. Opens no connection.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the setting that cannot work, and the fix.
    pub fn build(self) -> Result<BetterAuth, ConfigError> {
        let endpoint = self.endpoint()?;
        for (setting, is_zero) in [
            ("connect_timeout", self.connect_timeout.is_zero()),
            ("deadline", self.deadline.is_zero()),
            ("max_body", self.max_body == 0),
        ] {
            if is_zero {
                return Err(ConfigError::Zero { setting });
            }
        }
        let questions = Questions::new(&endpoint, &self.session_path, self.cookie_cache)
            .map_err(|reason| ConfigError::path("session_path", reason, defaults::SESSION_PATH))?;
        let policy = self.policy()?;
        if endpoint.is_plain_text_over_network() {
            observe::advice(
                "the auth server's URL is plain `http` to another host: session cookies cross the network in clear \
                 text, use `https`",
            );
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => default_transport(&endpoint, self.connect_timeout)?,
        };
        Ok(BetterAuth::of(Validator {
            policy,
            client: Client {
                questions,
                transport,
                decoder: self.decoder,
                deadline: self.deadline,
                max_body: self.max_body,
            },
            client_ip: self.client_ip,
            retry_after: defaults::RETRY_AFTER,
        }))
    }

    fn endpoint(&self) -> Result<Endpoint, ConfigError> {
        let endpoint = Endpoint::parse(&self.url).map_err(ConfigError::url)?;
        let base_path = match &self.base_path {
            None if endpoint.has_path() => return Ok(endpoint),
            None => defaults::BASE_PATH,
            Some(path) => path,
        };
        let with_base_path = endpoint
            .clone()
            .with_path(base_path)
            .map_err(|reason| ConfigError::path("base_path", reason, defaults::BASE_PATH))?;
        if endpoint.has_path() && endpoint != with_base_path {
            return Err(ConfigError::TwoBasePaths);
        }
        Ok(with_base_path)
    }

    fn policy(&self) -> Result<CredentialPolicy, ConfigError> {
        cookie_name("cookie_prefix", &self.cookie_prefix)?;
        let cookies = match &self.session_cookie {
            None => CookieNames::with_prefix(&self.cookie_prefix),
            Some(name) => {
                cookie_name("session_cookie", name)?;
                CookieNames::exactly(name)
            }
        };
        let (cookies, limit) = match self.cookie_cache {
            CookieCache::Bypassed => (cookies, defaults::MAX_CREDENTIAL),
            CookieCache::Trusted => (
                cookies.and_session_data(&self.cookie_prefix),
                defaults::MAX_CREDENTIAL_WITH_COOKIE_CACHE,
            ),
        };
        Ok(CredentialPolicy {
            cookies,
            limit,
            ambiguity: self.ambiguity,
            bearer: self.bearer,
            api_key: self.api_key,
        })
    }
}

/// A `token` of [RFC 9110, 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2), as
/// [RFC 6265](https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1) asks of cookie names.
fn cookie_name(setting: &'static str, name: &str) -> Result<(), ConfigError> {
    const SEPARATORS: &[u8] = b"()<>@,;:\\\"/[]?={}";
    let is_token = |byte: u8| byte.is_ascii_graphic() && !SEPARATORS.contains(&byte);
    if !name.is_empty() && name.bytes().all(is_token) {
        Ok(())
    } else {
        Err(ConfigError::CookieName { setting })
    }
}

impl fmt::Debug for BetterAuthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BetterAuthBuilder").finish_non_exhaustive()
    }
}
