//! Sessions of a [Better Auth](https://www.better-auth.com) server, checked in Rust.
//!
//! Your users sign in at a Better Auth server, and their browsers send the same cookies to your API. [`SessionAuth`]
//! forwards the session cookie to the auth server's `GET /api/auth/get-session` and goes by the answer. So a sign-out,
//! a ban or a new role holds from the next request on, and this crate holds no keys. When the auth server cannot
//! answer, the client gets a 503: a failure lets nobody in and logs nobody out.
//!
//! # Quickstart
//!
//! ```no_run
//! use axum::{Json, Router, routing::get};
//! use tower_better_auth::{BetterAuth, CurrentUser, Require, SessionAuth};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let auth = BetterAuth::new("http://localhost:3000")?;
//!     let app = Router::new()
//!         .route("/me", get(me))
//!         .route("/admin", get(admin).route_layer(Require::role("admin")))
//!         .layer(SessionAuth::new(auth));
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//!     axum::serve(listener, app).await?;
//!     Ok(())
//! }
//!
//! async fn me(user: CurrentUser) -> Json<CurrentUser> {
//!     Json(user)
//! }
//!
//! async fn admin(user: CurrentUser) -> String {
//!     format!("Hello {}, you are an admin", user.name)
//! }
//! ```
//!
//! `SessionAuth` covers the routes above it. Routes that are added after it are not covered.
//!
//! # The five types to know
//!
//! - [`BetterAuth`] is the handle to one auth server. Make it once and clone it freely.
//! - [`SessionAuth`] is the layer that asks. Whoever is not signed in is answered there; with
//!   [`optional`](SessionAuth::optional) every request reaches the handler, and the auth server is asked on demand.
//! - [`CurrentUser`] is the extractor. It dereferences to [`User`], or to a type of your own.
//! - [`Require`] is the guard: a layer on a route that asks for a role, for the user in the path, or for what a
//!   [`Guard`] of your own asks for.
//! - [`Rejection`] is what the client is told: status, stable code, message. JSON by default; problem details, a redirect
//!   to the sign-in page or a form of your own by [choice](guide::answers).
//!
//! # When the auth server is down
//!
//! The status of an answer alone says nothing: Better Auth answers 200 with the body `null` to whoever is not signed
//! in. There are three outcomes of asking, and no failure turns one into another.
//!
//! | the auth server | the outcome | on a route that requires a session |
//! | --- | --- | --- |
//! | answers 200 with a session and its user | signed in | the handler runs |
//! | answers 200 with `null`, or 401 with JSON, or an API key with 403 `INVALID_API_KEY` | signed out | 401 `INVALID_SESSION` |
//! | does anything else: no connection, too late, any other status, HTML, half an answer | unavailable | 503 `AUTH_SERVICE_UNAVAILABLE` |
//! | is not asked, for want of a session cookie | anonymous | 401 `UNAUTHENTICATED` |
//!
//! Two things in the answer are looked at here as well. A session whose `expiresAt` has passed is signed out. A user
//! whose ban is in force is 403 `USER_BANNED`; Better Auth ends the sessions of a user whom it bans, but does not look
//! at the ban when it is asked for a session that is still there.
//!
//! Every 503 has `Retry-After`: what the auth server asked for, between 1 and 30 seconds, or else at most 2. The log
//! [says why](guide::observing), and what to do. While it hangs, a request waits for the
//! [`deadline`](BetterAuthBuilder::deadline); once half of the calls have failed, the [circuit breaker](CircuitBreaker::on)
//! answers at once, and lets one call through now and then to see whether it is back. Sessions that are
//! [remembered](BetterAuthBuilder::cache) go on meanwhile, and so does a request under an optional layer that nobody asks
//! about. [`BetterAuth::check`] says at the start whether sessions can be checked at all; see the
//! [guide](guide::operating).
//!
//! # Which extractor when
//!
//! | you need | write | nobody is signed in |
//! | --- | --- | --- |
//! | the user | [`user: CurrentUser`](CurrentUser) | 401 |
//! | the user with your own fields | [`user: CurrentUser<Profile>`](CurrentUser) | 401 |
//! | the user, if there is one | [`user: Option<CurrentUser>`](CurrentUser), under [`optional`](SessionAuth::optional) | `None` |
//! | the session as well | [`session: CurrentSession`](CurrentSession) | 401 |
//! | only that somebody is signed in | nothing: [`SessionAuth`] has seen to it | 401 |
//! | the verdict without a layer | [`BetterAuth::validate`] | `Err` with a 401 |
//! | to hear when the session of an [open connection](guide::connections) is over | [`session.lease()`](CurrentSession::lease) | 401 |
//! | a page of [devices](guide::devices), and sign-out | [`BetterAuth::sessions_router`], [`list_sessions`](BetterAuth::list_sessions), [`sign_out`](BetterAuth::sign_out) | 401 |
//!
//! All of them answer 503 when the auth server is unavailable and 403 when the user is banned, `Option` too. On a route
//! without `SessionAuth` they answer 500, and the log names the fix. See the [guide](guide::extractors).
//!
//! # Guards
//!
//! Put guards on routes with `route_layer`, and put [`SessionAuth`] around them. A guard answers before the handler
//! runs and before the body is read.
//!
//! ```
//! use axum::{Router, body::Body, routing::get};
//! use http::{Request, StatusCode, header};
//! use tower::ServiceExt;
//! use tower_better_auth::{
//!     BetterAuth, Require, SessionAuth,
//!     testing::{AuthServer, user},
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = AuthServer::start().await;
//! let ada = server.sign_in(user("ada").role("user"));
//! let grace = server.sign_in(user("grace").role("user,admin"));
//!
//! let oneself_or_admin = Require::user_id("user_id").or(Require::role("admin"));
//! let app: Router = Router::new()
//!     .route("/users/{user_id}", get(|| async { "hello" }).route_layer(oneself_or_admin))
//!     .layer(SessionAuth::new(BetterAuth::new(server.url())?));
//!
//! for (path, who, expected) in [
//!     ("/users/ada", &ada, StatusCode::OK),
//!     ("/users/grace", &ada, StatusCode::FORBIDDEN),
//!     ("/users/ada", &grace, StatusCode::OK),
//! ] {
//!     let request = Request::get(path).header(header::COOKIE, who.cookie()).body(Body::empty())?;
//!     assert_eq!(app.clone().oneshot(request).await?.status(), expected, "{path}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! In a handler, [`user.require_role("admin")?`](User::require_role) and [`user.require_id(&id)?`](User::require_id)
//! do the same with the same answer. For rules of your own, see [`Guard`]; for all the guards, and which to take when, the
//! [guide](guide::guards).
//!
//! # Settings
//!
//! [`BetterAuth::new`] takes every default. [`BetterAuth::builder`] changes them; the values are in [`defaults`].
//!
//! | method | default |
//! | --- | --- |
//! | [`base_path`](BetterAuthBuilder::base_path) | [`/api/auth`](defaults::BASE_PATH), unless the URL has a path |
//! | [`session_path`](BetterAuthBuilder::session_path) | [`/get-session`](defaults::SESSION_PATH) |
//! | [`cookie_prefix`](BetterAuthBuilder::cookie_prefix) | [`better-auth`](defaults::COOKIE_PREFIX) |
//! | [`session_cookie`](BetterAuthBuilder::session_cookie) | follows `cookie_prefix`, with and without `__Secure-` |
//! | [`connect_timeout`](BetterAuthBuilder::connect_timeout) | [1 second](defaults::CONNECT_TIMEOUT) |
//! | [`deadline`](BetterAuthBuilder::deadline) | [5 seconds](defaults::DEADLINE) for the whole check |
//! | [`max_body`](BetterAuthBuilder::max_body) | [64 KiB](defaults::MAX_BODY) |
//! | [`cache`](BetterAuthBuilder::cache) | off: every request is checked with the auth server |
//! | [`redis`](BetterAuthBuilder::redis) | off: each process remembers for itself |
//! | [`retries`](BetterAuthBuilder::retries) | [1](defaults::RETRIES), within a budget |
//! | [`circuit_breaker`](BetterAuthBuilder::circuit_breaker) | [on](CircuitBreaker::on) |
//! | [`max_concurrency`](BetterAuthBuilder::max_concurrency) | [64](defaults::MAX_CONCURRENCY) calls at once |
//! | [`reject_ambiguous_cookies`](BetterAuthBuilder::reject_ambiguous_cookies) | off: the auth server decides |
//! | [`accept_bearer`](BetterAuthBuilder::accept_bearer) | off: `Authorization` is ignored |
//! | [`accept_api_key`](BetterAuthBuilder::accept_api_key) | off: `X-Api-Key` is ignored |
//! | [`trust_cookie_cache`](BetterAuthBuilder::trust_cookie_cache) | off: the auth server looks the session up |
//! | [`refresh_sessions`](BetterAuthBuilder::refresh_sessions) | off: no session is prolonged, see the [guide](guide::refresh) |
//! | [`client_ip`](BetterAuthBuilder::client_ip) | not sent |
//! | [`origin`](BetterAuthBuilder::origin) | that of the URL; permission checks and [sign-outs](guide::devices) send it |
//! | [`decode_with`](BetterAuthBuilder::decode_with) | what `GET /get-session` answers |
//! | [`http_client`](BetterAuthBuilder::http_client) | a reqwest client: no redirects, no proxy, no cookie store |
//! | [`transport`](BetterAuthBuilder::transport) | that client |
//! | [`audit`](BetterAuthBuilder::audit) | audit events are logged |
//! | [`trace_context`](BetterAuthBuilder::trace_context) | not sent, unless the request brings one |
//! | [`clock`](BetterAuthBuilder::clock) | the system's; another one is for tests |
//!
//! ```
//! use std::time::Duration;
//! use tower_better_auth::{BetterAuth, Cache, ConfigError};
//!
//! let auth = BetterAuth::builder("https://shop.example")
//!     .cookie_prefix("shop")
//!     .cache(Cache::ttl(Duration::from_secs(10)))
//!     .build()?;
//!
//! // What cannot work is found at start-up.
//! let error = BetterAuth::new("localhost:3000").unwrap_err();
//! assert!(matches!(error, ConfigError::Url { .. }));
//! # Ok::<_, ConfigError>(())
//! ```
//!
//! # What is sent
//!
//! To check a session, one `GET` with the session cookies, to an address that nothing in a client's request can change. No
//! other cookie and no other header of the client's leaves, unless it is switched on. See the [guide](guide::sent).
//!
//! # Security notes
//!
//! - It fails closed. There is no setting that lets a request through when the auth server is unavailable.
//! - The session token is dropped while the answer is decoded. No [`Session`] holds it, and this crate never logs it.
//! - Nothing that the auth server wrote reaches a client in a refusal: no error text, no URL, and no cookie but those of a
//!   session that was prolonged or is over: with [`refresh_sessions`](BetterAuthBuilder::refresh_sessions), and after
//!   [`organization_member`](Require::organization_member) and [`organization_role`](Require::organization_role).
//! - Better Auth's cookies are `SameSite=Lax` unless told otherwise, which stops most requests that other sites forge, but
//!   not those of your other subdomains, nor WebSocket handshakes from there: add the layer
//!   [`SameOrigin`](guide::origins), which stops all of those that may change something. A `GET` passes, so let it change
//!   nothing.
//! - A sibling subdomain can set a second session cookie. The auth server reads the first that the browser sends; an
//!   audit event says so. [`reject_ambiguous_cookies`](BetterAuthBuilder::reject_ambiguous_cookies) answers 401 instead.
//! - A WebSocket or a stream is checked when it opens, and while it is open only by a [`Lease`]: see the
//!   [guide](guide::connections).
//! - Users choose their names, of any length: escape them where you show them.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `reqwest` | yes | the HTTP client: [`BetterAuth::new`], [`BetterAuth::from_env`], [`http_client`](BetterAuthBuilder::http_client). Without it, give a [`transport`](BetterAuthBuilder::transport) |
//! | `rustls` | yes | `https` auth servers, by rustls and the platform's certificates. Switches on `reqwest` |
//! | `native-tls` | no | `https` auth servers, by the platform's own TLS. Switches on `reqwest` |
//! | `axum` | yes | [`Access::path_param`] and the guards that name a path parameter. The extractors are there without it |
//! | `metrics` | no | [metrics](guide::observing#metrics), through the `metrics` facade |
//! | `webhooks` | no | [`BetterAuth::revocations`]: sign-outs, bans and new roles that Better Auth [sends](guide::revocations) |
//! | `redis` | no | [`redis`](BetterAuthBuilder::redis): a cache and revocations that the processes of a [fleet](guide::fleet) share; [`BetterAuth::watch_secondary_storage`]: [revocations](guide::revocations) from Better Auth's own Redis |
//! | `proxy` | no | [`BetterAuth::proxy`]: Better Auth's endpoints on the [origin](guide::origins) of the app |
//! | `csrf` | no | [`SameOrigin`]: refuses what [other sites](guide::origins) ask in a user's name |
//! | `ws` | no | [`Ended::close`](lease::Ended::close): closes a WebSocket of axum's when its session is over. Switches on `axum` |
//! | `testing` | no | for the tests of your app: `testing::AuthServer`, a Better Auth server that fails on command, on a socket or in process; layers that need no server; `assert_protected`. See `guide::testing` |
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod guide;
mod types;
#[cfg(any(feature = "csrf", feature = "proxy"))]
mod upgrade;
mod cookie;
mod credential;
mod question;
mod clock;
mod chance;
mod visible;
mod verdict;
mod observe;
pub mod rejection;
mod gate;
pub mod extract;
pub mod require;
mod client;
mod cache;
mod validate;
mod better_auth;
pub mod session_auth;
pub mod lease;
mod manage;
#[cfg(feature = "webhooks")]
#[cfg_attr(docsrs, doc(cfg(feature = "webhooks")))]
pub mod webhooks;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub mod secondary_storage;
#[cfg(feature = "csrf")]
#[cfg_attr(docsrs, doc(cfg(feature = "csrf")))]
pub mod cross_site;
#[cfg(feature = "proxy")]
#[cfg_attr(docsrs, doc(cfg(feature = "proxy")))]
pub mod proxy;
pub mod health;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;

#[cfg(feature = "redis")]
#[doc(inline)]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use self::cache::Redis;
#[cfg(feature = "csrf")]
#[doc(inline)]
#[cfg_attr(docsrs, doc(cfg(feature = "csrf")))]
pub use self::cross_site::SameOrigin;
#[doc(inline)]
pub use self::{
    better_auth::{BetterAuth, BetterAuthBuilder, CircuitBreaker, ConfigError, defaults},
    cache::Cache,
    extract::{CurrentSession, CurrentUser},
    health::{BreakerState, CheckError, Diagnosis, Readiness},
    lease::Lease,
    manage::{Device, SignedOut},
    observe::{AuditEvent, AuditEventKind},
    rejection::{Rejection, RejectionKind, ResponseBody},
    require::{Access, Denied, Guard, Require},
    session_auth::{SessionAuth, SessionAuthService},
    types::{AuthSession, FieldError, Session, User},
};

/// The examples of the README, as doctests.
#[cfg(all(doctest, feature = "reqwest", feature = "testing"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
