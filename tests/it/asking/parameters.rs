//! The organization in the path: what is asked about is what the router found there, and nothing else.

use axum::{
    Router,
    routing::{MethodRouter, get},
};
use tower_better_auth::Require;

use super::{Desk, NO_MEMBER, NO_PERMISSION, PERMISSION_IN, SESSION};
use crate::support::log;

fn guards() -> [Require; 3] {
    [
        Require::organization_member("organization"),
        Require::organization_role("organization", ["owner"]),
        Require::organization_permission("organization", "note", ["read"]),
    ]
}

/// The server reads the first `organizationId` of a query, and `%2B` in one as `+`.
#[tokio::test]
async fn the_id_goes_into_the_query_as_one_value_whatever_is_in_it() {
    let desk = Desk::open().await;
    for other in ["a", "b"] {
        desk.server.set_member_role(other, "ada", "owner");
    }
    for (path, encoded, id) in [
        ("/acme", "acme", "acme"),
        (
            "/a%26organizationId%3Db",
            "a%26organizationId%3Db",
            "a&organizationId=b",
        ),
        (
            "/a&organizationId=b",
            "a%26organizationId%3Db",
            "a&organizationId=b",
        ),
        ("/a%23b", "a%23b", "a#b"),
        ("/a%2Fb", "a%2Fb", "a/b"),
        ("/a%3Fb", "a%3Fb", "a?b"),
        ("/a%20b", "a%20b", "a b"),
        ("/a+b", "a%2Bb", "a+b"),
        ("/%2526", "%2526", "%26"),
        ("/%C3%A9", "%C3%A9", "é"),
        ("/a:b", "a%3Ab", "a:b"),
        ("/a%E2%80%A8b", "a%E2%80%A8b", "a\u{2028}b"),
    ] {
        let member = || desk.guarded(Require::organization_member("organization"));
        let query = format!("/organization/get-active-member-role?organizationId={encoded}");
        assert_eq!(
            desk.visit(member(), path).await.summary(),
            NO_MEMBER,
            "{path}"
        );
        assert_eq!(desk.asked(), [SESSION, &query], "{path}");
        desk.server.set_member_role(id, "ada", "owner");
        assert_eq!(desk.visit(member(), path).await.summary(), "200", "{path}");
        desk.server.remove_member(id, "ada");
        desk.asked();
    }
}

#[tokio::test]
async fn the_id_goes_into_the_body_as_one_value_whatever_is_in_it() {
    let desk = Desk::open().await;
    desk.server.set_member_role("b", "ada", "owner");
    desk.server.permit_in("b", "ada", "note", "read");
    for (path, id) in [
        (
            "/a%22,%22organizationId%22:%22b",
            r#"a","organizationId":"b"#,
        ),
        ("/b%5C", r"b\"),
        ("/b%E2%80%A8", "b\u{2028}"),
    ] {
        let allowed = || desk.guarded(guards()[2].clone());
        assert_eq!(
            desk.visit(allowed(), path).await.summary(),
            NO_PERMISSION,
            "{path}"
        );
        desk.server.set_member_role(id, "ada", "owner");
        desk.server.permit_in(id, "ada", "note", "read");
        assert_eq!(desk.visit(allowed(), path).await.summary(), "200", "{path}");
        assert_eq!(
            desk.asked(),
            [SESSION, PERMISSION_IN, SESSION, PERMISSION_IN],
            "{path}"
        );
    }
}

/// Somebody with every right in `acme`, and in the organization without an id, comes to a route that does not say plainly that it is about `acme`.
async fn outcome(make: fn(MethodRouter) -> Router, path: &str) -> Vec<(String, Vec<String>)> {
    let desk = Desk::open().await;
    for id in ["acme", ""] {
        desk.server.set_member_role(id, "ada", "owner");
        desk.server.permit_in(id, "ada", "note", "read");
    }
    let mut outcomes = Vec::new();
    for guard in guards() {
        let app = make(get(async || ()).route_layer(guard));
        let seen = desk.visit(app, path).await;
        outcomes.push((seen.summary(), desk.asked()));
    }
    outcomes
}

/// What the client did is not logged as a mistake of the program.
#[test]
fn a_route_without_one_plain_parameter_of_that_name_denies_everybody_and_asks_nobody() {
    let cases: [(&str, fn(MethodRouter) -> Router, &str); 7] = [
        (
            "has no such parameter",
            |guarded| Router::new().route("/acme", guarded),
            "/acme",
        ),
        (
            "has no such parameter",
            |guarded| Router::new().route("/{id}", guarded),
            "/acme",
        ),
        (
            "has no such parameter",
            |guarded| Router::new().route("/{id}", guarded),
            "/acme?organization=acme&organizationId=acme",
        ),
        (
            "has it twice",
            |guarded| {
                let inner = Router::new().route("/{organization}", guarded);
                Router::new().nest("/{organization}", inner)
            },
            "/acme/acme",
        ),
        (
            "has it as a wildcard",
            |guarded| Router::new().route("/{*organization}", guarded),
            "/acme",
        ),
        (
            "",
            |guarded| Router::new().route("/{organization}", guarded),
            "/acme%FF",
        ),
        (
            "",
            |guarded| Router::new().route("/orgs/{organization}/x", guarded),
            "/orgs//x",
        ),
    ];
    for (why, make, path) in cases {
        let (outcomes, log) = log::of(outcome(make, path));
        let denied = (NO_MEMBER.to_owned(), vec![SESSION.to_owned()]);
        assert_eq!(
            outcomes,
            [denied.clone(), denied.clone(), denied],
            "{path}: {why}"
        );
        let errors = log
            .lines()
            .filter(|line| line.contains("ERROR tower_better_auth"));
        let expected = if why.is_empty() { 0 } else { 3 };
        assert_eq!(errors.clone().count(), expected, "{path}: {log}");
        assert!(
            errors.into_iter().all(|line| line.contains(why)),
            "{path}: {why}: {log}"
        );
    }
}
