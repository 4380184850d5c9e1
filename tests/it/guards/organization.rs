//! Organizations: which roles count, and which ids are worth a question.

use axum::{Router, routing::get};
use tower_better_auth::{
    BetterAuth, Require, SessionAuth,
    testing::{AuthServer, SignedIn, user},
};

use crate::support::probe::{send, with_cookie};

const NOT_A_MEMBER: &str = "403 NOT_AN_ORGANIZATION_MEMBER";
const ROLE: &str = "403 INSUFFICIENT_ORGANIZATION_ROLE";

fn layer(server: &AuthServer) -> SessionAuth {
    SessionAuth::new(BetterAuth::new(server.url()).unwrap())
}

/// One route for the organization in the path.
fn guarded(require: Require) -> Router {
    Router::new().route("/{org}", get(async || ()).route_layer(require))
}

async fn ask(app: &Router, who: &SignedIn, organization: &str) -> String {
    let cookie = who.cookie();
    let request = with_cookie(&format!("/{organization}"), cookie.to_str().unwrap());
    send(app.clone(), request).await.summary()
}

/// The paths of everything that the server was asked.
fn asked(server: &AuthServer) -> Vec<String> {
    let requests = server.requests();
    let path = |uri: &http::Uri| uri.path().replace("/api/auth", "");
    requests.iter().map(|request| path(&request.uri)).collect()
}

#[tokio::test]
async fn an_empty_role_is_no_role_of_anybody() {
    let server = AuthServer::start().await;
    let ada = server.sign_in(user("ada"));
    for (own, role, expected) in [
        ("", "", ROLE),
        (",", "", ROLE),
        ("a,,b", "", ROLE),
        ("a,", "", ROLE),
        (",a", "", ROLE),
        ("a,,b", "a,,b", ROLE),
        ("a,,b", "a", "200"),
        ("a,,b", "b", "200"),
    ] {
        server.set_member_role("o1", "ada", own);
        let app = guarded(Require::organization_role("org", [role])).layer(layer(&server));
        assert_eq!(ask(&app, &ada, "o1").await, expected, "{role:?} of {own:?}");
        // A member without a role is a member.
        let app = guarded(Require::organization_member("org")).layer(layer(&server));
        assert_eq!(ask(&app, &ada, "o1").await, "200", "{own:?}");
    }
}

#[tokio::test]
async fn an_id_that_no_organization_has_is_denied_without_a_question() {
    let server = AuthServer::start().await;
    let ada = server.sign_in(user("ada"));
    let guards = [
        Require::organization_member("org"),
        Require::organization_role("org", ["owner"]),
        Require::organization_permission("org", "project", ["read"]),
    ];
    let longest = "o".repeat(256);
    server.set_member_role(&longest, "ada", "owner");
    server.permit_in(&longest, "ada", "project", "read");
    for guard in guards {
        let app = guarded(guard).layer(layer(&server));
        for (id, expected) in [
            ("o".repeat(257), NOT_A_MEMBER),
            ("%C3%A9".repeat(129), NOT_A_MEMBER),
            ("o".repeat(8000), NOT_A_MEMBER),
            // Databases fail on it.
            ("o%00".to_owned(), NOT_A_MEMBER),
            ("o%0A1".to_owned(), NOT_A_MEMBER),
            ("o%C2%80".to_owned(), NOT_A_MEMBER),
        ] {
            let before = asked(&server).len();
            assert_eq!(ask(&app, &ada, &id).await, expected);
            assert_eq!(asked(&server)[before..], ["/get-session"]);
        }
        let before = asked(&server).len();
        assert_eq!(ask(&app, &ada, &longest).await, "200");
        assert_eq!(asked(&server)[before..].len(), 2);
    }
}

#[tokio::test]
async fn a_guard_outside_and_one_inside_of_a_second_layer_ask_once() {
    const ONCE: [&str; 2] = ["/get-session", "/organization/get-active-member-role"];
    let member = || Require::organization_member("org");
    let server = AuthServer::start().await;
    let ada = server.sign_in(user("ada"));
    server.set_member_role("o1", "ada", "owner");
    let required = layer(&server);
    let optional = required.clone().optional();
    for (inner, outer) in [
        (&required, &required),
        (&required, &optional),
        (&optional, &required),
        (&optional, &optional),
    ] {
        let app = guarded(member())
            .route_layer(inner.clone())
            .route_layer(member())
            .layer(outer.clone());
        let before = asked(&server).len();
        assert_eq!(ask(&app, &ada, "o1").await, "200");
        assert_eq!(asked(&server)[before..], ONCE);
    }
}
