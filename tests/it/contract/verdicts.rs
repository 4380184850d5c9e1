//! What this crate makes of the server's answers.

use axum::{Router, routing::get};
use tower_better_auth::{CurrentUser, Require, SessionAuth};

use super::subject::{Person, Subject};
use crate::support::probe::{anonymous, send, with_cookie};

fn app(server: &Subject) -> Router {
    let guarded = |guard: Require| get(async || "in").route_layer(guard);
    let may_there = Require::organization_permission("org", "organization", ["update"]);
    Router::new()
        .route("/me", get(async |user: CurrentUser| user.id.clone()))
        .route("/live", guarded(Require::live()))
        .route("/admin", guarded(Require::role("admin")))
        .route(
            "/member/{org}",
            guarded(Require::organization_member("org")),
        )
        .route(
            "/owner/{org}",
            guarded(Require::organization_role("org", ["owner"])),
        )
        .route("/may/{org}", guarded(may_there))
        .route("/may", guarded(Require::permission("user", ["list"])))
        .layer(SessionAuth::new(server.handle()))
}

async fn seen(app: &Router, path: &str, person: &Person) -> String {
    let request = with_cookie(path, &person.cookie);
    send(app.clone(), request).await.summary()
}

pub(crate) async fn every_situation_of_a_session_has_its_verdict(server: &Subject) {
    let app = app(server);
    assert_eq!(
        send(app.clone(), anonymous("/me")).await.summary(),
        "401 UNAUTHENTICATED"
    );
    for (what, expected) in [
        ("valid", "200"),
        ("revoked", "401 INVALID_SESSION"),
        ("expired", "401 INVALID_SESSION"),
        ("deleted", "401 INVALID_SESSION"),
        ("banned", "403 USER_BANNED"),
        ("tampered", "401 INVALID_SESSION"),
    ] {
        let mut person = server.sign_up(what).await;
        match what {
            "revoked" => server.revoke(&person).await,
            "expired" => server.expire(&person).await,
            "deleted" => server.delete_user(&person).await,
            "banned" => server.ban_in_the_database(&person).await,
            "tampered" => person.cookie = person.cookie.replace("%3D", ""),
            _ => {}
        }
        for path in ["/me", "/live"] {
            assert_eq!(
                seen(&app, path, &person).await,
                expected,
                "{what} at {path}"
            );
        }
    }
    let ada = server.sign_up("ada").await;
    server.break_the_database().await;
    assert_eq!(
        seen(&app, "/me", &ada).await,
        "503 AUTH_SERVICE_UNAVAILABLE"
    );
}

pub(crate) async fn a_new_role_holds_from_the_next_request_on(server: &Subject) {
    let app = app(server);
    let ada = server.sign_up("ada").await;
    for (role, expected) in [
        ("user", "403 INSUFFICIENT_ROLE"),
        ("user,admin", "200"),
        ("administrator", "403 INSUFFICIENT_ROLE"),
    ] {
        server.set_role(&ada, role).await;
        assert_eq!(seen(&app, "/admin", &ada).await, expected, "{role}");
    }
}

pub(crate) async fn guards_that_ask_are_answered(server: &Subject) {
    let app = app(server);
    let (admin, eve) = (server.sign_up("admin").await, server.sign_up("eve").await);
    let organization = server.found(&admin).await;
    let member = format!("/member/{organization}");
    let owner = format!("/owner/{organization}");
    let may_there = format!("/may/{organization}");
    for (path, stranger) in [
        (member.as_str(), "403 NOT_AN_ORGANIZATION_MEMBER"),
        (&owner, "403 NOT_AN_ORGANIZATION_MEMBER"),
        (&may_there, "403 PERMISSION_REQUIRED"),
        ("/may", "403 PERMISSION_REQUIRED"),
    ] {
        assert_eq!(seen(&app, path, &admin).await, "200", "{path}");
        assert_eq!(seen(&app, path, &eve).await, stranger, "{path}");
    }
}

pub(crate) async fn a_session_that_a_guard_prolongs_is_prolonged_in_the_browser(server: &Subject) {
    let app = app(server);
    let ada = server.sign_up("ada").await;
    let organization = server.found(&ada).await;
    server
        .leave(&ada, std::time::Duration::from_secs(24 * 60 * 60))
        .await;
    let path = format!("/member/{organization}");
    for expected in [1, 0] {
        let seen = send(app.clone(), with_cookie(&path, &ada.cookie)).await;
        let lines = seen.set_cookies();
        assert_eq!(lines.len(), expected, "{lines:?}");
        assert!(lines.iter().all(|line| line.starts_with(&ada.cookie)));
    }
    assert!(
        send(app, with_cookie("/me", &ada.cookie))
            .await
            .set_cookies()
            .is_empty()
    );
}
