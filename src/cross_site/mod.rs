//! Requests that another site makes, with the cookies of whoever looks at it.
//!
//! [`SameOrigin`] refuses them with 403 `CROSS_SITE_REQUEST`, by what the browser says about where a request comes from.
//! There is no token to hand around. The rules are those of [`tower_http::csrf`], which are Go's:
//!
//! 1. `GET`, `HEAD` and `OPTIONS` pass: they must not change anything. All other methods are looked at, `CONNECT`, `TRACE`
//!    and unknown ones too.
//! 2. An `Origin` that was [trusted](SameOrigin::trust) passes.
//! 3. `Sec-Fetch-Site` decides where the browser sends it: `same-origin` and `none` pass, all else is refused, `same-site`
//!    too, because a sibling subdomain is not this app.
//! 4. Without it, an `Origin` has to name the host of the request. `null` names none.
//! 5. Without either, no browser sent it, and it passes: there are no cookies that somebody else could have borrowed.
//!
//! Two things are added:
//!
//! - **WebSocket handshakes** are looked at like a `POST`, though they are a `GET`. No preflight protects them, and the page
//!   that opened one can read what comes: without this, any site could talk in the name of whoever visits it.
//! - A request with two `Origin` or two `Sec-Fetch-Site` lines is refused. No browser sends one, and servers differ in
//!   which they read.
//!
//! # Deployment
//!
//! - Add it after [`SessionAuth`](crate::SessionAuth), so that what is refused costs no check, and inside a `CorsLayer`, so
//!   that the page of a trusted origin can read refusals.
//! - What stands in front has to leave `Origin` and `Host` as they are. If it changes `Host`, [trust](SameOrigin::trust)
//!   the app's own origin.
//! - It goes by the method as it finds it. What rewrites methods, by `X-HTTP-Method-Override` or `_method`, goes outside.
//! - The scheme is not looked at: a page that came over plain `http` from this host is this app's. Send
//!   `Strict-Transport-Security`.
//! - A route that another site's page posts to, such as the return from a sign-in at Apple's
//!   (`/api/auth/callback/apple`), is added after the layer, or its origin is trusted. Better Auth has a check of its own.

mod admission;
mod future;
mod layer;
mod service;

pub use self::{future::ResponseFuture, layer::SameOrigin, service::SameOriginService};
