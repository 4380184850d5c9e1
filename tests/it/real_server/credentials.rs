//! Bearer tokens and API keys.

use serde_json::{Value, json};
use tower_better_auth::BetterAuthBuilder;

use super::{app, configured, plain};
use crate::support::{
    app::App,
    node::{BetterAuthServer, SignedIn},
};

fn with_bearer() -> (&'static BetterAuthServer, App) {
    let (server, _) = plain();
    (server, app(server, BetterAuthBuilder::accept_bearer))
}

fn api_key_server() -> Value {
    json!({"plugins": ["admin", "organization", "bearer", "multiSession", "apiKey"]})
}

fn with_api_key() -> (&'static BetterAuthServer, App) {
    let (server, _) = configured(api_key_server());
    (server, app(server, BetterAuthBuilder::accept_api_key))
}

async fn create_key(server: &BetterAuthServer, user: &SignedIn) -> String {
    let answer = server
        .post("api-key/create", &user.cookie, &json!({"name": "key"}))
        .await;
    answer.body["key"].as_str().expect("a key").to_owned()
}

#[tokio::test]
async fn a_bearer_that_is_off_is_no_credential() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let bearer = format!("Bearer {}", ada.token);

    app.get("/me", &[("authorization", &bearer)])
        .await
        .assert_unauthenticated();

    assert_eq!(server.checks_with(&ada.token).await.len(), 0);
}

#[tokio::test]
async fn a_bearer_is_a_session_whatever_the_case_of_its_scheme() {
    let (server, app) = with_bearer();
    let ada = server.sign_up("ada").await;

    for bearer in [
        format!("Bearer {}", ada.token),
        format!("bearer {}", ada.token),
        format!("BEARER {}", ada.token),
        format!("Bearer {}", ada.session_token()),
    ] {
        app.get("/me", &[("authorization", &bearer)])
            .await
            .assert_user(&ada.user_id);
    }
}

#[tokio::test]
async fn a_bearer_that_nobody_has_is_an_invalid_session() {
    let (_, app) = with_bearer();

    let me = app.get("/me", &[("authorization", "Bearer garbage")]).await;

    me.assert_invalid();
}

#[tokio::test]
async fn another_scheme_is_no_credential() {
    let (_, app) = with_bearer();

    let me = app
        .get("/me", &[("authorization", "Basic YWRhOnNlY3JldA==")])
        .await;

    me.assert_unauthenticated();
}

#[tokio::test]
async fn a_bearer_overrides_the_cookie() {
    let (server, app) = with_bearer();
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let bearer = format!("Bearer {}", bob.token);
    let headers = [("cookie", &ada.cookie), ("authorization", &bearer)];

    app.get("/me", &headers).await.assert_user(&bob.user_id);
}

#[tokio::test]
async fn a_bearer_that_is_off_does_not_override_the_cookie() {
    let (server, app) = plain();
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let bearer = format!("Bearer {}", bob.token);
    let headers = [("cookie", &ada.cookie), ("authorization", &bearer)];

    app.get("/me", &headers).await.assert_user(&ada.user_id);
}

#[tokio::test]
async fn a_bearer_with_a_bad_signature_falls_back_to_the_cookie() {
    let (server, app) = with_bearer();
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let forged = format!("Bearer {}.{}", bob.token, "A".repeat(43));

    for bearer in ["Bearer garbage.garbage", &forged] {
        let headers = [("cookie", ada.cookie.as_str()), ("authorization", bearer)];
        app.get("/me", &headers).await.assert_user(&ada.user_id);
    }
}

#[tokio::test]
async fn a_bearer_without_a_signature_overrides_the_cookie_even_where_nobody_has_it() {
    let (server, app) = with_bearer();
    let ada = server.sign_up("ada").await;
    // The server signs it itself, so that it cannot tell garbage from the token of a session that is gone.
    let headers = [
        ("cookie", ada.cookie.as_str()),
        ("authorization", "Bearer garbage"),
    ];

    app.get("/me", &headers).await.assert_invalid();
}

#[tokio::test]
async fn a_bearer_of_a_revoked_session_is_invalid() {
    let (server, app) = with_bearer();
    let ada = server.sign_up("ada").await;
    let bearer = format!("Bearer {}", ada.token);
    server.post("sign-out", &ada.cookie, &json!({})).await;

    app.get("/me", &[("authorization", &bearer)])
        .await
        .assert_invalid();
}

#[tokio::test]
async fn an_api_key_is_a_session_of_its_owner() {
    let (server, app) = with_api_key();
    let ada = server.sign_up("ada").await;
    let key = create_key(server, &ada).await;

    let session = app.get("/session", &[("x-api-key", &key)]).await;

    session.assert_ok();
    assert_eq!(session.body["user"]["id"], ada.user_id);
    assert!(
        !session.body.to_string().contains(&key),
        "the key is not told again"
    );
}

#[tokio::test]
async fn an_api_key_that_is_off_is_no_credential() {
    let (server, app) = configured(api_key_server());
    let ada = server.sign_up("ada").await;
    let key = create_key(server, &ada).await;

    app.get("/me", &[("x-api-key", &key)])
        .await
        .assert_unauthenticated();

    assert_eq!(server.checks_with(&key).await.len(), 0);
}

#[tokio::test]
async fn an_api_key_overrides_the_cookie() {
    let (server, app) = with_api_key();
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let key = create_key(server, &bob).await;

    let me = app
        .get("/me", &[("cookie", &ada.cookie), ("x-api-key", &key)])
        .await;

    me.assert_user(&bob.user_id);
}

#[tokio::test]
async fn an_unknown_or_short_api_key_is_an_invalid_session_and_no_outage() {
    let (server, app) = with_api_key();
    let ada = server.sign_up("ada").await;

    for key in ["k".repeat(64), "short".to_owned()] {
        app.get("/me", &[("x-api-key", &key)])
            .await
            .assert_invalid();
        let with_cookie = [("x-api-key", &key), ("cookie", &ada.cookie)];
        app.get("/me", &with_cookie).await.assert_invalid();
    }
}

#[tokio::test]
async fn the_api_key_of_a_banned_user_is_refused_although_the_server_lets_it_in() {
    let (server, app) = with_api_key();
    let eve = server.sign_up("eve").await;
    let key = create_key(server, &eve).await;
    server
        .update("user", json!({"id": eve.user_id}), json!({"banned": true}))
        .await;

    let me = app.get("/me", &[("x-api-key", &key)]).await;

    me.assert_refused(403, "USER_BANNED");
}
