//! For the tests of your app: who is signed in, what the auth server says, and how it fails. The
//! [guide](crate::guide::testing) says which to take when.
//!
//! - [`AuthServer`] is a Better Auth server, on a loopback port or in the process. It answers as a real one does: `null`
//!   with status 200 for whoever is not signed in, sessions with all their fields, signed cookies, 403 for a POST with
//!   cookies from an unknown origin. What goes wrong with a real one can be asked for with [`Fault`].
//! - [`AsUser`] sends a request as somebody who is signed in there.
//! - [`signed_in`], [`anonymous`] and [`unavailable`] are layers in place of [`SessionAuth`](crate::SessionAuth), for
//!   handlers alone.
//! - [`assert_protected`] finds the route that was forgotten.
//! - [`user()`], [`session()`] and [`access()`] make up what a [`Guard`](crate::Guard) decides on.
//!
//! # Examples
//!
//! ```
//! use axum::{Router, body::Body, routing::get};
//! use http::{Request, StatusCode};
//! use tower::ServiceExt;
//! use tower_better_auth::{
//!     BetterAuth, CurrentUser, SessionAuth,
//!     testing::{AsUser, AuthServer, Fault, user},
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = AuthServer::start().await;
//! let ada = server.sign_in(user("ada").role("admin"));
//!
//! let app: Router = Router::new()
//!     .route("/me", get(|user: CurrentUser| async move { user.id.clone() }))
//!     .layer(SessionAuth::new(BetterAuth::new(server.url())?));
//! let me = || Request::get("/me").as_user(&ada).body(Body::empty());
//!
//! assert_eq!(app.clone().oneshot(me()?).await?.status(), StatusCode::OK);
//!
//! server.fail_with(Fault::DatabaseDown);
//! assert_eq!(app.clone().oneshot(me()?).await?.status(), StatusCode::SERVICE_UNAVAILABLE);
//!
//! server.recover();
//! server.revoke(&ada);
//! assert_eq!(app.oneshot(me()?).await?.status(), StatusCode::UNAUTHORIZED);
//! # Ok(())
//! # }
//! ```

mod access;
mod access_control;
mod accounts;
mod answer;
mod as_user;
mod auth_server;
mod clock;
mod cookies;
mod devices;
mod endpoint;
mod fault;
mod gzip;
mod listener;
mod people;
mod protected;
mod raw;
mod recorded;
mod route;
mod routes;
mod session;
mod spoil;
mod stand_in;
mod state;
mod transport;
mod trouble;
mod trusted;
mod user;

pub use self::{
    access::{AccessBuilder, access},
    as_user::AsUser,
    auth_server::AuthServer,
    clock::Clock,
    fault::Fault,
    protected::assert_protected,
    recorded::{RecordedRequest, SignedIn},
    route::Route,
    session::{SessionBuilder, session},
    stand_in::{StandIn, StandInService, anonymous, signed_in, unavailable},
    transport::{AnswerBody, InProcess},
    user::{UserBuilder, user},
};
