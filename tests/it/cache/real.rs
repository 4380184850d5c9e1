//! Against a real Better Auth process: what is true there, and when it is noticed here.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tower_better_auth::{BetterAuth, Cache};

use crate::support::{app::App, node::BetterAuthServer};

fn handle(server: &BetterAuthServer, ttl: Duration) -> BetterAuth {
    let builder = BetterAuth::builder(server.url()).cache(Cache::ttl(ttl));
    builder.build().unwrap()
}

#[tokio::test]
async fn a_sign_out_at_the_server_is_noticed_when_the_ttl_is_over_and_not_later() {
    let server = BetterAuthServer::shared(json!({}));
    let ttl = Duration::from_millis(1500);
    let app = App::required(handle(server, ttl));
    let ada = server.sign_up("ada").await;
    let asked = tokio::time::Instant::now();
    app.get_as(&ada.cookie, "/me").await.assert_ok();
    let answered = tokio::time::Instant::now();
    server.post("sign-out", &ada.cookie, &json!({})).await;
    // Busy machines may be late, and then there is nothing to see.
    let seen = app.get_as(&ada.cookie, "/me").await;
    if asked.elapsed() < ttl * 7 / 10 {
        seen.assert_user(&ada.user_id);
    }
    tokio::time::sleep_until(answered + ttl).await;
    app.get_as(&ada.cookie, "/me").await.assert_invalid();
}

#[tokio::test]
async fn a_session_that_the_application_invalidates_is_refused_at_once() {
    let server = BetterAuthServer::shared(json!({}));
    let auth = handle(server, Duration::from_secs(3600));
    let app = App::required(auth.clone());
    let ada = server.sign_up("ada").await;
    let session = app.get_as(&ada.cookie, "/session").await;
    session.assert_ok();
    let id = server.session_row(&ada.token).await["id"].clone();
    server.post("sign-out", &ada.cookie, &json!({})).await;
    app.get_as(&ada.cookie, "/me").await.assert_ok();
    auth.invalidate_session(id.as_str().unwrap()).await;
    app.get_as(&ada.cookie, "/me").await.assert_invalid();
}

#[tokio::test]
async fn a_live_route_notices_a_sign_out_for_all_routes() {
    let server = BetterAuthServer::shared(json!({}));
    let app = App::required(handle(server, Duration::from_secs(3600)));
    let ada = server.sign_up("ada").await;
    app.get_as(&ada.cookie, "/me").await.assert_ok();
    server.post("sign-out", &ada.cookie, &json!({})).await;
    app.get_as(&ada.cookie, "/me").await.assert_ok();
    app.get_as(&ada.cookie, "/live").await.assert_invalid();
    app.get_as(&ada.cookie, "/me").await.assert_invalid();
}

#[tokio::test]
async fn a_hundred_requests_at_once_with_one_cookie_are_one_request_in_the_servers_log() {
    let server = BetterAuthServer::shared(json!({}));
    let app = App::required(handle(server, Duration::from_secs(3600)));
    let ada = server.sign_up("ada").await;
    let mut requests = JoinSet::new();
    for _ in 0..100 {
        let (app, cookie) = (app.clone(), ada.cookie.clone());
        requests.spawn(async move { app.get_as(&cookie, "/me").await });
    }
    for seen in requests.join_all().await {
        seen.assert_user(&ada.user_id);
    }
    assert_eq!(server.checks_with(ada.session_token()).await.len(), 1);
}
