//! Devices and sign-out, as a real server has them.

use std::time::Duration;

use http::HeaderMap;
use serde_json::json;
use tower_better_auth::{Cache, Rejection};

use super::{default_handle, handle, headers};
use crate::support::node::{BetterAuthServer, Database, Jar, SignedIn};

/// `ok`, or status and code.
fn outcome<T>(result: Result<T, Rejection>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(rejection) => format!("{} {}", rejection.status().as_u16(), rejection.code()),
    }
}

fn of(device: &SignedIn) -> HeaderMap {
    headers(&device.cookie)
}

#[tokio::test]
async fn devices_are_listed_and_signed_out_one_by_one_and_all_at_once() {
    let server = BetterAuthServer::shared(json!({}));
    let auth = handle(server, |builder| {
        builder.cache(Cache::ttl(Duration::from_secs(300)))
    });
    let (laptop, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let phone = server.sign_in(&laptop, Jar::default()).await;
    let tablet = server.sign_in(&laptop, Jar::default()).await;
    let own = auth.validate(&of(&laptop)).await.unwrap();
    let of_phone = auth.validate(&of(&phone)).await.unwrap();
    let of_eve = auth.validate(&of(&eve)).await.unwrap();

    let devices = auth.list_sessions(&of(&laptop)).await.unwrap();
    assert_eq!(devices.len(), 3);
    assert_eq!(
        (&devices[0].id, devices[0].is_current),
        (&own.session.id, true)
    );
    assert!(devices[1..].iter().all(|device| !device.is_current));
    assert!(
        devices
            .iter()
            .any(|device| device.id == of_phone.session.id)
    );
    let said = format!("{devices:?} {}", json!(devices));
    for device in [&laptop, &phone, &tablet] {
        assert!(!said.contains(&device.token));
    }

    let stolen = auth.revoke_session(&of(&laptop), &of_eve.session.id).await;
    assert_eq!(outcome(stolen), "404 SESSION_NOT_FOUND");
    assert_eq!(outcome(auth.validate(&of(&eve)).await), "ok");

    let revoked = auth.revoke_session(&of(&laptop), &of_phone.session.id);
    assert_eq!(outcome(revoked.await), "ok");
    assert_eq!(
        outcome(auth.validate(&of(&phone)).await),
        "401 INVALID_SESSION"
    );
    assert_eq!(outcome(auth.validate(&of(&tablet)).await), "ok");

    let revoked = auth.revoke_other_sessions(&of(&laptop)).await;
    assert_eq!(outcome(revoked), "ok");
    assert_eq!(
        outcome(auth.validate(&of(&tablet)).await),
        "401 INVALID_SESSION"
    );
    assert_eq!(outcome(auth.validate(&of(&laptop)).await), "ok");

    let signed_out = auth.sign_out(&of(&laptop)).await.unwrap();
    assert_eq!(signed_out.set_cookies().count(), 3);
    assert_eq!(
        outcome(auth.validate(&of(&laptop)).await),
        "401 INVALID_SESSION"
    );
    assert_eq!(outcome(auth.validate(&of(&eve)).await), "ok");
}

#[tokio::test]
async fn a_database_that_throws_is_a_503_and_nobody_is_signed_out() {
    let server = BetterAuthServer::start(json!({}));
    let auth = default_handle(&server);
    let laptop = server.sign_up("ada").await;
    let phone = server.sign_in(&laptop, Jar::default()).await;
    let headers = of(&laptop);
    let of_phone = auth.validate(&of(&phone)).await.unwrap();

    server.database(Database::Throw).await;
    let unavailable = "503 AUTH_SERVICE_UNAVAILABLE";
    assert_eq!(outcome(auth.list_sessions(&headers).await), unavailable);
    let revoked = auth.revoke_session(&headers, &of_phone.session.id).await;
    assert_eq!(outcome(revoked), unavailable);
    assert_eq!(
        outcome(auth.revoke_other_sessions(&headers).await),
        unavailable
    );
    assert_eq!(outcome(auth.sign_out(&headers).await), unavailable);
    server.database(Database::Ok).await;

    assert_eq!(outcome(auth.validate(&headers).await), "ok");
    assert_eq!(outcome(auth.validate(&of(&phone)).await), "ok");
    assert_eq!(outcome(auth.sign_out(&headers).await), "ok");
}

#[tokio::test]
async fn a_sign_in_that_is_not_fresh_is_handed_on_for_the_list_alone() {
    let server = BetterAuthServer::start(json!({"freshAge": 60}));
    let auth = default_handle(&server);
    let ada = server.sign_up("ada").await;
    let hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
    let hour_ago = humantime::format_rfc3339_millis(hour_ago).to_string();
    let change = json!({"createdAt": hour_ago});
    server
        .update("session", json!({"token": ada.token}), change)
        .await;

    let listed = auth.list_sessions(&of(&ada)).await;
    assert_eq!(outcome(listed), "403 SESSION_NOT_FRESH");
    assert_eq!(outcome(auth.revoke_other_sessions(&of(&ada)).await), "ok");
    assert_eq!(outcome(auth.sign_out(&of(&ada)).await), "ok");
}

#[tokio::test]
async fn a_session_that_is_due_is_listed_without_being_prolonged_and_signed_out_with_its_cookie_cache()
 {
    let config = json!({"updateAge": 0, "cookieCache": {"strategy": "compact", "maxAge": 300}});
    let server = BetterAuthServer::start(config);
    let auth = default_handle(&server);
    let ada = server.sign_up("ada").await;
    let before = server.session_row(&ada.token).await;

    assert_eq!(auth.list_sessions(&of(&ada)).await.unwrap().len(), 1);
    assert_eq!(outcome(auth.revoke_other_sessions(&of(&ada)).await), "ok");
    assert_eq!(server.session_row(&ada.token).await, before);

    let signed_out = auth.sign_out(&of(&ada)).await.unwrap();
    let lines: Vec<_> = signed_out
        .set_cookies()
        .map(|line| line.to_str().unwrap())
        .collect();
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("better-auth.session_data=; Max-Age=0")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn whoever_shows_a_bearer_token_signs_out_as_well() {
    let server = BetterAuthServer::shared(json!({}));
    let auth = handle(server, tower_better_auth::BetterAuthBuilder::accept_bearer);
    let ada = server.sign_up("ada").await;
    let bearer = format!("Bearer {}", ada.token).parse().unwrap();
    let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, bearer)]);

    assert_eq!(auth.list_sessions(&headers).await.unwrap().len(), 1);
    assert_eq!(outcome(auth.sign_out(&headers).await), "ok");
    assert_eq!(
        outcome(auth.validate(&of(&ada)).await),
        "401 INVALID_SESSION"
    );
}
