//! The optional layer: everybody is let through, and the server is asked only when somebody wants to know.

use serde_json::{Value, json};

use super::{SHORT, default_handle, handle, plain};
use crate::support::{
    app::{App, NO_HEADERS},
    node::{BetterAuthServer, Database},
};

fn optional() -> (&'static BetterAuthServer, App) {
    let (server, _) = plain();
    (server, App::optional(default_handle(server)))
}

#[tokio::test]
async fn home_knows_who_is_signed_in() {
    let (server, app) = optional();
    let ada = server.sign_up("ada").await;

    let home = app.get_as(&ada.cookie, "/home").await;

    home.assert_ok();
    assert_eq!(home.body, json!(ada.user_id));
}

#[tokio::test]
async fn home_is_for_nobody_when_anonymous_or_signed_out() {
    let (server, app) = optional();
    let ada = server.sign_up("ada").await;
    server.post("sign-out", &ada.cookie, &json!({})).await;

    let anonymous = app.get("/home", NO_HEADERS).await;
    let signed_out = app.get_as(&ada.cookie, "/home").await;
    let tampered = app
        .get_as("better-auth.session_token=garbage", "/home")
        .await;

    for home in [anonymous, signed_out, tampered] {
        home.assert_ok();
        assert_eq!(home.body, Value::Null);
    }
}

#[tokio::test]
async fn home_refuses_a_banned_user() {
    let (server, app) = optional();
    let eve = server.sign_up("eve").await;
    server
        .update("user", json!({"id": eve.user_id}), json!({"banned": true}))
        .await;

    let home = app.get_as(&eve.cookie, "/home").await;

    home.assert_refused(403, "USER_BANNED");
}

#[tokio::test]
async fn guards_and_required_extractors_refuse_as_below_a_required_layer() {
    let (server, app) = optional();
    let (admin, ada) = (server.sign_up("admin").await, server.sign_up("ada").await);

    app.get_as(&admin.cookie, "/admin").await.assert_ok();
    app.get_as(&ada.cookie, "/admin")
        .await
        .assert_refused(403, "INSUFFICIENT_ROLE");
    app.get_as(&ada.cookie, "/me")
        .await
        .assert_user(&ada.user_id);
    for path in ["/me", "/session", "/admin", "/users/1/notes"] {
        app.get(path, NO_HEADERS).await.assert_unauthenticated();
        app.get_as("better-auth.session_token=garbage", path)
            .await
            .assert_invalid();
    }
}

#[tokio::test]
async fn a_guard_and_a_handler_ask_once_for_both() {
    let (server, app) = optional();
    let ada = server.sign_up("ada").await;

    app.get_as(&ada.cookie, &format!("/users/{}/notes", ada.user_id))
        .await
        .assert_ok();

    assert_eq!(server.checks_with(&ada.token).await.len(), 1);
}

#[tokio::test]
async fn a_handler_that_never_asks_costs_no_call() {
    let (server, app) = optional();
    let ada = server.sign_up("ada").await;

    app.get_as(&ada.cookie, "/ping").await.assert_ok();

    assert_eq!(server.checks_with(&ada.token).await.len(), 0);
}

#[tokio::test]
async fn in_an_outage_home_is_unavailable_and_ping_keeps_working() {
    let server = BetterAuthServer::start(json!({}));
    let app = App::optional(handle(&server, |builder| builder.deadline(SHORT)));
    let ada = server.sign_up("ada").await;

    server.database(Database::Throw).await;
    app.get_as(&ada.cookie, "/home").await.assert_unavailable();
    let asked = server.checks().await.len();
    app.get_as(&ada.cookie, "/ping").await.assert_ok();
    app.get("/home", NO_HEADERS).await.assert_ok();
    assert_eq!(server.checks().await.len(), asked);

    server.kill();
    app.get_as(&ada.cookie, "/home").await.assert_unavailable();
    app.get_as(&ada.cookie, "/ping").await.assert_ok();
    app.get("/home", NO_HEADERS).await.assert_ok();
}
