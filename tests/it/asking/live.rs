//! `live`: the session as it is at this moment, for all that comes after.

use std::sync::Arc;

use axum::{Router, body::Body, extract::Extension, routing::get};
use http::{Request, header};
use tower_better_auth::{
    CurrentUser, Require, SessionAuth,
    testing::{AuthServer, Fault, SignedIn, user},
};

use super::{Desk, MEMBER, NO_MEMBER, NO_ROLE, SESSION, SIGNED_OUT, UNAVAILABLE, meanwhile};
use crate::support::probe::{Seen, anonymous, send};

const BANNED: &str = "403 USER_BANNED";

fn live() -> Require {
    Require::live()
}

fn admin() -> Require {
    Require::role("admin")
}

fn set_role(server: &AuthServer, role: &str) {
    server.change_user("ada", |ada| ada.role = Some(role.into()));
}

/// Ada's role becomes `admin` once her request is past the layer.
fn promoted(desk: &Desk, require: Require) -> Router {
    let server = Arc::clone(&desk.server);
    meanwhile(desk.guarded(require), move |_| set_role(&server, "admin"))
}

/// `200` and the roles that the handler saw, or the refusal.
fn shown(seen: Seen) -> String {
    if seen.status == 200 {
        seen.body
    } else {
        seen.summary()
    }
}

#[tokio::test]
async fn guards_to_its_right_and_the_handler_see_the_new_session() {
    let desk = Desk::open().await;
    let cases: [(&str, fn() -> Require, &str); 8] = [
        ("admin", admin, NO_ROLE),
        ("live", live, "admin admin"),
        ("live and admin", || live().and(admin()), "admin admin"),
        ("admin or live", || admin().or(live()), "admin admin"),
        (
            "nobody or live and admin",
            || Require::role("nobody").or(live()).and(admin()),
            "admin admin",
        ),
        (
            "user or live",
            || Require::role("user").or(live()),
            "user user",
        ),
        (
            "live and user",
            || live().and(Require::role("user")),
            NO_ROLE,
        ),
        ("admin and live", || admin().and(live()), NO_ROLE),
    ];
    for (name, guard, expected) in cases {
        set_role(&desk.server, "user");
        let seen = desk.visit(promoted(&desk, guard()), "/acme").await;
        assert_eq!(shown(seen), expected, "{name}");
    }
}

/// The expression is decided anew: what held to the left before has to hold of the new session as well.
#[tokio::test]
async fn a_guard_to_its_left_is_held_against_the_new_session_too() {
    let desk = Desk::open().await;
    let guard = Require::role("user").and(live());
    assert_eq!(
        shown(desk.visit(promoted(&desk, guard), "/acme").await),
        NO_ROLE
    );
}

#[tokio::test]
async fn a_guard_on_an_inner_router_sees_the_new_session() {
    let desk = Desk::open().await;
    for (inner, expected) in [(admin(), "admin"), (Require::role("user"), NO_ROLE)] {
        set_role(&desk.server, "user");
        let handler = async |user: CurrentUser| user.role.clone().unwrap_or_default();
        let app = Router::new().route("/acme", get(handler).route_layer(inner).route_layer(live()));
        let server = Arc::clone(&desk.server);
        let app = meanwhile(app, move |_| set_role(&server, "admin"));
        assert_eq!(shown(desk.visit(app, "/acme").await), expected);
    }
}

#[tokio::test]
async fn it_asks_once_for_a_request_however_often_it_is_used() {
    let desk = Desk::open().await;
    let app = || {
        let guarded = get(async |_: CurrentUser| ())
            .route_layer(live().and(live()))
            .route_layer(admin().or(live()).and(live()));
        Router::new().route("/acme", guarded).layer(live())
    };
    for calls in 1..=3 {
        for layer in desk.layers() {
            let seen = send(app().layer(layer), desk.request("/acme")).await;
            assert_eq!(seen.summary(), "200");
            assert_eq!(desk.asked(), [SESSION, SESSION], "request {calls}");
        }
    }
}

#[tokio::test]
async fn it_does_not_ask_where_the_left_side_has_decided() {
    let desk = Desk::open().await;
    for (guard, expected) in [
        (Require::role("user").or(live()), "200"),
        (admin().and(live()), NO_ROLE),
    ] {
        assert_eq!(desk.outcome(guard).await, expected);
        assert_eq!(desk.asked(), [SESSION]);
    }
}

