//! The customSession plugin, which answers whatever its callback returns.

use serde_json::{Value, json};
use tower_better_auth::AuthSession;

use super::{app, configured};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Reads `{"userId": ..., "email": ..., "roles": [...]}`, which says nothing of a session.
fn flat(body: &[u8]) -> Result<Option<AuthSession>, BoxError> {
    let answer: Value = serde_json::from_slice(body)?;
    if answer.is_null() {
        return Ok(None);
    }
    let session = json!({
        "user": {"id": answer["userId"], "email": answer["email"], "roles": answer["roles"]},
        "session": {"id": answer["userId"], "expiresAt": "2099-01-01T00:00:00.000Z"},
    });
    Ok(Some(serde_json::from_value(session)?))
}

#[tokio::test]
async fn a_flat_answer_is_read_by_a_decoder_of_ones_own() {
    let (server, default) = configured(json!({"customSession": "flat"}));
    let decoding = app(server, |builder| builder.decode_with(flat));
    let ada = server.sign_up("ada").await;

    let me = decoding.get_as(&ada.cookie, "/me").await;
    me.assert_user(&ada.user_id);
    assert_eq!(
        (&me.body["email"], &me.body["roles"]),
        (&json!(ada.email), &json!(["a", "b"]))
    );
    default
        .get_as(&ada.cookie, "/me")
        .await
        .assert_unavailable();
}

#[tokio::test]
async fn a_decoder_of_ones_own_is_not_asked_about_who_is_not_signed_in() {
    let (server, _) = configured(json!({"customSession": "flat"}));
    let decoding = app(server, |builder| builder.decode_with(flat));

    decoding
        .get_as("better-auth.session_token=garbage", "/me")
        .await
        .assert_invalid();
    decoding
        .get_as("theme=dark", "/me")
        .await
        .assert_unauthenticated();
}

#[tokio::test]
async fn a_nested_answer_needs_no_decoder_and_keeps_what_was_added() {
    let (server, app) = configured(json!({"customSession": "nested"}));
    let ada = server.sign_up("ada").await;

    let me = app.get_as(&ada.cookie, "/me").await;

    me.assert_user(&ada.user_id);
    assert_eq!(me.body["newField"], "x");
}

#[tokio::test]
async fn a_callback_that_answers_null_signs_everybody_out() {
    let (server, app) = configured(json!({"customSession": "null"}));
    let ada = server.sign_up("ada").await;

    app.get_as(&ada.cookie, "/me").await.assert_invalid();
}

#[tokio::test]
async fn a_callback_that_throws_is_unavailable() {
    let (server, app) = configured(json!({"customSession": "throw"}));
    let ada = server.sign_up("ada").await;

    app.get_as(&ada.cookie, "/me").await.assert_unavailable();
}
