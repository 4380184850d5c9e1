//! Better Auth's endpoints on the origin of the app.
//!
//! 1. Only what lies below the base path is passed on, to the address of the handle. A path that does not mean the same to
//!    every server is 404: `..`, `//`, `\`, `%2f`, `%25`, escaped letters and dots, and control characters. It is the same
//!    path here and there.
//! 2. Method, query, body and headers pass as they are, both ways; redirects, compressed bodies and each `Set-Cookie` line
//!    too. What is for the next hop does not, nor do trailers. An answer without `Cache-Control` gets `private`, so that
//!    nothing that two users share keeps it.
//! 3. Of the cookies, only Better Auth's own are passed on: those whose names begin with the
//!    [prefix](crate::BetterAuthBuilder::cookie_prefix), byte for byte, and are printable ASCII. Those of the app stay here.
//! 4. What a client says about its own address is dropped: `Forwarded`, `X-Forwarded-*`, `X-Original-*`, `X-Real-IP`, and
//!    what CDNs write it into, such as `CF-Connecting-IP`. `Host` is the auth server's. The one address that [`client_ip`](crate::BetterAuthBuilder::client_ip) finds is sent as `X-Forwarded-For`, and
//!    [`public_origin`](Proxy::public_origin) as `X-Forwarded-Host` and `X-Forwarded-Proto`.
//! 5. Bodies pass as they come. Requests are bounded in [length](Proxy::max_body), [number](Proxy::max_concurrency) and
//!    [time](Proxy::deadline), and silence ends a body in either direction.
//! 6. Whatever changes a session has been forgotten by the [cache](crate::BetterAuthBuilder::cache) before the answer is
//!    handed on: see [below](#what-is-forgotten).
//! 7. No failure is an answer about a session.
//!
//! | status | code | when |
//! | --- | --- | --- |
//! | 404 | `NOT_FOUND` | the path is not below the base path, or not a plain one |
//! | 405 | `METHOD_NOT_ALLOWED` | `CONNECT` or `TRACE` |
//! | 400 | `UPGRADE_NOT_SUPPORTED` | a WebSocket |
//! | 400 | `INCOMPLETE_REQUEST` | the body broke off |
//! | 408 | `REQUEST_TIMEOUT` | the client takes too long over its body |
//! | 413 | `PAYLOAD_TOO_LARGE` | the body is too long |
//! | 431 | `REQUEST_HEADER_FIELDS_TOO_LARGE` | the headers take more than 64 KiB, with 32 bytes for each line, as HTTP/2 counts; Node takes 16 KiB |
//! | 502 | `AUTH_SERVICE_BAD_ANSWER` | the connection broke, or what came is no answer |
//! | 503 | `AUTH_SERVICE_UNAVAILABLE` | the auth server cannot be reached, answers with a 5xx, or not in time; or it cannot be found out whose sessions would end |
//!
//! All are JSON, as [refusals](crate::rejection) are. What a 5xx of the auth server says is dropped, and its status logged:
//! since 1.7.13 the `cause` in a 500 of Better Auth can name the address of its database. An answer that breaks off is not
//! ended: the client's connection is closed, so that nobody takes half of it for the whole. A request that changes
//! something may have been done when its answer is a 502 or 503. Nothing is sent twice, and the circuit breaker has no say
//! except in finding out [who it is](#what-is-forgotten).
//!
//! # What is forgotten
//!
//! | passes through | forgotten |
//! | --- | --- |
//! | `/sign-out` | the caller's session, before and after; everything, where the browser has further accounts, or one beside a bearer token |
//! | `/revoke-*`, `/change-password`, `/delete-user`, ... | the caller's sessions, before and after |
//! | `/admin/ban-user`, `set-role`, `update-user`, ... | the sessions of the user in `userId`; everything, if that is no text of up to 256 bytes |
//! | `/multi-session/revoke` | the session of that account, before and after; the caller's, if the browser has no cookie of it |
//! | `/admin/revoke-user-session`, `/reset-password` | everything: nobody is named |
//! | all else that is no `GET`, and links such as `/verify-email`, `/callback/*` and `/oauth2/end-session` | the caller's sessions |
//! | `/has-permission`, `/get-session` and other questions | nothing |
//!
//! When the answer is a 4xx, nothing was changed and nothing is forgotten. When it is a 5xx, or a redirect where none belongs,
//! or there is none, something may have been: then the caller's own sessions are forgotten and nobody else's, because anybody
//! can make an answer fail. Whoever bans somebody and gets a 5xx asks again, or calls
//! [`invalidate_user`](crate::BetterAuth::invalidate_user): until then the cache may believe the banned user's sessions, for as
//! long as their entries last.
//!
//! To know who it is, a session that is not in the cache is checked first, which is one more call, and counts against an API
//! key's limit. When that cannot be found out, because the auth server does not answer, limits the client, or would have
//! to read more than 15 KiB of credentials, then what ends the caller's sessions is not passed on, and the answer is 503.
//! All else is, and only what is known without the caller is forgotten: a sign-out is better than none, because the browser
//! is rid of its cookies.
//!
//! [Leases](crate::Lease) hear of all this, with a cache and without. The [audit trail](crate::BetterAuthBuilder::audit) has
//! what the auth server said was ended, not what it refused or left open, nor what a user changed of their own.
//!
//! Changes that do not pass through here, such as an administrator's on the auth server's own origin, are seen when the
//! entry ends. So is what the auth server does to somebody whom neither cookies nor `userId` name: when the owner of an
//! address signs in by e-mail, it ends the sessions of whoever had signed up with it. And so are further accounts that a
//! browser signs out of whose own session is over.
//!
//! # Deployment
//!
//! - Set Better Auth's `baseURL` to the origin of the app, so that it trusts that `Origin`, and links and redirects lead
//!   there.
//! - Set [`client_ip`](crate::BetterAuthBuilder::client_ip): Better Auth allows three sign-ins in ten seconds from one
//!   address, and without an address from all clients together.
//! - Keep it outside of [`SessionAuth`](crate::SessionAuth): whoever signs in has no session yet.
//! - With its database down, Better Auth answers a sign-out with success and deletes the cookies, although the session goes
//!   on. That passes as well; [`BetterAuth::sign_out`](crate::BetterAuth::sign_out) tells the two apart.
//! - Limits by address belong in front of it. With `tower_governor`:
//!
//! ```
//! use axum::Router;
//! use tower_better_auth::BetterAuth;
//! use tower_governor::{GovernorLayer, governor::GovernorConfigBuilder};
//!
//! let auth = BetterAuth::new("http://localhost:3000")?;
//! // Ten at once and then two a second, by the peer's address.
//! let limits = GovernorConfigBuilder::default().per_millisecond(500).burst_size(10).finish().unwrap();
//! let app: Router = Router::new()
//!     .route_service("/api/auth/{*path}", auth.proxy())
//!     .layer(GovernorLayer::new(limits));
//! // Served with `into_make_service_with_connect_info::<SocketAddr>()`.
//! # Ok::<_, tower_better_auth::ConfigError>(())
//! ```

mod body;
mod evict;
mod future;
mod headers;
mod pass;
mod places;
#[allow(clippy::module_inception)]
mod proxy;
mod refusal;
mod serve;
mod shown;
mod target;

pub use self::{future::ResponseFuture, proxy::Proxy};