/// What happens to Ada while her request is on its way, and what `live` makes of it.
fn misfortunes() -> [(&'static str, fn(&AuthServer, &SignedIn), &'static str); 6] {
    [
        ("revoked", |server, ada| server.revoke(ada), SIGNED_OUT),
        ("expired", |server, ada| server.expire(ada), SIGNED_OUT),
        ("deleted", |server, _| server.delete_user("ada"), SIGNED_OUT),
        (
            "banned",
            |server, _| server.change_user("ada", |ada| ada.banned = true),
            BANNED,
        ),
        (
            "unavailable",
            |server, _| server.fail_with(Fault::DatabaseDown),
            UNAVAILABLE,
        ),
        (
            "disconnected",
            |server, _| server.fail_with(Fault::Disconnect),
            UNAVAILABLE,
        ),
    ]
}

#[tokio::test]
async fn signed_out_banned_and_unavailable_end_the_expression_whatever_stands_to_its_right() {
    let guards: [(&str, fn() -> Require); 5] = [
        ("live", live),
        ("live or user", || live().or(Require::role("user"))),
        ("live or anybody", || live().or(Require::when(|_| true))),
        ("live or member", || {
            live().or(Require::organization_member("organization"))
        }),
        ("admin or live or user", || {
            admin().or(live()).or(Require::role("user"))
        }),
    ];
    for (what, happens, expected) in misfortunes() {
        for (name, guard) in guards {
            let desk = Desk::open().await;
            desk.server.set_member_role("acme", "ada", "owner");
            let (server, ada) = (Arc::clone(&desk.server), desk.ada.clone());
            let app = meanwhile(desk.guarded(guard()), move |_| happens(&server, &ada));
            let seen = desk.visit(app, "/acme").await;
            assert_eq!(seen.summary(), expected, "{what}: {name}");
            assert_eq!(desk.asked(), [SESSION, SESSION], "{what}: {name}");
            assert_eq!(desk.runs.get(), 0, "{what}: {name}");
        }
    }
}

#[tokio::test]
async fn under_an_optional_layer_it_refuses_whom_it_refuses_under_a_required_one() {
    for (what, happens, expected) in misfortunes() {
        let desk = Desk::open().await;
        let optional = SessionAuth::new(desk.auth.clone()).optional();
        let (server, ada) = (Arc::clone(&desk.server), desk.ada.clone());
        let app = meanwhile(desk.guarded(live()), move |_| happens(&server, &ada));
        let seen = send(app.layer(optional.clone()), desk.request("/acme")).await;
        assert_eq!(seen.summary(), expected, "{what}");
        desk.asked();
        let seen = send(desk.guarded(live()).layer(optional), anonymous("/acme")).await;
        assert_eq!(seen.summary(), "401 UNAUTHENTICATED");
        assert_eq!((desk.asked().len(), desk.runs.get()), (0, 0), "{what}");
    }
}

fn swap_cookie(request: &mut Request<Body>, other: Option<&SignedIn>) {
    match other {
        Some(other) => request.headers_mut().insert(header::COOKIE, other.cookie()),
        None => request.headers_mut().remove(header::COOKIE),
    };
}

#[tokio::test]
async fn it_asks_with_the_credential_that_the_request_has_at_the_guard() {
    for (other, expected) in [
        (Some("eve"), "admin admin"),
        (Some("revoked"), SIGNED_OUT),
        (None, "401 UNAUTHENTICATED"),
    ] {
        let desk = Desk::open().await;
        let revoked = desk.server.sign_in(user("revoked"));
        desk.server.revoke(&revoked);
        let eve = desk.server.sign_in(user("eve").role("admin"));
        let other = other.map(|name| if name == "eve" { eve } else { revoked });
        for layer in desk.layers() {
            let other = other.clone();
            let app = meanwhile(desk.guarded(live()), move |request| {
                swap_cookie(request, other.as_ref());
            });
            let seen = send(app.layer(layer), desk.request("/acme")).await;
            assert_eq!(shown(seen), expected);
        }
    }
}

/// What the server said about one person is not held to be true of another.
#[tokio::test]
async fn a_new_session_is_not_given_the_answers_of_the_old_one() {
    let member = || Require::organization_member("organization");
    let desk = Desk::open().await;
    desk.server.set_member_role("acme", "ada", "owner");
    let eve = desk.server.sign_in(user("eve"));
    let inner = meanwhile(desk.guarded(live().and(member())), move |request| {
        swap_cookie(request, Some(&eve));
    });
    let outer = inner.layer(member());
    assert_eq!(shown(desk.visit(outer, "/acme").await), NO_MEMBER);
    assert_eq!(desk.asked(), [SESSION, MEMBER, SESSION, MEMBER]);
}

#[tokio::test]
async fn it_leaves_the_request_as_it_was() {
    let desk = Desk::open().await;
    let handler = async |Extension(text): Extension<&'static str>, request: Request<Body>| {
        assert!(request.headers().contains_key("cookie"));
        text
    };
    let app = Router::new()
        .route("/acme", get(handler).layer(live()))
        .layer(Extension("kept"));
    assert_eq!(shown(desk.visit(app, "/acme").await), "kept");
}
