use axum::{Router, routing::get};
use tower_better_auth::{
    CurrentSession, CurrentUser, Require,
    testing::{StandIn, anonymous, session, signed_in, unavailable, user},
};

use crate::support::probe::{anonymous as request, send};

const FORBIDDEN: &str = "403 NOT_AN_ORGANIZATION_MEMBER";
const UNAVAILABLE: &str = "503 AUTH_SERVICE_UNAVAILABLE";

fn routes() -> Router {
    let guarded = |guard: Require| get(async || "in").route_layer(guard);
    let home = async |user: Option<CurrentUser>| match user {
        Some(user) => user.id.clone(),
        None => "nobody".to_owned(),
    };
    Router::new()
        .route("/open", get(async || "in"))
        .route("/me", get(async |user: CurrentUser| user.id.clone()))
        .route("/home", get(home))
        .route(
            "/session",
            get(async |it: CurrentSession| it.session.id.clone()),
        )
        .route("/admin", guarded(Require::role("admin")))
        .route("/live", guarded(Require::live()))
        .route("/own/{id}", guarded(Require::user_id("id")))
        .route(
            "/member/{org}",
            guarded(Require::organization_member("org")),
        )
        .route(
            "/owner/{org}",
            guarded(Require::organization_role("org", ["owner"])),
        )
        .route("/may", guarded(Require::permission("note", ["read"])))
        .route(
            "/may/{org}",
            guarded(Require::organization_permission("org", "note", ["read"])),
        )
}

async fn seen(layer: &StandIn, path: &str) -> (String, String) {
    let seen = send(routes().layer(layer.clone()), request(path)).await;
    (seen.summary(), seen.body)
}

async fn assert_seen(layer: StandIn, expected: &[(&str, &str)]) {
    for (path, expected) in expected {
        assert_eq!(seen(&layer, path).await.0, *expected, "{path}");
    }
}

#[tokio::test]
async fn somebody_signed_in_passes_what_they_may_and_nothing_else() {
    let expected = [
        ("/open", "200"),
        ("/me", "200"),
        ("/home", "200"),
        ("/session", "200"),
        ("/live", "200"),
        ("/own/ada", "200"),
        ("/own/eve", "403 USER_ID_MISMATCH"),
        ("/admin", "403 INSUFFICIENT_ROLE"),
        ("/member/acme", FORBIDDEN),
        ("/owner/acme", FORBIDDEN),
        ("/may", "403 PERMISSION_REQUIRED"),
        ("/may/acme", "403 PERMISSION_REQUIRED"),
    ];
    assert_seen(signed_in(user("ada")), &expected).await;
    assert_seen(signed_in(user("ada")).optional(), &expected).await;
    assert_eq!(seen(&signed_in(user("ada").build()), "/me").await.1, "ada");
    let who = session().user(user("ada")).field("id", "s7");
    assert_eq!(seen(&signed_in(who), "/session").await.1, "s7");
}

#[tokio::test]
async fn what_was_granted_is_passed() {
    let ada = signed_in(user("ada").role("admin"))
        .member_of("acme", "owner")
        .permitted("note", "read")
        .permitted_in("acme", "note", "read");
    let expected = [
        ("/admin", "200"),
        ("/member/acme", "200"),
        ("/owner/acme", "200"),
        ("/may", "200"),
        ("/may/acme", "200"),
        ("/member/other", FORBIDDEN),
        ("/may/other", "403 PERMISSION_REQUIRED"),
    ];
    assert_seen(ada, &expected).await;
}

#[tokio::test]
async fn a_banned_user_is_refused() {
    let banned = signed_in(user("mallory").banned());
    assert_seen(banned, &[("/open", "403 USER_BANNED")]).await;
}

#[tokio::test]
async fn nobody_is_refused_where_somebody_is_required_and_is_nobody_elsewhere() {
    let unauthenticated = "401 UNAUTHENTICATED";
    let paths = ["/me", "/session", "/admin", "/live", "/member/acme", "/may"];
    let refused = paths.map(|path| (path, unauthenticated));
    assert_seen(anonymous(), &refused).await;
    assert_seen(
        anonymous(),
        &[("/open", unauthenticated), ("/home", unauthenticated)],
    )
    .await;
    assert_seen(anonymous().optional(), &refused).await;
    assert_seen(anonymous().optional(), &[("/open", "200")]).await;
    assert_eq!(seen(&anonymous().optional(), "/home").await.1, "nobody");
}

#[tokio::test]
async fn an_outage_is_503_wherever_somebody_asks() {
    let paths = [
        "/me",
        "/home",
        "/session",
        "/admin",
        "/live",
        "/member/acme",
        "/may",
    ];
    let refused = paths.map(|path| (path, UNAVAILABLE));
    assert_seen(unavailable(), &refused).await;
    assert_seen(unavailable(), &[("/open", UNAVAILABLE)]).await;
    assert_seen(unavailable().optional(), &refused).await;
    assert_seen(unavailable().optional(), &[("/open", "200")]).await;
}

#[tokio::test]
async fn what_a_request_shows_of_its_own_changes_nothing_for_who_is_signed_in() {
    let app = routes().layer(signed_in(user("ada")));
    let with_another = crate::support::probe::with_cookie("/me", "better-auth.session_token=x.y");
    assert_eq!(send(app, with_another).await.body, "ada");
}
