//! What users do with their own sessions: list, revoke, sign out.

use std::time::Duration;

use serde_json::{Value, json};

use super::subject::{Answer, DELETED, Person, Subject};

const LIST: &str = "/list-sessions?disableCookieCache=true&disableRefresh=true";
const REVOKE: &str = "/revoke-session?disableRefresh=true";
const REVOKE_OTHERS: &str = "/revoke-other-sessions?disableRefresh=true";

async fn list(server: &Subject, person: &Person) -> Answer {
    server.get(LIST, Some(&person.cookie)).await
}

/// The tokens in a list.
fn tokens(list: &Answer) -> Vec<String> {
    let list = list.json();
    let rows = list.as_array().unwrap();
    let mut tokens: Vec<_> = rows
        .iter()
        .map(|row| row["token"].as_str().unwrap().to_owned())
        .collect();
    tokens.sort();
    tokens
}

fn sorted<const N: usize>(people: [&Person; N]) -> Vec<String> {
    let mut tokens = people.map(|person| person.token.clone()).to_vec();
    tokens.sort();
    tokens
}

pub(crate) async fn a_list_has_the_users_own_sessions_with_all_their_fields(server: &Subject) {
    let ada = server.sign_up("ada").await;
    let phone = server.sign_in_again(&ada).await;
    server.sign_up("eve").await;
    let answer = list(server, &ada).await;
    assert_eq!(tokens(&answer), sorted([&ada, &phone]));
    assert!(answer.set_cookies().is_empty());
    let rows = answer.json();
    let described = server.get("/get-session", Some(&ada.cookie)).await.json();
    let own = rows.as_array().unwrap().iter();
    let own: Vec<&Value> = own.filter(|row| row["token"] == *ada.token).collect();
    assert_eq!(own, [&described["session"]]);
}

pub(crate) async fn a_session_that_has_ended_is_not_listed(server: &Subject) {
    let ada = server.sign_up("ada").await;
    let (phone, tablet) = (
        server.sign_in_again(&ada).await,
        server.sign_in_again(&ada).await,
    );
    server.revoke(&phone).await;
    server.expire(&tablet).await;
    assert_eq!(tokens(&list(server, &ada).await), sorted([&ada]));
}

pub(crate) async fn a_sign_in_of_yesterday_gets_no_list_and_revokes_all_the_same(server: &Subject) {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let ada = server.sign_up("ada").await;
    let phone = server.sign_in_again(&ada).await;
    server.age(&ada, DAY - Duration::from_secs(60)).await;
    assert_eq!(list(server, &ada).await.status, 200);
    server.age(&ada, DAY).await;
    let answer = list(server, &ada).await;
    assert_eq!(answer.refusal(), "403 SESSION_NOT_FRESH");
    let answer = server.post(REVOKE_OTHERS, &ada.cookie, &json!({})).await;
    assert_eq!(answer.json(), json!({"status": true}));
    server
        .get("/get-session", Some(&phone.cookie))
        .await
        .assert_null(&DELETED);
}

pub(crate) async fn one_session_is_revoked_and_that_of_somebody_else_is_not(server: &Subject) {
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let phone = server.sign_in_again(&ada).await;
    for token in [&phone.token, &eve.token, "unknown"] {
        let answer = server
            .post(REVOKE, &ada.cookie, &json!({"token": token}))
            .await;
        assert_eq!(answer.json(), json!({"status": true}), "{token}");
        assert!(answer.set_cookies().is_empty());
    }
    assert_eq!(tokens(&list(server, &ada).await), sorted([&ada]));
    assert_eq!(tokens(&list(server, &eve).await), sorted([&eve]));
    let answer = server.post(REVOKE, &ada.cookie, &json!({})).await;
    assert_eq!(answer.refusal(), "400 VALIDATION_ERROR");
}

pub(crate) async fn the_other_sessions_or_all_are_revoked_and_those_of_others_are_not(
    server: &Subject,
) {
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let phone = server.sign_in_again(&ada).await;
    let answer = server.post(REVOKE_OTHERS, &ada.cookie, &json!({})).await;
    assert_eq!(answer.json(), json!({"status": true}));
    assert!(answer.set_cookies().is_empty());
    assert_eq!(tokens(&list(server, &ada).await), sorted([&ada]));
    assert_eq!(list(server, &phone).await.status, 401);
    let answer = server
        .post("/revoke-sessions", &ada.cookie, &json!({}))
        .await;
    assert_eq!(answer.json(), json!({"status": true}));
    assert_eq!(list(server, &ada).await.status, 401);
    assert_eq!(tokens(&list(server, &eve).await), sorted([&eve]));
}

pub(crate) async fn nobody_is_401(server: &Subject) {
    let ada = server.sign_up("ada").await;
    server.revoke(&ada).await;
    for cookie in ["", "better-auth.session_token=made-up", &ada.cookie] {
        let answer = server.get(LIST, Some(cookie)).await;
        assert_eq!(answer.status, 401, "{cookie}");
        for path in [REVOKE, REVOKE_OTHERS, "/revoke-sessions"] {
            let answer = server.post(path, cookie, &json!({"token": "x"})).await;
            assert_eq!(answer.status, 401, "{path} {cookie}");
        }
    }
}

pub(crate) async fn a_database_that_is_down_looks_like_nobody_and_a_sign_out_like_a_success(
    server: &Subject,
) {
    let ada = server.sign_up("ada").await;
    server.break_the_database().await;
    assert_eq!(list(server, &ada).await.status, 401);
    for path in [REVOKE, REVOKE_OTHERS] {
        let body = json!({"token": ada.token});
        let answer = server.post(path, &ada.cookie, &body).await;
        assert_eq!(answer.status, 401, "{path}");
    }
    let answer = server.post("/sign-out", &ada.cookie, &json!({})).await;
    assert_eq!(answer.json(), json!({"success": true}));
    assert_eq!(answer.set_cookies(), DELETED);
    server.mend_the_database().await;
    let answer = server.get("/get-session", Some(&ada.cookie)).await;
    answer.assert_session_of(&ada);
}
