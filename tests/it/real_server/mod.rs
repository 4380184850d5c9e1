//! Against a real Better Auth process.

mod verdicts;
mod validate;
mod roles_and_bans;
mod identities;
mod cookies;
mod duplicate_cookies;
mod forwarding;
mod credentials;
mod devices;
mod cookie_cache;
mod custom_session;
mod prolonging;
mod configurations;
mod rate_limiter;
mod optional;
mod organizations;
mod outages;
mod check;
mod process_outages;
mod contract;

use std::time::Duration;

use http::{HeaderMap, header};
use serde_json::{Value, json};
use tower_better_auth::{BetterAuth, BetterAuthBuilder};

use crate::support::{app::App, node::BetterAuthServer};

/// The deadline of tests in which the server does not answer.
const SHORT: Duration = Duration::from_millis(500);

/// The server that most tests share, and an application in front of it with default settings.
fn plain() -> (&'static BetterAuthServer, App) {
    configured(json!({}))
}

/// The same with a config of the server.
fn configured(config: Value) -> (&'static BetterAuthServer, App) {
    let server = BetterAuthServer::shared(config);
    (server, default_app(server))
}

fn default_app(server: &BetterAuthServer) -> App {
    App::required(default_handle(server))
}

fn default_handle(server: &BetterAuthServer) -> BetterAuth {
    BetterAuth::new(server.url()).expect("a url is all it needs")
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
    let auth = set_up(BetterAuth::builder(server.url()));
    auth.build().expect("the settings are good")
}

/// A request's headers with that `Cookie` line.
fn headers(cookie: &str) -> HeaderMap {
    let cookie = cookie.parse().expect("a cookie is a header value");
    HeaderMap::from_iter([(header::COOKIE, cookie)])
}

/// The `Cookie` header with a session cookie of that value.
fn session_cookie(value: &str) -> String {
    format!("better-auth.session_token={value}")
}

/// Asks until the server is back. Whatever comes before that is a 503, never a 401.
async fn assert_recovers(app: &App, cookie: &str) {
    for _ in 0..400 {
        let me = app.get_as(cookie, "/me").await;
        if me.status == http::StatusCode::OK {
            return me.assert_ok();
        }
        me.assert_unavailable();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server is back, and the application does not notice");
}
