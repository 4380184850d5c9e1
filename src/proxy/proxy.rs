use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum_core::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt;
use tower_service::Service;

use super::{future::ResponseFuture, headers::PublicOrigin, places::Places};
use crate::{
    better_auth::{BetterAuth, ConfigError},
    client::{BoxError, Endpoint, InvalidEndpoint},
    clock::FOREVER,
    observe::{self, Throttles},
};

/// Serves Better Auth's endpoints on the origin of the app. Made by [`BetterAuth::proxy`].
///
/// See the [module docs](crate::proxy) for its rules.
#[derive(Clone)]
#[must_use = "it serves nothing unless it is mounted"]
pub struct Proxy {
    pub(super) auth: BetterAuth,
    pub(super) settings: Arc<Settings>,
    pub(super) places: Arc<Places>,
    pub(super) warnings: Arc<Throttles>,
}

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) max_body: u64,
    pub(super) deadline: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) public: Option<PublicOrigin>,
    pub(super) further_cookies: Vec<String>,
}

impl BetterAuth {
    /// A tower service that serves Better Auth's endpoints on the origin of this app, by passing them on.
    ///
    /// Browsers then talk to one origin, and whatever changes a session on its way is known to the
    /// [cache](Self::invalidate_user) at once. Mount it at the base path, outside of
    /// [`SessionAuth`](crate::SessionAuth): whoever signs in has no session yet. See the [module docs](crate::proxy)
    /// for its rules, and the [guide](crate::guide::origins) for when to take it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use axum::{Router, extract::ConnectInfo, routing::get};
    /// use tower_better_auth::{BetterAuth, CurrentUser, SessionAuth};
    ///
    /// async fn me(user: CurrentUser) -> String {
    ///     user.name.clone()
    /// }
    ///
    /// let auth = BetterAuth::builder("http://localhost:3000")
    ///     // The auth server limits sign-ins by the client's address.
    ///     .client_ip(|_, extensions| extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.ip()))
    ///     .build()?;
    /// let app: Router = Router::new()
    ///     .route("/me", get(me))
    ///     .layer(SessionAuth::new(auth.clone()))
    ///     .route_service("/api/auth/{*path}", auth.proxy());
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    pub fn proxy(&self) -> Proxy {
        if self.validator().client_ip.is_none() {
            observe::advice(
                "the proxy sends no client address, so the auth server's rate limiter counts all sign-ins together: set \
                 `client_ip`",
            );
        }
        Proxy {
            auth: self.clone(),
            settings: Arc::new(Settings {
                max_body: Proxy::MAX_BODY,
                deadline: Proxy::DEADLINE,
                idle_timeout: Proxy::IDLE_TIMEOUT,
                public: None,
                further_cookies: Vec::new(),
            }),
            places: Arc::new(Places::new(Proxy::MAX_CONCURRENCY)),
            warnings: Arc::default(),
        }
    }
}

impl Proxy {
    /// The most bytes of a request's body, unless set: 1 MiB.
    pub const MAX_BODY: u64 = 1024 * 1024;

    /// The most that it may take until an answer begins, unless set: 30 seconds.
    pub const DEADLINE: Duration = Duration::from_secs(30);

    /// The longest silence within a body, unless set: 10 seconds.
    pub const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

    /// The most requests that wait for an answer at once, unless set: 64.
    pub const MAX_CONCURRENCY: usize = 64;

    /// The most bytes of a request's body: past it the answer is 413, at once where the length is announced.
    ///
    /// Bodies of answers are not limited: they pass as they come. Defaults to 1 MiB.
    pub fn max_body(mut self, bytes: u64) -> Self {
        Arc::make_mut(&mut self.settings).max_body = bytes;
        self
    }

    /// The most that it may take from the head of a request to the head of its answer: the client's body, waiting for a
    /// place, and what the auth server does.
    ///
    /// Past it the answer is 408 where a body is read first and is not there yet, else 503; the auth server may then
    /// have done what it was asked to. Longer than the deadline of a check, because sign-ins send e-mails and ask other
    /// providers. Defaults to 30 seconds.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        Arc::make_mut(&mut self.settings).deadline = deadline.min(FOREVER);
        self
    }

    /// The longest silence within a body: in that of a request the answer is then 408, in that of an answer the connection
    /// is closed. Defaults to 10 seconds.
    pub fn idle_timeout(mut self, silence: Duration) -> Self {
        Arc::make_mut(&mut self.settings).idle_timeout = silence;
        self
    }

    /// The most requests that wait for the auth server at once. Further ones wait for a place, within the deadline, and so do
    /// those of whom it is still to be found out who they are; where 1,024 do already, the answer is 503 at once.
    ///
    /// A quarter of them may have a body that is longer than 64 KiB, or of unknown length: shorter ones are read first, so
    /// that slow clients hold no place. Long ones wait in a line of their own, which is as long. An answer whose head is there
    /// holds no place either. At least 1.
    /// Defaults to 64.
    pub fn max_concurrency(mut self, requests: usize) -> Self {
        self.places = Arc::new(Places::new(requests));
        self
    }

    /// Tells the auth server where browsers find this app, as `X-Forwarded-Proto` and `X-Forwarded-Host`.
    ///
    /// Only for servers that derive their URL from the request, with `advanced.trustedProxyHeaders`; on all others set
    /// Better Auth's `baseURL` to this origin. Never taken from a request: whoever chooses the host chooses where links in
    /// e-mails lead. Not sent by default.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Origin`] unless it is scheme, host and port, like `https://app.example.com`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_better_auth::BetterAuth;
    ///
    /// let auth = BetterAuth::new("http://auth.internal:3000")?;
    /// let proxy = auth.proxy().public_origin("https://app.example.com")?;
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    pub fn public_origin(mut self, origin: impl AsRef<str>) -> Result<Self, ConfigError> {
        let endpoint =
            Endpoint::parse_origin(origin.as_ref()).map_err(ConfigError::public_origin)?;
        let (scheme, authority) = endpoint.scheme_and_authority();
        let value = |text: &str| {
            HeaderValue::from_str(text)
                .map_err(|_| ConfigError::public_origin(InvalidEndpoint::NotAUrl))
        };
        let public = PublicOrigin {
            scheme: value(scheme)?,
            authority: value(authority)?,
        };
        Arc::make_mut(&mut self.settings).public = Some(public);
        Ok(self)
    }

    /// Passes this cookie on as well: one to which Better Auth's `advanced.cookies` or a plugin gave a name without the
    /// prefix. The name is compared in full, with `__Secure-` where it has it. None by default.
    pub fn forward_cookie(mut self, name: impl Into<String>) -> Self {
        let settings = Arc::make_mut(&mut self.settings);
        settings.further_cookies.push(name.into());
        self
    }
}

impl<B> Service<Request<B>> for Proxy
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
        ResponseFuture::of(self.clone().serve(request))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").finish_non_exhaustive()
    }
}
