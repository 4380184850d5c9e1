//! Sessions that are due for a refresh.

use std::time::Duration;

use serde_json::{Value, json};

use super::subject::{Answer, Person, Subject};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Nothing but the answer is looked at, past every refresh.
async fn expires_at(server: &Subject, person: &Person) -> Value {
    let path = "/get-session?disableRefresh=true";
    let answer = server.get(path, Some(&person.cookie)).await;
    answer.json()["session"]["expiresAt"].clone()
}

/// The session cookie once more, for seven days.
#[track_caller]
fn assert_set_again(answer: &Answer, person: &Person) {
    let expected = format!(
        "{}; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax",
        person.cookie
    );
    assert_eq!(answer.set_cookies(), [expected]);
}

pub(crate) async fn a_session_that_is_not_due_is_left_as_it_is(server: &Subject) {
    let ada = server.sign_up("ada").await;
    server.leave(&ada, 6 * DAY + DAY / 24).await;
    let before = expires_at(server, &ada).await;
    let answer = server.get("/get-session", Some(&ada.cookie)).await;
    answer.assert_session_of(&ada);
    assert!(answer.set_cookies().is_empty());
    assert_eq!(expires_at(server, &ada).await, before);
}

pub(crate) async fn a_session_that_is_due_is_prolonged_and_its_cookie_set_again(server: &Subject) {
    let ada = server.sign_up("ada").await;
    server.leave(&ada, 6 * DAY - DAY / 24).await;
    let before = expires_at(server, &ada).await;
    let answer = server.get("/get-session", Some(&ada.cookie)).await;
    answer.assert_session_of(&ada);
    assert_set_again(&answer, &ada);
    let after = answer.json()["session"]["expiresAt"].clone();
    assert!(after.as_str() > before.as_str(), "{before} -> {after}");
    assert_eq!(expires_at(server, &ada).await, after);
    let answer = server.get("/get-session", Some(&ada.cookie)).await;
    assert!(answer.set_cookies().is_empty(), "once is enough");
}

pub(crate) async fn disable_refresh_leaves_it_as_it_is(server: &Subject) {
    let ada = server.sign_up("ada").await;
    server.leave(&ada, DAY).await;
    let before = expires_at(server, &ada).await;
    for value in ["true", "false", "0"] {
        let path = format!("/get-session?disableCookieCache=true&disableRefresh={value}");
        let answer = server.get(&path, Some(&ada.cookie)).await;
        answer.assert_session_of(&ada);
        assert!(answer.set_cookies().is_empty(), "{value}");
    }
    assert_eq!(expires_at(server, &ada).await, before);
    let answer = server
        .get("/get-session?disableRefresh=", Some(&ada.cookie))
        .await;
    assert_set_again(&answer, &ada);
}

pub(crate) async fn disable_cookie_cache_changes_nothing_without_one(server: &Subject) {
    let ada = server.sign_up("ada").await;
    let path = "/get-session?disableCookieCache=true";
    let answer = server.get(path, Some(&ada.cookie)).await;
    answer.assert_session_of(&ada);
    assert!(answer.set_cookies().is_empty());
    server.leave(&ada, DAY).await;
    let answer = server.get(path, Some(&ada.cookie)).await;
    assert_set_again(&answer, &ada);
}

pub(crate) async fn a_session_that_is_not_to_be_remembered_is_never_prolonged(server: &Subject) {
    let both = server.sign_in_for_a_day().await;
    assert!(both.contains("better-auth.dont_remember=true."), "{both}");
    let answer = server.get("/get-session", Some(&both)).await;
    assert_eq!(answer.json()["user"]["email"], "short@example.com");
    assert!(answer.set_cookies().is_empty());
    let without = both
        .split("; ")
        .find(|crumb| crumb.starts_with("better-auth.session_token="));
    let answer = server.get("/get-session", without).await;
    assert_eq!(answer.set_cookies().len(), 1, "{:?}", answer.set_cookies());
}

pub(crate) async fn a_question_about_membership_prolongs_whatever_its_query_says(server: &Subject) {
    let ada = server.sign_up("ada").await;
    let organization = server.found(&ada).await;
    for flag in ["", "&disableRefresh=true"] {
        server.leave(&ada, DAY).await;
        let path =
            format!("/organization/get-active-member-role?organizationId={organization}{flag}");
        let answer = server.get(&path, Some(&ada.cookie)).await;
        assert_eq!(answer.status, 200);
        assert_set_again(&answer, &ada);
    }
}

pub(crate) async fn a_question_about_permissions_prolongs_unless_told_not_to(server: &Subject) {
    let admin = server.sign_up("admin").await;
    let organization = server.found(&admin).await;
    for (path, body) in [
        (
            "/admin/has-permission",
            json!({"permissions": {"user": ["list"]}}),
        ),
        (
            "/organization/has-permission",
            json!({"permissions": {"organization": ["update"]}, "organizationId": organization}),
        ),
    ] {
        server.leave(&admin, DAY).await;
        let silent = format!("{path}?disableRefresh=true");
        let answer = server.post(&silent, &admin.cookie, &body).await;
        assert_eq!(answer.json()["success"], true, "{path}");
        assert!(answer.set_cookies().is_empty(), "{path}");
        let answer = server.post(path, &admin.cookie, &body).await;
        assert_set_again(&answer, &admin);
    }
}
