//! Guards through the whole stack: who is let in, who hears what, and in which order refusals come.

mod combinations;
mod cookies;
mod odd_types;
mod order;
mod organization;
mod own;
mod path_ids;
mod placement;
mod roles;
mod session;
mod user_id;

use axum::{Router, routing::get};
use serde_json::Value;
use tower_better_auth::{Require, SessionAuth};

use crate::support::{
    probe::{Seen, send, signed_in},
    recorder::Recorder,
};

const ROLE: &str = "403 INSUFFICIENT_ROLE";
const ID: &str = "403 USER_ID_MISMATCH";

/// One guarded route, and an auth server to whom everybody is `user`.
async fn ask(user: Value, route: &str, require: Require, path: &str) -> Seen {
    let auth = Recorder::signed_in_as(user).handle();
    let app = Router::new()
        .route(route, get(async || ()).route_layer(require))
        .layer(SessionAuth::new(auth));
    send(app, signed_in(path)).await
}
