//! axum without any check: what the others are measured against.

use std::sync::Arc;

use axum::{Router, extract::State, routing::get};

pub fn app(user_id: &str) -> Router {
    Router::new()
        .route("/me", get(me))
        .with_state(user_id.into())
}

async fn me(State(user_id): State<Arc<str>>) -> String {
    user_id.to_string()
}
