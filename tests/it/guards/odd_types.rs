//! What the auth server stored about a session, in types that it should not have: nobody is admitted by them.

use std::net::{IpAddr, Ipv4Addr};

use axum::{Router, routing::get};
use http::StatusCode;
use serde_json::{Value, json};
use tower_better_auth::{Require, SessionAuth};

use crate::support::{
    answer,
    probe::{send, signed_in},
    recorder::Recorder,
};

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));

/// What a client from 198.51.100.1 with curl sees, where the session has `value` in that field, or no such field.
async fn outcome(field: &str, value: Option<&Value>, require: Require) -> String {
    let mut session = answer::session();
    if let Some(value) = value {
        session["session"][field] = value.clone();
    }
    let auth = Recorder::answering(StatusCode::OK, &session).handle();
    let app = Router::new()
        .route("/", get(async || ()).route_layer(require))
        .layer(SessionAuth::new(auth));
    let mut request = signed_in("/");
    let curl = "curl/8".parse().unwrap();
    request.headers_mut().insert("user-agent", curl);
    send(app, request).await.summary()
}

#[tokio::test]
async fn an_impersonation_of_an_odd_type_is_an_outage_and_no_absence() {
    let odd = "503 AUTH_SERVICE_UNAVAILABLE";
    for (value, expected) in [
        (None, "200"),
        (Some(json!(null)), "200"),
        (Some(json!("")), "200"),
        (Some(json!("admin")), "403 IMPERSONATED"),
        (Some(json!(7)), odd),
        (Some(json!(0)), odd),
        (Some(json!(false)), odd),
        (Some(json!({})), odd),
        (Some(json!([])), odd),
        (Some(json!({"id": "admin"})), odd),
    ] {
        let seen = outcome(
            "impersonatedBy",
            value.as_ref(),
            Require::not_impersonated(),
        )
        .await;
        assert_eq!(seen, expected, "{value:?}");
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_compared_is_not_an_unknown_one() {
    let other = "403 IP_ADDRESS_MISMATCH";
    for (value, strictly, if_known) in [
        (None, other, "200"),
        (Some(json!(null)), other, "200"),
        (Some(json!("")), other, "200"),
        (Some(json!("198.51.100.1")), "200", "200"),
        (Some(json!("198.51.100.2")), other, other),
        (Some(json!("198.51.100.1:443")), other, other),
        (Some(json!("198.51.100.1, 10.0.0.1")), other, other),
        (Some(json!("a, b")), other, other),
        (Some(json!("unknown")), other, other),
        (Some(json!(" ")), other, other),
        (Some(json!(5)), other, other),
        (Some(json!(false)), other, other),
        (Some(json!([])), other, other),
        (Some(json!(["198.51.100.1"])), other, other),
        (Some(json!({})), other, other),
    ] {
        let seen = outcome(
            "ipAddress",
            value.as_ref(),
            Require::same_ip(|_| Some(CLIENT)),
        )
        .await;
        assert_eq!(seen, strictly, "{value:?}");
        let require = Require::same_ip_if_known(|_| Some(CLIENT));
        let seen = outcome("ipAddress", value.as_ref(), require).await;
        assert_eq!(seen, if_known, "{value:?}, if known");
    }
}

#[tokio::test]
async fn a_browser_that_cannot_be_compared_is_not_an_unknown_one() {
    let other = "403 USER_AGENT_MISMATCH";
    for (value, strictly, if_known) in [
        (None, other, "200"),
        (Some(json!(null)), other, "200"),
        (Some(json!("")), other, "200"),
        (Some(json!("curl/8")), "200", "200"),
        (Some(json!("curl/9")), other, other),
        (Some(json!(" ")), other, other),
        (Some(json!(5)), other, other),
        (Some(json!(false)), other, other),
        (Some(json!(["curl/8"])), other, other),
        (Some(json!({})), other, other),
    ] {
        let seen = outcome("userAgent", value.as_ref(), Require::same_user_agent()).await;
        assert_eq!(seen, strictly, "{value:?}");
        let seen = outcome(
            "userAgent",
            value.as_ref(),
            Require::same_user_agent_if_known(),
        )
        .await;
        assert_eq!(seen, if_known, "{value:?}, if known");
    }
}
