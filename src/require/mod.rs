//! Who may do what: guards as layers, and the same checks in a handler.
//!
//! A guard decides on what the auth server said and on the request, after the session was checked and before the
//! handler runs. It never runs without a session: under an optional [`SessionAuth`](crate::SessionAuth) the auth
//! server is asked first, an anonymous request is a 401, and where no `SessionAuth` is above, the answer is 500 and
//! the log names the fix.
//!
//! # Examples
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_better_auth::{BetterAuth, Require, SessionAuth};
//!
//! let auth = BetterAuth::new("http://localhost:3000")?;
//! let app: Router = Router::new()
//!     .route("/admin", get(|| async { "admins only" }).route_layer(Require::role("admin")))
//!     .route(
//!         "/users/{user_id}/notes",
//!         get(|| async { "one's own, or an admin" })
//!             .route_layer(Require::user_id("user_id").or(Require::role("admin"))),
//!     )
//!     .layer(SessionAuth::new(auth));
//! # Ok::<_, tower_better_auth::ConfigError>(())
//! ```

mod access;
mod ask;
mod check;
mod expression;
mod future;
mod guard;
mod held;
mod layer;
#[cfg(feature = "axum")]
mod organization;
#[cfg(feature = "axum")]
mod path_params;
mod permission;
mod role;
mod service;
mod session;
#[cfg(feature = "axum")]
mod user_id;
mod when;

#[cfg(all(feature = "testing", feature = "axum"))]
pub(crate) use self::access::MadeUp;
pub(crate) use self::session::not_fresh;
pub use self::{
    access::Access,
    future::ResponseFuture,
    guard::{Denied, Guard},
    layer::Require,
    service::RequireService,
    when::Outcome,
};
