//! A Better Auth server for tests and examples: real enough to sign in at, obedient enough to fail on command.
//!
//! [`AuthServer`] listens on a loopback port of its own and answers as Better Auth does: `null` with status 200 for
//! whoever is not signed in, sessions with all their fields, cookies with percent-encoded signatures, 403 for a POST
//! with cookies from an unknown origin. Everything that can go wrong with a real one can be asked for with
//! [`Fault`].
//!
//! # Examples
//!
//! ```
//! use axum::{Router, body::Body, routing::get};
//! use http::{Request, StatusCode, header};
//! use tower::ServiceExt;
//! use tower_better_auth::{
//!     BetterAuth, CurrentUser, SessionAuth,
//!     testing::{AuthServer, Fault, user},
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
//! let me = || Request::get("/me").header(header::COOKIE, ada.cookie()).body(Body::empty());
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
mod fault;
mod gzip;
mod listener;
mod people;
mod protected;
mod recorded;
mod route;
mod routes;
mod session;
mod stand_in;
mod state;
mod transport;
mod trouble;
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
