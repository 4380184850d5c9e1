//! This crate, as its README shows it.

use std::time::Duration;

use axum::{Router, routing::get};
use tower_better_auth::{BetterAuth, Cache, ConfigError, CurrentUser, SessionAuth};

pub fn app(auth_url: &str) -> Result<Router, ConfigError> {
    Ok(guarded(BetterAuth::new(auth_url)?))
}

pub fn app_with_cache(auth_url: &str) -> Result<Router, ConfigError> {
    let cache = Cache::ttl(Duration::from_secs(10));
    Ok(guarded(BetterAuth::builder(auth_url).cache(cache).build()?))
}

fn guarded(auth: BetterAuth) -> Router {
    Router::new()
        .route("/me", get(me))
        .layer(SessionAuth::new(auth))
}

async fn me(user: CurrentUser) -> String {
    user.id.clone()
}
