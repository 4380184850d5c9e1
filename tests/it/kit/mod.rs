//! What `testing` offers to users, used as they would.

// Helpers are not seen as tests by the lint's own exemption.
#![allow(clippy::unwrap_used)]

mod as_user;
mod clock;
mod faults;
mod panics;
mod protected;
mod seen;
mod socket;
mod stand_in;

use axum::{Router, routing::get};
use tower_better_auth::{BetterAuth, CircuitBreaker, CurrentUser, SessionAuth};

use crate::support::probe::{self, Seen};

/// One route, `/me`, that says who is signed in.
fn app(auth: BetterAuth) -> Router {
    Router::new()
        .route("/me", get(async |user: CurrentUser| user.id.clone()))
        .layer(SessionAuth::new(auth))
}

/// Without what stands between one failure and the next.
fn steady(builder: tower_better_auth::BetterAuthBuilder) -> BetterAuth {
    let builder = builder.circuit_breaker(CircuitBreaker::off()).retries(0);
    builder.build().unwrap()
}

async fn me(app: &Router, user: &tower_better_auth::testing::SignedIn) -> Seen {
    let cookie = user.cookie();
    let request = probe::with_cookie("/me", cookie.to_str().unwrap());
    probe::send(app.clone(), request).await
}
