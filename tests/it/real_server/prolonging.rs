//! Sessions that are due for a refresh: who prolongs them, and what the browser hears of it.

use std::time::{Duration, SystemTime};

use axum::{Router, routing::get};
use http::HeaderMap;
use serde_json::{Value, json};
use tower_better_auth::{BetterAuth, BetterAuthBuilder, Require, SessionAuth};

use super::{default_handle, handle, session_cookie};
use crate::support::{
    node::{BetterAuthServer, Database, Jar, SignedIn},
    probe::{Seen, send, with_cookie},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The guards whose question prolongs a session that is due, with what they say to the owner of an organization.
const PROLONGING: [(&str, &str); 4] = [
    ("member", "200"),
    ("owner", "200"),
    ("janitor", "403 INSUFFICIENT_ORGANIZATION_ROLE"),
    ("member-and-more", "403 FORBIDDEN"),
];

/// All others, with what they say to an admin who owns the organization.
const SILENT: [(&str, &str); 6] = [
    ("plain", "200"),
    ("live", "200"),
    ("may", "200"),
    ("may-not", "403 PERMISSION_REQUIRED"),
    ("may-there", "200"),
    ("may-not-there", "403 PERMISSION_REQUIRED"),
];

/// A server that refreshes sessions of seven days once a day.
fn server() -> &'static BetterAuthServer {
    BetterAuthServer::shared(json!({"updateAge": DAY.as_secs()}))
}

/// One route for each kind of guard, and answers that anybody may keep.
fn app(auth: BetterAuth) -> Router {
    let nobody = Require::when(|_| false);
    let guards = [
        ("member", Require::organization_member("org")),
        ("owner", Require::organization_role("org", ["owner"])),
        ("janitor", Require::organization_role("org", ["janitor"])),
        (
            "member-and-more",
            Require::organization_member("org").and(nobody),
        ),
        ("plain", Require::when(|_| true)),
        ("live", Require::live()),
        ("may", Require::permission("user", ["list"])),
        ("may-not", Require::permission("user", ["fly"])),
        (
            "may-there",
            Require::organization_permission("org", "organization", ["update"]),
        ),
        (
            "may-not-there",
            Require::organization_permission("org", "organization", ["fly"]),
        ),
    ];
    let handler = || get(async || [("cache-control", "public, max-age=60")]);
    let mut router = Router::new();
    for (name, guard) in guards {
        let path = format!("/{name}/{{org}}");
        router = router.route(&path, handler().route_layer(guard));
    }
    router.layer(SessionAuth::new(auth))
}

/// Founds an organization; gives its id.
async fn organization(server: &BetterAuthServer, owner: &SignedIn) -> String {
    let body = json!({"name": "Org", "slug": format!("due-{}", owner.token.to_lowercase())});
    let answer = server
        .post("organization/create", &owner.cookie, &body)
        .await;
    answer.body["id"].as_str().unwrap().to_owned()
}

/// Leaves so much of a session; gives the row's `expiresAt`.
async fn leave(server: &BetterAuthServer, token: &str, rest: Duration) -> Value {
    let expires_at = humantime::format_rfc3339_millis(SystemTime::now() + rest).to_string();
    let found_by = json!({"token": token});
    server
        .update("session", found_by, json!({"expiresAt": expires_at}))
        .await;
    expires_at.into()
}

async fn expires_at(server: &BetterAuthServer, token: &str) -> Value {
    server.session_row(token).await["expiresAt"].clone()
}

/// The line for the session cookie in what Better Auth itself tells a browser.
fn token_line(headers: &HeaderMap) -> String {
    let lines = headers.get_all("set-cookie").iter();
    let mut lines = lines.map(|line| line.to_str().unwrap().to_owned());
    lines
        .find(|line| line.starts_with("better-auth.session_token="))
        .expect("a refresh sets the session cookie")
}

async fn ask(app: &Router, cookie: &str, guard: &str, organization: &str) -> Seen {
    send(
        app.clone(),
        with_cookie(&format!("/{guard}/{organization}"), cookie),
    )
    .await
}

#[tokio::test]
async fn a_session_that_a_guard_prolongs_is_prolonged_in_the_browser_as_well() {
    let server = server();
    let app = app(default_handle(server));
    let ada = server.sign_up("ada").await;
    let organization = organization(server, &ada).await;
    let path = format!("organization/get-active-member-role?organizationId={organization}");
    leave(server, &ada.token, DAY).await;
    let line = token_line(&server.get(&path, &ada.cookie).await.headers);
    assert!(line.contains("; Max-Age=604800;"), "{line}");

    for (guard, expected) in PROLONGING {
        let before = leave(server, &ada.token, DAY).await;
        let seen = ask(&app, &ada.cookie, guard, &organization).await;
        assert_eq!(seen.summary(), expected, "{guard}");
        assert_ne!(expires_at(server, &ada.token).await, before, "{guard}");
        assert_eq!(seen.set_cookies(), [&line], "{guard}");
        let caching: Vec<_> = seen.headers.get_all("cache-control").iter().collect();
        assert_eq!(caching, ["private, no-store"], "{guard}");

        // Nothing is due any more.
        let again = ask(&app, &ada.cookie, guard, &organization).await;
        assert_eq!(again.summary(), expected, "{guard}");
        assert_eq!(again.set_cookies(), [""; 0], "{guard}");
    }
}

