//! What only a demo has: the switch of the auth server, and a button that makes an admin.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use tower_better_auth::{BetterAuth, CurrentUser, SessionAuth};

use super::auth_server::AuthServer;

#[derive(Clone)]
struct Stage {
    server: Arc<AuthServer>,
    is_running: Arc<AtomicBool>,
}

#[derive(Deserialize)]
struct Wanted {
    running: bool,
}

#[derive(Serialize)]
struct Shown {
    running: bool,
    note: Option<String>,
}

pub(crate) fn routes(auth: BetterAuth, server: Arc<AuthServer>) -> Router {
    let is_running = Arc::new(AtomicBool::new(true));
    Router::new()
        .route("/demo/make-me-admin", post(make_me_admin))
        .route_layer(SessionAuth::new(auth))
        .route("/demo/auth-server", get(show).post(switch))
        .with_state(Stage { server, is_running })
}

async fn show(State(stage): State<Stage>) -> Json<Shown> {
    Json(Shown {
        running: stage.is_running.load(Ordering::Relaxed),
        note: stage.server.note(),
    })
}

async fn switch(State(stage): State<Stage>, Json(wanted): Json<Wanted>) -> StatusCode {
    if wanted.running {
        if let Err(error) = stage.server.resume().await {
            tracing::error!(%error, "the auth server does not start");
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
    } else {
        stage.server.stop().await;
    }
    stage.is_running.store(wanted.running, Ordering::Relaxed);
    StatusCode::NO_CONTENT
}

async fn make_me_admin(State(stage): State<Stage>, user: CurrentUser) -> StatusCode {
    match stage.server.make_admin(&user.id).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(error) => {
            tracing::error!(%error, "nobody was made an admin");
            StatusCode::BAD_GATEWAY
        }
    }
}
