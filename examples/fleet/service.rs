//! One of the processes: an app like any other, with a cache that is shared.

use std::env;

use axum::{
    Router,
    extract::Path,
    http::StatusCode,
    routing::{get, post},
};
use tokio::net::TcpListener;
use tower_better_auth::{BetterAuth, Cache, CurrentUser, Redis, SessionAuth};

use crate::{FLEET_SECRET, Result, TTL, WEBHOOK_SECRET};

pub(crate) async fn serve(address: &str) -> Result<()> {
    let auth = BetterAuth::builder(env::var("BETTER_AUTH_URL")?)
        .cache(Cache::ttl(TTL))
        .redis(Redis::new(env::var("REDIS_URL")?, FLEET_SECRET))
        .build()?;

    let app = Router::new()
        .route("/me", get(async |user: CurrentUser| user.id.clone()))
        .route_layer(SessionAuth::new(auth.clone()))
        // Where the plugin of the auth server sends what it revokes.
        .route_service("/hooks/better-auth", auth.revocations(WEBHOOK_SECRET)?)
        // What an app does that revokes by itself. Yours would ask who wants that.
        .route(
            "/users/{id}/forget",
            post(async move |Path(id): Path<String>| {
                auth.invalidate_user(&id).await;
                StatusCode::NO_CONTENT
            }),
        );

    let listener = TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
