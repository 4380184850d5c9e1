//! Servers that are set up in another way.

use serde_json::{Value, json};
use tower_better_auth::BetterAuth;

use super::{app, configured, plain};
use crate::support::{
    app::App,
    node::{BetterAuthServer, Database},
};

#[tokio::test]
async fn a_base_path_is_in_the_url_or_a_setting() {
    let (server, default) = configured(json!({"basePath": "/auth"}));
    let ada = server.sign_up("ada").await;

    let in_url = BetterAuth::new(format!("{}/auth", server.url())).unwrap();
    App::required(in_url)
        .get_as(&ada.cookie, "/me")
        .await
        .assert_user(&ada.user_id);
    let setting = app(server, |builder| builder.base_path("/auth"));
    setting
        .get_as(&ada.cookie, "/me")
        .await
        .assert_user(&ada.user_id);
    default
        .get_as(&ada.cookie, "/me")
        .await
        .assert_unavailable();
}

#[tokio::test]
async fn a_session_route_written_by_hand_says_who_is_signed_in() {
    let server = BetterAuthServer::shared(json!({"sessionRoute": true}));
    let app = app(server, |builder| builder.session_path("/session"));
    let ada = server.sign_up("ada").await;

    app.get_as(&ada.cookie, "/me")
        .await
        .assert_user(&ada.user_id);
    // It answers 401 with JSON of its own.
    app.get_as("better-auth.session_token=garbage", "/me")
        .await
        .assert_invalid();
    app.get_as("theme=dark", "/me")
        .await
        .assert_unauthenticated();
    let checks = server.checks_with(&ada.token).await;
    assert!(
        checks[0].url.starts_with("/api/auth/session?"),
        "{}",
        checks[0].url
    );
}

#[tokio::test]
async fn a_session_route_written_by_hand_is_unavailable_when_its_database_is() {
    let server = BetterAuthServer::start(json!({"sessionRoute": true}));
    let app = app(&server, |builder| builder.session_path("/session"));
    let ada = server.sign_up("ada").await;

    server.database(Database::Throw).await;

    app.get_as(&ada.cookie, "/me").await.assert_unavailable();
}

#[tokio::test]
async fn a_session_route_that_the_server_does_not_have_is_unavailable() {
    let (server, _) = plain();
    let app = app(server, |builder| builder.session_path("/session"));
    let ada = server.sign_up("ada").await;

    app.get_as(&ada.cookie, "/me").await.assert_unavailable();
}

#[tokio::test]
async fn an_sql_database_that_sends_null_for_what_is_not_set_is_read_as_well() {
    let (server, app) = configured(json!({"database": "sqlite"}));
    let ada = server.sign_up("ada").await;
    let admin = server.sign_up("admin").await;

    let session = app.get_as(&ada.cookie, "/session").await;
    session.assert_ok();
    assert_eq!(session.body["user"]["id"], ada.user_id);
    assert_eq!(session.body["user"]["banned"], false);
    assert_eq!(session.body["session"]["impersonatedBy"], Value::Null);
    app.get_as(&admin.cookie, "/admin").await.assert_ok();
}

#[tokio::test]
async fn a_server_that_defers_its_refreshes_says_more_and_is_understood() {
    let (server, app) = configured(json!({"deferSessionRefresh": true, "updateAge": 0}));
    let ada = server.sign_up("ada").await;

    app.get_as(&ada.cookie, "/me")
        .await
        .assert_user(&ada.user_id);
}

#[tokio::test]
async fn a_server_that_sends_a_jwt_with_every_answer_is_understood() {
    let (server, app) = configured(json!({"plugins": ["admin", "jwt"]}));
    let ada = server.sign_up("ada").await;

    let me = app.get_as(&ada.cookie, "/me").await;

    me.assert_user(&ada.user_id);
    assert!(!me.headers.contains_key("set-auth-jwt"));
}

#[tokio::test]
async fn a_server_with_no_plugins_has_no_roles_to_give() {
    let (server, app) = configured(json!({"plugins": []}));
    let admin = server.sign_up("admin").await;

    app.get_as(&admin.cookie, "/me")
        .await
        .assert_user(&admin.user_id);
    app.get_as(&admin.cookie, "/admin")
        .await
        .assert_refused(403, "INSUFFICIENT_ROLE");
}

#[tokio::test]
async fn a_cookie_signed_with_another_secret_is_an_invalid_session() {
    let (server, app) = plain();
    let secret = "another-secret-another-secret-another-secret";
    let other = BetterAuthServer::shared(json!({"secret": secret}));
    let ada = server.sign_up("ada").await;
    let forged = other.sign(&ada.token).await;

    app.get_as(&super::session_cookie(&forged), "/me")
        .await
        .assert_invalid();
}

#[tokio::test]
async fn a_user_with_an_endless_name_is_unavailable_alone() {
    let (server, app) = plain();
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);

    let name = json!({"name": "e".repeat(200_000)});
    server.post("update-user", &eve.cookie, &name).await;

    app.get_as(&eve.cookie, "/me").await.assert_unavailable();
    app.get_as(&ada.cookie, "/me")
        .await
        .assert_user(&ada.user_id);
}
