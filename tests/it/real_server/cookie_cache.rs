//! Better Auth's cookie cache: bypassed unless trusted.

use axum::{Router, routing::get};
use serde_json::{Value, json};
use tower_better_auth::{BetterAuthBuilder, Require, SessionAuth};

use super::{app, default_app, handle};
use crate::support::{
    app::App,
    node::BetterAuthServer,
    probe::{send, with_cookie},
};

const STRATEGIES: [&str; 3] = ["compact", "jwt", "jwe"];

fn with_cache(strategy: &str) -> Value {
    json!({"cookieCache": {"strategy": strategy, "maxAge": 300}})
}

/// A server with that strategy, and two applications: one that bypasses the cache and one that trusts it.
fn server(strategy: &str) -> (&'static BetterAuthServer, App, App) {
    let server = BetterAuthServer::shared(with_cache(strategy));
    let bypassing = default_app(server);
    let trusting = app(server, BetterAuthBuilder::trust_cookie_cache);
    (server, bypassing, trusting)
}

#[tokio::test]
async fn a_changed_role_is_seen_at_once_unless_the_cookie_cache_is_trusted() {
    for strategy in STRATEGIES {
        let (server, bypassing, trusting) = server(strategy);
        let ada = server.sign_up("ada").await;

        server
            .update("user", json!({"id": ada.user_id}), json!({"role": "admin"}))
            .await;

        bypassing.get_as(&ada.cookie, "/admin").await.assert_ok();
        let stale = trusting.get_as(&ada.cookie, "/admin").await;
        stale.assert_refused(403, "INSUFFICIENT_ROLE");
    }
}

#[tokio::test]
async fn a_revoked_session_is_refused_at_once_unless_the_cookie_cache_is_trusted() {
    for strategy in STRATEGIES {
        let (server, bypassing, trusting) = server(strategy);
        let ada = server.sign_up("ada").await;

        server
            .post("revoke-session", &ada.cookie, &json!({"token": ada.token}))
            .await;

        bypassing.get_as(&ada.cookie, "/me").await.assert_invalid();
        trusting
            .get_as(&ada.cookie, "/me")
            .await
            .assert_user(&ada.user_id);
    }
}

#[tokio::test]
async fn live_asks_past_a_cookie_cache_that_is_trusted() {
    for strategy in STRATEGIES {
        let (server, _, _) = server(strategy);
        let auth = handle(server, BetterAuthBuilder::trust_cookie_cache);
        let app = Router::new()
            .route("/live", get(async || ()).route_layer(Require::live()))
            .route("/", get(async || ()))
            .layer(SessionAuth::new(auth));
        let ada = server.sign_up("ada").await;
        let ask = async |path| send(app.clone(), with_cookie(path, &ada.cookie)).await;
        assert_eq!(ask("/live").await.summary(), "200", "{strategy}");

        server.delete("session", json!({"token": ada.token})).await;

        assert_eq!(ask("/").await.summary(), "200", "{strategy}");
        let live = ask("/live").await;
        assert_eq!(live.summary(), "401 INVALID_SESSION", "{strategy}");
        assert_eq!(live.set_cookies(), [""; 0], "{strategy}");
    }
}

#[tokio::test]
async fn the_cached_session_is_the_same_as_the_one_in_the_database() {
    for strategy in STRATEGIES {
        let (server, bypassing, trusting) = server(strategy);
        let ada = server.sign_up("ada").await;

        let fresh = bypassing.get_as(&ada.cookie, "/session").await;
        let cached = trusting.get_as(&ada.cookie, "/session").await;

        cached.assert_ok();
        assert_eq!(cached.body, fresh.body, "{strategy}");
    }
}

#[tokio::test]
async fn a_cache_cookie_of_somebody_else_is_not_believed() {
    for strategy in STRATEGIES {
        let (server, _, trusting) = server(strategy);
        let (admin, ada) = (server.sign_up("admin").await, server.sign_up("ada").await);
        let cookie = format!(
            "better-auth.session_token={}; better-auth.session_data={}",
            ada.session_token(),
            admin.value("better-auth.session_data")
        );

        trusting
            .get_as(&cookie, "/me")
            .await
            .assert_user(&ada.user_id);
        trusting
            .get_as(&cookie, "/admin")
            .await
            .assert_refused(403, "INSUFFICIENT_ROLE");
    }
}

#[tokio::test]
async fn a_cache_cookie_alone_is_nobody() {
    let (server, bypassing, trusting) = server("compact");
    let ada = server.sign_up("ada").await;
    let cookie = format!(
        "better-auth.session_data={}",
        ada.value("better-auth.session_data")
    );

    bypassing
        .get_as(&cookie, "/me")
        .await
        .assert_unauthenticated();
    trusting
        .get_as(&cookie, "/me")
        .await
        .assert_unauthenticated();
}

#[tokio::test]
async fn a_cache_cookie_that_the_server_cannot_read_is_no_outage_of_others() {
    let (server, _, _) = server("compact");
    let auth = handle(server, BetterAuthBuilder::trust_cookie_cache);
    let app = App::required(auth.clone());
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let odd = format!(
        "better-auth.session_token={}; better-auth.session_data=!",
        eve.session_token()
    );
    for _ in 0..30 {
        app.get_as(&odd, "/me").await.assert_unavailable();
    }
    app.get_as(&ada.cookie, "/me")
        .await
        .assert_user(&ada.user_id);
    assert!(auth.readiness().is_ready());
}

#[tokio::test]
async fn who_trusts_the_cache_forwards_it_and_still_never_refreshes() {
    let (server, _, trusting) = server("compact");
    let ada = server.sign_up("ada").await;

    let me = trusting.get_as(&ada.cookie, "/me").await;

    me.assert_ok();
    assert!(!me.headers.contains_key("set-cookie"));
    let checks = server.checks_with(&ada.token).await;
    assert_eq!(checks[0].url, "/api/auth/get-session?disableRefresh=true");
    assert!(
        checks[0]
            .header("cookie")
            .unwrap()
            .contains("better-auth.session_data=")
    );
}

#[tokio::test]
async fn a_stateless_server_needs_its_cookie_cache_trusted() {
    let config = json!({"database": "none", "cookieCache": {"strategy": "jwe", "maxAge": 300}});
    let server = BetterAuthServer::start(config);
    let ada = server.sign_up("ada").await;
    // What the process still has in memory would answer in the place of the cookie.
    server.restart();

    let trusting = app(&server, BetterAuthBuilder::trust_cookie_cache);
    trusting
        .get_as(&ada.cookie, "/me")
        .await
        .assert_user(&ada.user_id);
    let bypassing = default_app(&server);
    bypassing.get_as(&ada.cookie, "/me").await.assert_invalid();
}
