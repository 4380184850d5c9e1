//! Who the server says it is: plugins and fields of its own.

use serde_json::json;

use super::{configured, plain};

#[tokio::test]
async fn an_impersonated_session_is_the_users_and_names_the_admin() {
    let (server, app) = plain();
    let (admin, ada) = (server.sign_up("admin").await, server.sign_up("ada").await);

    let body = json!({"userId": ada.user_id});
    let impersonated = server.switch(&admin, "admin/impersonate-user", &body).await;

    let session = app.get_as(&impersonated.cookie, "/session").await;
    session.assert_ok();
    assert_eq!(session.body["user"]["id"], ada.user_id);
    assert_eq!(session.body["session"]["impersonatedBy"], admin.user_id);
    let denied = app.get_as(&impersonated.cookie, "/admin").await;
    denied.assert_refused(403, "INSUFFICIENT_ROLE");
}

#[tokio::test]
async fn checking_an_impersonation_does_not_make_it_longer() {
    let (server, app) = configured(json!({"updateAge": 0}));
    let (admin, ada) = (server.sign_up("admin").await, server.sign_up("ada").await);
    let body = json!({"userId": ada.user_id});
    let impersonated = server.switch(&admin, "admin/impersonate-user", &body).await;
    let before = server.session_row(&impersonated.token).await;

    app.get_as(&impersonated.cookie, "/me")
        .await
        .assert_user(&ada.user_id);

    let after = server.session_row(&impersonated.token).await;
    assert_eq!(after["expiresAt"], before["expiresAt"]);
}

#[tokio::test]
async fn checking_a_session_writes_nothing_where_the_server_would_refresh_it_every_time() {
    let (server, app) = configured(json!({"updateAge": 0}));
    let ada = server.sign_up("ada").await;
    let before = server.session_row(&ada.token).await;

    let me = app.get_as(&ada.cookie, "/me").await;

    me.assert_user(&ada.user_id);
    assert!(!me.headers.contains_key("set-cookie"));
    assert_eq!(server.session_row(&ada.token).await, before);
}

#[tokio::test]
async fn a_session_that_ends_with_the_browser_is_valid_and_is_not_prolonged() {
    let (server, app) = configured(json!({"updateAge": 0}));
    let ada = server.sign_up("ada").await;
    let body = json!({"email": ada.email, "password": "correct horse battery staple", "rememberMe": false});
    let brief = server.switch(&ada, "sign-in/email", &body).await;
    let before = server.session_row(&brief.token).await;

    app.get_as(&brief.cookie, "/me")
        .await
        .assert_user(&ada.user_id);
    // Without the cookie that says so, the server would make it a long one.
    let token_alone = super::session_cookie(brief.session_token());
    app.get_as(&token_alone, "/me")
        .await
        .assert_user(&ada.user_id);

    assert_eq!(server.session_row(&brief.token).await, before);
}

#[tokio::test]
async fn additional_fields_are_there_and_keep_their_types() {
    let (server, app) = plain();
    let ada = server
        .sign_up_with("ada", json!({"plan": "pro", "seats": 7}))
        .await;
    let bob = server.sign_up("bob").await;

    let me = app.get_as(&ada.cookie, "/me").await;
    assert_eq!(
        (&me.body["plan"], &me.body["seats"]),
        (&json!("pro"), &json!(7))
    );
    let me = app.get_as(&bob.cookie, "/me").await;
    assert_eq!(
        (&me.body["plan"], &me.body["seats"]),
        (&json!("free"), &json!(null))
    );
}

#[tokio::test]
async fn a_profile_of_the_application_is_decoded_from_the_user() {
    let (server, app) = plain();
    let ada = server
        .sign_up_with("ada", json!({"plan": "pro", "seats": 7}))
        .await;
    let bob = server.sign_up("bob").await;

    let profile = app.get_as(&ada.cookie, "/profile").await;
    profile.assert_ok();
    assert_eq!(
        profile.body,
        json!({"id": ada.user_id, "plan": "pro", "seats": 7})
    );
    let profile = app.get_as(&bob.cookie, "/profile").await;
    assert_eq!(
        profile.body,
        json!({"id": bob.user_id, "plan": "free", "seats": null})
    );
}

#[tokio::test]
async fn a_profile_that_does_not_fit_is_a_mistake_in_the_program_and_no_outage() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;

    let misfit = app.get_as(&ada.cookie, "/misfit").await;

    misfit.assert_refused(500, "AUTH_MISCONFIGURED");
}

#[tokio::test]
async fn the_active_organization_is_in_the_session() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let before = app.get_as(&ada.cookie, "/session").await;
    assert_eq!(before.body["session"]["activeOrganizationId"], json!(null));

    let body = json!({"name": "Org", "slug": format!("org-{}", ada.user_id)});
    let organization = server.post("organization/create", &ada.cookie, &body).await;

    let after = app.get_as(&ada.cookie, "/session").await;
    after.assert_ok();
    assert_eq!(
        after.body["session"]["activeOrganizationId"],
        organization.body["id"]
    );
}

#[tokio::test]
async fn with_several_accounts_in_one_browser_it_is_the_active_one() {
    let (server, app) = plain();
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);

    let both = server.sign_in(&bob, ada.jar.clone()).await;
    app.get_as(&both.cookie, "/me")
        .await
        .assert_user(&bob.user_id);

    let body = json!({"sessionToken": ada.token});
    let switched = server
        .switch(&both, "multi-session/set-active", &body)
        .await;
    app.get_as(&switched.cookie, "/me")
        .await
        .assert_user(&ada.user_id);

    let forwarded = server.checks_with(switched.session_token()).await;
    let cookie = forwarded.last().unwrap().header("cookie").unwrap();
    assert!(!cookie.contains("_multi-"), "{cookie}");
}
