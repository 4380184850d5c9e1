//! The handle without a layer.

use std::sync::Arc;

use http::HeaderMap;
use serde_json::json;
use tower_better_auth::{AuthSession, BetterAuth, Rejection};

use super::{default_handle, headers, plain};
use crate::support::node::{BetterAuthServer, Database};

/// What `validate` and `validate_optional` say: an id, nobody, or a code.
async fn said(
    auth: &BetterAuth,
    headers: &HeaderMap,
) -> (Result<String, String>, Result<Option<String>, String>) {
    let id = |session: Arc<AuthSession>| session.user.id.clone();
    let code = |rejection: Rejection| rejection.code().to_owned();
    let required = auth.validate(headers).await.map(id).map_err(code);
    let optional = auth.validate_optional(headers).await;
    (
        required,
        optional.map(|session| session.map(id)).map_err(code),
    )
}

#[tokio::test]
async fn validate_and_validate_optional_say_what_the_layer_says() {
    let (server, app) = plain();
    let auth = default_handle(server);
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    server
        .update("user", json!({"id": eve.user_id}), json!({"banned": true}))
        .await;

    for cookie in [
        &ada.cookie,
        "theme=dark",
        "better-auth.session_token=garbage",
        &eve.cookie,
    ] {
        let seen = app.get_as(cookie, "/me").await;
        let code = seen.code().to_owned();
        let expected = match seen.status.as_u16() {
            200 => (Ok(ada.user_id.clone()), Ok(Some(ada.user_id.clone()))),
            401 => (Err(code), Ok(None)),
            _ => (Err(code.clone()), Err(code)),
        };
        assert_eq!(said(&auth, &headers(cookie)).await, expected, "{cookie}");
    }
}

#[tokio::test]
async fn validate_says_unavailable_in_an_outage_and_never_nobody() {
    let server = BetterAuthServer::start(json!({}));
    let auth = default_handle(&server);
    let ada = server.sign_up("ada").await;
    let headers = headers(&ada.cookie);

    server.database(Database::Throw).await;
    let required = auth.validate(&headers).await.unwrap_err();
    let optional = auth.validate_optional(&headers).await.unwrap_err();

    for rejection in [required, optional] {
        assert_eq!(rejection.code(), "AUTH_SERVICE_UNAVAILABLE");
        assert!(rejection.retry_after().is_some());
    }
}

#[tokio::test]
async fn field_reads_an_additional_field_into_a_type_of_ones_own() {
    let (server, _) = plain();
    let fields = json!({"plan": "pro", "seats": 7});
    let ada = server.sign_up_with("ada", fields).await;

    let session = default_handle(server)
        .validate(&headers(&ada.cookie))
        .await
        .unwrap();

    let user = &session.user;
    assert_eq!(
        user.field::<String>("plan").unwrap().as_deref(),
        Some("pro")
    );
    assert_eq!(user.field::<u8>("seats").unwrap(), Some(7));
    assert_eq!(user.field::<String>("never").unwrap(), None);
    assert!(user.field::<u8>("plan").is_err());
}

#[tokio::test]
async fn validate_never_prolongs_a_session() {
    let server = BetterAuthServer::shared(json!({"updateAge": 0}));
    let ada = server.sign_up("ada").await;
    let before = server.session_row(&ada.token).await;

    default_handle(server)
        .validate(&headers(&ada.cookie))
        .await
        .unwrap();

    assert_eq!(server.session_row(&ada.token).await, before);
}
