//! The server runs, and its database does not.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{SHORT, app, assert_recovers, default_app};
use crate::support::node::{BetterAuthServer, Database};

/// What separates a deadline that held from the default one, on a machine that is busy.
const LATE: Duration = Duration::from_secs(4);

#[tokio::test]
async fn a_database_that_throws_is_unavailable_until_it_is_back() {
    let server = BetterAuthServer::start(json!({}));
    let app = default_app(&server);
    let ada = server.sign_up("ada").await;

    server.database(Database::Throw).await;
    app.get_as(&ada.cookie, "/me").await.assert_unavailable();
    app.get_as(&ada.cookie, "/admin").await.assert_unavailable();
    server.database(Database::Ok).await;

    assert_recovers(&app, &ada.cookie).await;
}

#[tokio::test]
async fn a_database_that_hangs_is_unavailable_at_the_deadline() {
    let server = BetterAuthServer::start(json!({}));
    let app = app(&server, |builder| builder.deadline(SHORT));
    let ada = server.sign_up("ada").await;

    server.database(Database::Hang).await;
    let asked = Instant::now();
    app.get_as(&ada.cookie, "/me").await.assert_unavailable();
    let waited = asked.elapsed();
    server.database(Database::Ok).await;

    assert!((SHORT..LATE).contains(&waited), "{waited:?}");
    assert_recovers(&app, &ada.cookie).await;
}

#[tokio::test]
async fn nothing_of_the_servers_error_reaches_the_client() {
    let server = BetterAuthServer::start(json!({}));
    let app = default_app(&server);
    let ada = server.sign_up("ada").await;

    server.database(Database::Throw).await;
    let me = app.get_as(&ada.cookie, "/me").await;

    me.assert_unavailable();
    let said = format!("{:?} {}", me.headers, me.body);
    for secret in [
        "10.0.0.5",
        "ECONNREFUSED",
        "FAILED_TO_GET_SESSION",
        server.url(),
        &ada.token,
    ] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[tokio::test]
async fn who_is_anonymous_or_tampered_is_told_so_while_the_database_is_down() {
    let server = BetterAuthServer::start(json!({}));
    let app = default_app(&server);

    server.database(Database::Throw).await;

    app.get_as("theme=dark", "/me")
        .await
        .assert_unauthenticated();
    // The server needs no database to see that a signature is wrong.
    app.get_as("better-auth.session_token=garbage", "/me")
        .await
        .assert_invalid();
}

#[tokio::test]
async fn an_outage_never_signs_out_whoever_is_signed_in() {
    let server = BetterAuthServer::start(json!({}));
    let app = app(&server, |builder| builder.deadline(SHORT));
    let ada = server.sign_up("ada").await;

    for mode in [
        Database::Throw,
        Database::Ok,
        Database::Hang,
        Database::Throw,
        Database::Ok,
    ] {
        let requests: Vec<_> = (0..6)
            .map(|_| {
                let (app, cookie) = (app.clone(), ada.cookie.clone());
                tokio::spawn(async move { app.get_as(&cookie, "/me").await })
            })
            .collect();
        server.database(mode).await;
        for request in requests {
            let me = request.await.unwrap();
            if me.status == http::StatusCode::OK {
                me.assert_user(&ada.user_id);
            } else {
                me.assert_unavailable();
            }
        }
    }
    assert_recovers(&app, &ada.cookie).await;
}

#[tokio::test]
async fn a_sign_out_during_an_outage_of_the_database_does_not_let_anybody_in_later() {
    let server = BetterAuthServer::start(json!({}));
    let app = default_app(&server);
    let ada = server.sign_up("ada").await;
    app.get_as(&ada.cookie, "/me").await.assert_ok();

    server.database(Database::Throw).await;
    app.get_as(&ada.cookie, "/me").await.assert_unavailable();
    server.delete("session", json!({"token": ada.token})).await;
    app.get_as(&ada.cookie, "/me").await.assert_unavailable();
    server.database(Database::Ok).await;

    app.get_as(&ada.cookie, "/me").await.assert_invalid();
}
