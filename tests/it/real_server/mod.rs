//! Against a real Better Auth process.

mod verdicts;

use serde_json::{Value, json};
use tower_better_auth::{BetterAuth, BetterAuthBuilder};

use crate::support::{app::App, node::BetterAuthServer};

/// The server that most tests share, and an application in front of it with default settings.
fn plain() -> (&'static BetterAuthServer, App) {
    configured(json!({}))
}

/// The same with a config of the server.
fn configured(config: Value) -> (&'static BetterAuthServer, App) {
    let server = BetterAuthServer::shared(config);
    (server, app(server, |builder| builder))
}

/// An application with settings of its own.
fn app(
    server: &BetterAuthServer,
    set_up: impl FnOnce(BetterAuthBuilder) -> BetterAuthBuilder,
) -> App {
    App::required(handle(server, set_up))
}

fn handle(
    server: &BetterAuthServer,
    set_up: impl FnOnce(BetterAuthBuilder) -> BetterAuthBuilder,
) -> BetterAuth {
    set_up(BetterAuth::builder(server.url())).build().unwrap()
}
