//! What the server says, and what the client is told.

use serde_json::json;
use tower_better_auth::BetterAuth;

use super::{default_app, plain, session_cookie};
use crate::support::{
    app::{App, NO_HEADERS},
    node::{BetterAuthServer, Jar},
};

const UNKNOWN_TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[tokio::test]
async fn a_valid_session_reaches_the_handler_with_its_user() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;

    let me = app.get_as(&ada.cookie, "/me").await;

    me.assert_user(&ada.user_id);
    assert_eq!(
        (&me.body["email"], &me.body["name"]),
        (&json!(ada.email), &json!("ada"))
    );
    assert_eq!(me.headers["vary"], "Cookie");
    assert_eq!(me.headers["cache-control"], "private");
}

#[tokio::test]
async fn the_session_is_the_one_in_the_database_and_never_holds_the_token() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let row = server.session_row(&ada.token).await;

    let session = app.get_as(&ada.cookie, "/session").await;

    session.assert_ok();
    for field in ["id", "userId", "expiresAt", "createdAt"] {
        assert_eq!(session.body["session"][field], row[field], "{field}");
    }
    assert!(!session.body.to_string().contains(&ada.token));
}

#[tokio::test]
async fn an_anonymous_request_is_unauthenticated_and_costs_no_call() {
    let server = BetterAuthServer::start(json!({}));
    let app = default_app(&server);

    app.get("/me", NO_HEADERS).await.assert_unauthenticated();
    app.get_as("theme=dark; _ga=1", "/admin")
        .await
        .assert_unauthenticated();
    app.get_as("better-auth.session_token=", "/me")
        .await
        .assert_unauthenticated();
    app.get_as("better-auth.session_data=x", "/me")
        .await
        .assert_unauthenticated();

    assert_eq!(server.checks().await.len(), 0);
}

#[tokio::test]
async fn a_tampered_token_is_an_invalid_session() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let other = ada.session_token().replacen(&ada.token, UNKNOWN_TOKEN, 1);

    let me = app.get_as(&session_cookie(&other), "/me").await;

    me.assert_invalid();
}

#[tokio::test]
async fn a_tampered_signature_is_an_invalid_session() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let bob = server.sign_up("bob").await;
    let signature_of_bob = &bob.session_token()[bob.token.len()..];

    for cookie in [
        format!("better-auth.session_token={}{signature_of_bob}", ada.token),
        session_cookie(&ada.token),
        format!("better-auth.session_token={}.", ada.token),
    ] {
        app.get_as(&cookie, "/me").await.assert_invalid();
    }
}

#[tokio::test]
async fn a_signed_token_that_nobody_has_is_an_invalid_session() {
    let (server, app) = plain();
    let value = server.sign(UNKNOWN_TOKEN).await;

    let me = app.get_as(&session_cookie(&value), "/me").await;

    me.assert_invalid();
}

#[tokio::test]
async fn a_cookie_signed_for_a_known_token_is_that_session() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let value = server.sign(&ada.token).await;

    let me = app.get_as(&session_cookie(&value), "/me").await;

    me.assert_user(&ada.user_id);
}

#[tokio::test]
async fn an_expired_session_is_invalid() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    app.get_as(&ada.cookie, "/me").await.assert_ok();

    let past = json!({"expiresAt": "2020-01-01T00:00:00.000Z"});
    server
        .update("session", json!({"token": ada.token}), past)
        .await;

    app.get_as(&ada.cookie, "/me").await.assert_invalid();
}

#[tokio::test]
async fn a_session_revoked_from_another_device_is_invalid_at_once() {
    let (server, app) = plain();
    let laptop = server.sign_up("ada").await;
    let phone = server.sign_in(&laptop, Jar::default()).await;

    server
        .post(
            "revoke-session",
            &phone.cookie,
            &json!({"token": laptop.token}),
        )
        .await;

    app.get_as(&laptop.cookie, "/me").await.assert_invalid();
    app.get_as(&phone.cookie, "/me")
        .await
        .assert_user(&laptop.user_id);
}

#[tokio::test]
async fn a_session_revoked_by_an_admin_is_invalid_at_once() {
    let (server, app) = plain();
    let (admin, ada) = (server.sign_up("admin").await, server.sign_up("ada").await);

    let body = json!({"userId": ada.user_id});
    server
        .post("admin/revoke-user-sessions", &admin.cookie, &body)
        .await;

    app.get_as(&ada.cookie, "/me").await.assert_invalid();
    app.get_as(&admin.cookie, "/me").await.assert_ok();
}

#[tokio::test]
async fn who_signed_out_is_signed_out_here_too() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    app.get_as(&ada.cookie, "/me").await.assert_ok();

    server.post("sign-out", &ada.cookie, &json!({})).await;

    app.get_as(&ada.cookie, "/me").await.assert_invalid();
}

#[tokio::test]
async fn the_session_of_a_deleted_user_is_invalid() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;

    server.delete("user", json!({"id": ada.user_id})).await;

    app.get_as(&ada.cookie, "/me").await.assert_invalid();
}

#[tokio::test]
async fn a_wrong_base_path_is_unavailable_and_never_signed_out() {
    let (server, _) = plain();
    let ada = server.sign_up("ada").await;

    for path in ["/wrong", "/api/auth/get-session"] {
        let auth = BetterAuth::new(format!("{}{path}", server.url())).unwrap();
        App::required(auth)
            .get_as(&ada.cookie, "/me")
            .await
            .assert_unavailable();
    }
}

#[tokio::test]
async fn one_handle_serves_many_users_at_once_and_mixes_nobody_up() {
    let (server, app) = plain();
    let mut users = Vec::new();
    for _ in 0..8 {
        users.push(server.sign_up("user").await);
    }

    let requests: Vec<_> = (0..64)
        .map(|number| {
            let (app, user) = (app.clone(), users[number % users.len()].clone());
            tokio::spawn(async move { (app.get_as(&user.cookie, "/me").await, user) })
        })
        .collect();

    for request in requests {
        let (me, user) = request.await.unwrap();
        me.assert_user(&user.user_id);
    }
}
