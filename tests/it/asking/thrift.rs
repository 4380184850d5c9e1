//! Nothing is asked that is decided already, and nothing twice.

use axum::{Router, routing::get};
use tower_better_auth::Require;

use super::{Desk, MEMBER, NO_MEMBER, NO_PERMISSION, NO_ROLE, PERMISSION, PERMISSION_IN, SESSION};

fn member() -> Require {
    Require::organization_member("organization")
}

fn reader() -> Require {
    Require::permission("note", ["read"])
}

fn reader_here() -> Require {
    Require::organization_permission("organization", "note", ["read"])
}

fn user() -> Require {
    Require::role("user")
}

fn nobody() -> Require {
    Require::role("nobody")
}

/// `ada` is a member and may read nothing.
#[tokio::test]
async fn questions_are_asked_from_left_to_right_and_only_while_nothing_is_decided() {
    let cases: [(&str, fn() -> Require, &str, &[&str]); 16] = [
        ("user or member", || user().or(member()), "200", &[]),
        (
            "nobody or member",
            || nobody().or(member()),
            "200",
            &[MEMBER],
        ),
        ("nobody and member", || nobody().and(member()), NO_ROLE, &[]),
        ("user and member", || user().and(member()), "200", &[MEMBER]),
        ("member or user", || member().or(user()), "200", &[MEMBER]),
        (
            "reader or user",
            || reader().or(user()),
            "200",
            &[PERMISSION],
        ),
        (
            "member or reader",
            || member().or(reader()),
            "200",
            &[MEMBER],
        ),
        (
            "reader or member",
            || reader().or(member()),
            "200",
            &[PERMISSION, MEMBER],
        ),
        (
            "member and reader",
            || member().and(reader()),
            NO_PERMISSION,
            &[MEMBER, PERMISSION],
        ),
        (
            "reader and member",
            || reader().and(member()),
            NO_PERMISSION,
            &[PERMISSION],
        ),
        (
            "nobody or reader or member",
            || nobody().or(reader()).or(member()),
            "200",
            &[PERMISSION, MEMBER],
        ),
        (
            "(reader and member) or (member and reader_here)",
            || reader().and(member()).or(member().and(reader_here())),
            NO_PERMISSION,
            &[PERMISSION, MEMBER, PERMISSION_IN],
        ),
        (
            "(nobody and reader) or member",
            || nobody().and(reader()).or(member()),
            "200",
            &[MEMBER],
        ),
        (
            "(user or reader) and member",
            || user().or(reader()).and(member()),
            "200",
            &[MEMBER],
        ),
        (
            "live and member",
            || Require::live().and(member()),
            "200",
            &[SESSION, MEMBER],
        ),
        (
            "member and live",
            || member().and(Require::live()),
            "200",
            &[MEMBER, SESSION],
        ),
    ];
    let desk = Desk::open().await;
    desk.server.set_member_role("acme", "ada", "member");
    for (name, guard, expected, asked) in cases {
        assert_eq!(desk.outcome(guard()).await, expected, "{name}");
        assert_eq!(desk.asked(), [&[SESSION], asked].concat(), "{name}");
    }
}

#[tokio::test]
async fn a_question_is_asked_once_however_many_guards_have_it() {
    let desk = Desk::open().await;
    let owner = || Require::organization_role("organization", ["owner"]);
    let app = || {
        let inner = Router::new()
            .route(
                "/notes",
                get(async || ())
                    .route_layer(owner())
                    .route_layer(reader_here()),
            )
            .layer(member().and(owner()))
            .layer(reader());
        Router::new()
            .nest("/{organization}", inner)
            .layer(member().and(reader()))
    };
    desk.server.permit("ada", "note", "read");
    desk.server.permit_in("acme", "ada", "note", "read");
    desk.server.set_member_role("acme", "ada", "owner");
    assert_eq!(desk.visit(app(), "/acme/notes").await.summary(), "200");
    assert_eq!(desk.asked(), [SESSION, MEMBER, PERMISSION, PERMISSION_IN]);
    desk.server.remove_member("acme", "ada");
    assert_eq!(desk.visit(app(), "/acme/notes").await.summary(), NO_MEMBER);
    assert_eq!(desk.asked(), [SESSION, MEMBER]);
}

/// Questions that differ are two, also when they look alike.
#[tokio::test]
async fn what_was_said_about_one_thing_is_no_answer_about_another() {
    let desk = Desk::open().await;
    desk.server.set_member_role("acme", "ada", "owner");
    desk.server.permit("ada", "note", "read");
    desk.server.permit_in("acme", "ada", "note", "read");
    let write = || Require::permission("note", ["write"]);
    let cases: [(Require, &str, &[&str]); 3] = [
        (
            reader().and(write()),
            NO_PERMISSION,
            &[PERMISSION, PERMISSION],
        ),
        (
            reader().and(reader_here()),
            "200",
            &[PERMISSION, PERMISSION_IN],
        ),
        (
            reader().and(Require::permission("Note", ["read"])),
            NO_PERMISSION,
            &[PERMISSION, PERMISSION],
        ),
    ];
    for (guard, expected, asked) in cases {
        assert_eq!(desk.outcome(guard).await, expected);
        assert_eq!(desk.asked(), [&[SESSION], asked].concat());
    }
    let two = Router::new().route(
        "/{organization}/{other}",
        get(async || ()).route_layer(member().and(Require::organization_member("other"))),
    );
    assert_eq!(desk.visit(two, "/acme/emca").await.summary(), NO_MEMBER);
    let other = MEMBER.replace("acme", "emca");
    assert_eq!(desk.asked(), [SESSION, MEMBER, &other]);
}

/// What was found out for one request is not known to the next.
#[tokio::test]
async fn every_request_asks_for_itself() {
    let desk = Desk::open().await;
    desk.server.set_member_role("acme", "ada", "member");
    assert_eq!(desk.outcome(member()).await, "200");
    desk.server.remove_member("acme", "ada");
    assert_eq!(desk.outcome(member()).await, NO_MEMBER);
    assert_eq!(desk.asked(), [SESSION, MEMBER, SESSION, MEMBER]);
}
