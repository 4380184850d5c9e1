//! What guards ask: membership, roles, permissions.

use serde_json::{Value, json};

use super::subject::{Answer, Person, Subject};

async fn role(server: &Subject, cookie: Option<&str>, organization: &str) -> Answer {
    let path = format!("/organization/get-active-member-role?organizationId={organization}");
    server.get(&path, cookie).await
}

async fn may(server: &Subject, person: &Person, resource: &str, action: &str) -> Answer {
    let body = json!({"permissions": {resource: [action]}});
    server
        .post("/admin/has-permission", &person.cookie, &body)
        .await
}

fn may_there(resource: &str, actions: &[&str], organization: &str) -> Value {
    json!({"permissions": {resource: actions}, "organizationId": organization})
}

pub(crate) async fn nobody_is_401(server: &Subject) {
    let ada = server.sign_up("ada").await;
    let organization = server.found(&ada).await;
    server.revoke(&ada).await;
    for cookie in ["", "better-auth.session_token=made-up", &ada.cookie] {
        let asked = role(server, Some(cookie), &organization).await;
        assert_eq!(asked.refusal(), "401 UNAUTHORIZED", "{cookie}");
        let body = may_there("organization", &["update"], &organization);
        let asked = server
            .post("/organization/has-permission", cookie, &body)
            .await;
        assert_eq!(asked.refusal(), "401 UNAUTHORIZED", "{cookie}");
        let body = json!({"permissions": {"user": ["list"]}});
        let asked = server.post("/admin/has-permission", cookie, &body).await;
        assert_eq!((asked.status.as_u16(), asked.body.len()), (401, 0));
    }
}

pub(crate) async fn a_member_has_a_role_and_a_stranger_is_refused(server: &Subject) {
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let organization = server.found(&ada).await;
    let asked = role(server, Some(&ada.cookie), &organization).await;
    assert_eq!(asked.json(), json!({"role": "owner"}));
    for (person, organization) in [(&eve, organization.as_str()), (&ada, "unknown")] {
        let asked = role(server, Some(&person.cookie), organization).await;
        let expected = "403 YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION";
        assert_eq!(asked.refusal(), expected, "{organization}");
    }
    let path = "/organization/get-active-member-role";
    let asked = server.get(path, Some(&eve.cookie)).await;
    assert_eq!(asked.refusal(), "400 NO_ACTIVE_ORGANIZATION");
}

pub(crate) async fn what_a_member_may_do_is_answered_and_a_stranger_is_refused(server: &Subject) {
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let organization = server.found(&ada).await;
    let path = "/organization/has-permission";
    for (resource, actions, expected) in [
        ("organization", &["update"][..], true),
        ("organization", &["fly"], false),
        ("organization", &["update", "fly"], false),
        ("unknown", &["read"], false),
    ] {
        let body = may_there(resource, actions, &organization);
        let asked = server.post(path, &ada.cookie, &body).await;
        let expected = json!({"error": null, "success": expected});
        assert_eq!(asked.json(), expected, "{resource} {actions:?}");
    }
    let body = may_there("organization", &["update"], &organization);
    let asked = server.post(path, &eve.cookie, &body).await;
    let expected = "401 USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION";
    assert_eq!(asked.refusal(), expected);
    let body = json!({"permissions": {"organization": ["update"]}});
    let asked = server.post(path, &eve.cookie, &body).await;
    assert_eq!(asked.refusal(), "400 NO_ACTIVE_ORGANIZATION");
}

pub(crate) async fn what_an_admin_may_do_everywhere_is_answered(server: &Subject) {
    let (admin, eve) = (server.sign_up("admin").await, server.sign_up("eve").await);
    server.found(&admin).await;
    for (person, action, expected) in [
        (&admin, "list", true),
        (&admin, "fly", false),
        (&eve, "list", false),
    ] {
        let asked = may(server, person, "user", action).await;
        let expected = json!({"error": null, "success": expected});
        assert_eq!(asked.json(), expected, "{} {action}", person.user_id);
    }
}

pub(crate) async fn a_body_that_is_no_question_is_400(server: &Subject) {
    let ada = server.sign_up("ada").await;
    for path in ["/admin/has-permission", "/organization/has-permission"] {
        let body = json!({"permissions": "all"});
        let asked = server.post(path, &ada.cookie, &body).await;
        assert_eq!(asked.refusal(), "400 VALIDATION_ERROR", "{path}");
    }
}

pub(crate) async fn a_database_that_is_down_looks_like_nobody(server: &Subject) {
    let ada = server.sign_up("ada").await;
    let organization = server.found(&ada).await;
    server.break_the_database().await;
    let asked = role(server, Some(&ada.cookie), &organization).await;
    assert_eq!(asked.refusal(), "401 UNAUTHORIZED");
    let asked = may(server, &ada, "user", "list").await;
    assert_eq!((asked.status.as_u16(), asked.body.len()), (401, 0));
}