#[tokio::test]
async fn whoever_is_no_member_hears_of_it_as_well() {
    let server = server();
    let app = app(default_handle(server));
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let organization = organization(server, &ada).await;
    let path = format!("organization/get-active-member-role?organizationId={organization}");
    leave(server, &eve.token, DAY).await;
    let told = server.get(&path, &eve.cookie).await;
    assert_eq!(told.status, 403, "{told:?}");
    let line = token_line(&told.headers);

    leave(server, &eve.token, DAY).await;
    let seen = ask(&app, &eve.cookie, "member", &organization).await;

    assert_eq!(seen.summary(), "403 NOT_AN_ORGANIZATION_MEMBER");
    assert_eq!(seen.set_cookies(), [&line]);
}

/// A bearer token stays one: a cookie would make it a session of the browser's.
#[tokio::test]
async fn whoever_shows_a_token_is_given_no_cookie() {
    let server = server();
    let app = app(handle(server, BetterAuthBuilder::accept_bearer));
    let ada = server.sign_up("ada").await;
    let organization = organization(server, &ada).await;
    for (guard, expected) in PROLONGING {
        let before = leave(server, &ada.token, DAY).await;
        let mut request = with_cookie(&format!("/{guard}/{organization}"), "theme=dark");
        let bearer = format!("Bearer {}", ada.token).parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        let seen = send(app.clone(), request).await;
        assert_eq!(seen.summary(), expected, "{guard}");
        assert_ne!(expires_at(server, &ada.token).await, before, "{guard}");
        assert_eq!(seen.set_cookies(), [""; 0], "{guard}");
    }
}

#[tokio::test]
async fn nobody_else_prolongs_a_session_or_says_so() {
    let server = server();
    let app = app(default_handle(server));
    let admin = server.sign_up("admin").await;
    let organization = organization(server, &admin).await;
    for (guard, expected) in SILENT {
        let before = leave(server, &admin.token, DAY).await;
        let seen = ask(&app, &admin.cookie, guard, &organization).await;
        assert_eq!(seen.summary(), expected, "{guard}");
        assert_eq!(expires_at(server, &admin.token).await, before, "{guard}");
        assert_eq!(seen.set_cookies(), [""; 0], "{guard}");
        assert_ne!(
            seen.header("cache-control"),
            Some("private, no-store"),
            "{guard}"
        );
    }
}

#[tokio::test]
async fn a_session_that_ends_with_the_browser_and_an_impersonation_are_prolonged_by_no_guard() {
    let server = server();
    let app = app(default_handle(server));
    let (admin, ada) = (server.sign_up("admin").await, server.sign_up("ada").await);
    let organization = organization(server, &ada).await;
    let brief = json!({"email": ada.email, "password": "correct horse battery staple", "rememberMe": false});
    let brief = server.switch(&ada, "sign-in/email", &brief).await;
    let ada_id = json!({"userId": ada.user_id});
    let impersonated = server
        .switch(&admin, "admin/impersonate-user", &ada_id)
        .await;
    for (name, session, rest) in [
        ("brief", &brief, DAY),
        ("impersonated", &impersonated, HOUR),
    ] {
        assert!(session.cookie.contains("better-auth.dont_remember="));
        let before = leave(server, &session.token, rest).await;
        for (guard, _) in PROLONGING.iter().chain(&SILENT) {
            let seen = ask(&app, &session.cookie, guard, &organization).await;
            assert_ne!(seen.status, 401, "{name} {guard}");
            assert_ne!(seen.status, 503, "{name} {guard}");
            assert_eq!(seen.set_cookies(), [""; 0], "{name} {guard}");
            let after = expires_at(server, &session.token).await;
            assert_eq!(after, before, "{name} {guard}");
        }
        // It was due: without the cookie that says otherwise, the server prolongs it.
        let token_alone = session_cookie(session.session_token());
        ask(&app, &token_alone, "member", &organization).await;
        assert_ne!(expires_at(server, &session.token).await, before, "{name}");
    }
}

#[tokio::test]
async fn a_session_that_is_over_and_a_database_that_is_down_set_no_cookie() {
    let config = json!({"cookieCache": {"strategy": "compact", "maxAge": 300}, "updateAge": 0});
    let server = BetterAuthServer::start(config);
    let trusting = app(handle(&server, BetterAuthBuilder::trust_cookie_cache));
    let asking = app(default_handle(&server));
    let ada = server.sign_up("ada").await;
    let organization = organization(&server, &ada).await;
    let ada = server.sign_in(&ada, Jar::default()).await;
    let expect = async |app: &Router, expected: &str| {
        for guard in ["member", "owner", "may-there"] {
            let seen = ask(app, &ada.cookie, guard, &organization).await;
            assert_eq!(seen.summary(), expected, "{guard}");
            assert_eq!(seen.set_cookies(), [""; 0], "{guard}");
        }
    };

    // The cookie cache says that somebody is signed in, and nobody can say of what they are a member.
    server.database(Database::Throw).await;
    expect(&trusting, "503 AUTH_SERVICE_UNAVAILABLE").await;
    expect(&asking, "503 AUTH_SERVICE_UNAVAILABLE").await;
    server.database(Database::Ok).await;

    server.delete("session", json!({"token": ada.token})).await;
    expect(&asking, "401 INVALID_SESSION").await;
}
