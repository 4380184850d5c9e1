//! What a signed-in user may do, as the database has it now.

use serde_json::{Value, json};

use super::plain;
use crate::support::node::{BetterAuthServer, SignedIn};

async fn set_user(server: &BetterAuthServer, user: &SignedIn, set: Value) {
    server
        .update("user", json!({"id": user.user_id}), set)
        .await;
}

#[tokio::test]
async fn a_user_who_was_banned_through_the_api_is_signed_out() {
    let (server, app) = plain();
    let (admin, eve) = (server.sign_up("admin").await, server.sign_up("eve").await);

    let body = json!({"userId": eve.user_id, "banReason": "spam"});
    server.post("admin/ban-user", &admin.cookie, &body).await;

    app.get_as(&eve.cookie, "/me").await.assert_invalid();
}

#[tokio::test]
async fn a_user_who_was_banned_by_a_row_is_refused_although_the_server_lets_them_in() {
    let (server, app) = plain();
    let eve = server.sign_up("admin").await;
    for ban_expires in [Value::Null, json!("2099-01-01T00:00:00.000Z")] {
        set_user(
            server,
            &eve,
            json!({"banned": true, "banExpires": ban_expires}),
        )
        .await;

        for path in ["/me", "/session", "/admin"] {
            app.get_as(&eve.cookie, path)
                .await
                .assert_refused(403, "USER_BANNED");
        }
    }
}

#[tokio::test]
async fn a_ban_that_has_ended_is_over() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;

    let set = json!({"banned": true, "banExpires": "2020-01-01T00:00:00.000Z"});
    set_user(server, &ada, set).await;

    app.get_as(&ada.cookie, "/me")
        .await
        .assert_user(&ada.user_id);
}

#[tokio::test]
async fn a_guard_lets_in_whoever_has_the_role_and_nobody_else() {
    let (server, app) = plain();
    let (admin, ada) = (server.sign_up("admin").await, server.sign_up("ada").await);

    app.get_as(&admin.cookie, "/admin").await.assert_ok();
    app.get_as(&ada.cookie, "/admin")
        .await
        .assert_refused(403, "INSUFFICIENT_ROLE");
    app.get_as("theme=dark", "/admin")
        .await
        .assert_unauthenticated();
}

#[tokio::test]
async fn several_roles_in_one_string_are_several_roles() {
    let (server, app) = plain();
    let (admin, ada) = (server.sign_up("admin").await, server.sign_up("ada").await);
    app.get_as(&ada.cookie, "/all")
        .await
        .assert_refused(403, "INSUFFICIENT_ROLE");

    let body = json!({"userId": ada.user_id, "role": ["admin", "user"]});
    server.post("admin/set-role", &admin.cookie, &body).await;

    for path in ["/admin", "/any", "/all"] {
        app.get_as(&ada.cookie, path).await.assert_ok();
    }
    let me = app.get_as(&ada.cookie, "/me").await;
    assert_eq!(me.body["role"], "admin,user");
}

#[tokio::test]
async fn one_role_of_two_opens_any_and_not_all() {
    let (server, app) = plain();
    let admin = server.sign_up("admin").await;

    app.get_as(&admin.cookie, "/any").await.assert_ok();
    app.get_as(&admin.cookie, "/all")
        .await
        .assert_refused(403, "INSUFFICIENT_ROLE");
}

#[tokio::test]
async fn a_role_that_only_looks_like_another_opens_nothing() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;

    for role in [
        json!("superadmin"),
        json!("Admin"),
        json!("administrator"),
        json!(""),
        Value::Null,
    ] {
        set_user(server, &ada, json!({"role": role})).await;
        app.get_as(&ada.cookie, "/admin")
            .await
            .assert_refused(403, "INSUFFICIENT_ROLE");
    }
}

#[tokio::test]
async fn a_changed_role_is_seen_on_the_next_request() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;

    app.get_as(&ada.cookie, "/admin")
        .await
        .assert_refused(403, "INSUFFICIENT_ROLE");
    set_user(server, &ada, json!({"role": "admin"})).await;
    app.get_as(&ada.cookie, "/admin").await.assert_ok();
    set_user(server, &ada, json!({"role": "user"})).await;
    app.get_as(&ada.cookie, "/admin")
        .await
        .assert_refused(403, "INSUFFICIENT_ROLE");
}

#[tokio::test]
async fn notes_are_for_their_owner_and_for_admins() {
    let (server, app) = plain();
    let (admin, ada) = (server.sign_up("admin").await, server.sign_up("ada").await);
    let bob = server.sign_up("bob").await;
    let notes = format!("/users/{}/notes", ada.user_id);

    app.get_as(&ada.cookie, &notes).await.assert_ok();
    app.get_as(&admin.cookie, &notes).await.assert_ok();
    app.get_as(&bob.cookie, &notes)
        .await
        .assert_refused(403, "USER_ID_MISMATCH");
    app.get_as("theme=dark", &notes)
        .await
        .assert_unauthenticated();
    app.get_as("better-auth.session_token=x", &notes)
        .await
        .assert_invalid();
}
