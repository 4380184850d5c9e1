//! An auth server that gives no word on a question is a 503: never a pass, never a word about the session.

use std::time::Duration;

use tower_better_auth::{Require, SessionAuth, testing::Fault};

use super::{Desk, MEMBER, PERMISSION, PERMISSION_IN, SESSION, UNAVAILABLE, meanwhile};
use crate::support::probe::{Seen, send};

/// Each with the call that it makes.
fn guards() -> [(Require, &'static str); 5] {
    [
        (Require::organization_member("organization"), MEMBER),
        (
            Require::organization_role("organization", ["owner"]),
            MEMBER,
        ),
        (Require::permission("note", ["read"]), PERMISSION),
        (
            Require::organization_permission("organization", "note", ["read"]),
            PERMISSION_IN,
        ),
        (Require::live(), SESSION),
    ]
}

/// Ada has every right that is asked about.
async fn desk_with_deadline(deadline: Duration) -> Desk {
    let desk = Desk::with(|builder| builder.deadline(deadline)).await;
    desk.server.set_member_role("acme", "ada", "owner");
    desk.server.permit("ada", "note", "read");
    desk.server.permit_in("acme", "ada", "note", "read");
    desk
}

async fn desk() -> Desk {
    desk_with_deadline(Duration::from_secs(5)).await
}

/// The server fails from the guard's question on.
async fn visit(desk: &Desk, require: Require, fault: Fault) -> Seen {
    let server = desk.server.clone();
    let app = desk.guarded(require);
    let app = meanwhile(app, move |_| server.fail_with(fault.clone()));
    let seen = desk.visit(app, "/acme").await;
    desk.server.recover();
    seen
}

fn json(status: u16, body: &str) -> Fault {
    Fault::answer(status, "application/json", body)
}

#[tokio::test]
async fn a_question_without_a_credible_answer_is_a_503_and_the_handler_does_not_run() {
    let desk = desk().await;
    for fault in [
        Fault::DatabaseDown,
        Fault::Disconnect,
        Fault::CutOff,
        Fault::status(401),
        Fault::status(403),
        Fault::status(404),
        Fault::status(500),
        Fault::status(302),
        Fault::answer(200, "text/html", "<p>Sign in</p>"),
        Fault::answer(200, "text/plain", r#"{"success":true,"role":"owner"}"#),
        json(201, r#"{"success":true,"role":"owner"}"#),
        json(200, ""),
        json(200, "{}"),
        json(200, "[]"),
        json(200, "true"),
        json(200, r#"{"success":"true","role":["owner"]}"#),
        json(200, r#"{"success":1,"role":true}"#),
        json(403, r#"{"code":"FORBIDDEN"}"#),
    ] {
        for (guard, call) in guards() {
            let seen = visit(&desk, guard, fault.clone()).await;
            assert_eq!(seen.summary(), UNAVAILABLE, "{call} {fault:?}");
            assert!(seen.header("retry-after").is_some(), "{call} {fault:?}");
            assert_eq!(seen.header("www-authenticate"), None, "{call} {fault:?}");
        }
    }
    assert_eq!(desk.runs.get(), 0);
}

/// Where nobody can be asked whether a session exists, `null` is a word; here it is none.
#[tokio::test]
async fn null_is_no_answer_to_a_question() {
    let desk = desk().await;
    for (guard, call) in &guards()[..4] {
        let seen = visit(&desk, guard.clone(), json(200, "null")).await;
        assert_eq!(seen.summary(), UNAVAILABLE, "{call}");
    }
}

#[tokio::test]
async fn a_rate_limit_is_passed_on() {
    let desk = desk().await;
    for (guard, call) in guards() {
        let retry_after = Duration::from_secs(17);
        let seen = visit(&desk, guard, Fault::RateLimited { retry_after }).await;
        assert_eq!(seen.summary(), UNAVAILABLE, "{call}");
        assert_eq!(seen.header("retry-after"), Some("17"), "{call}");
    }
}

#[tokio::test]
async fn it_ends_the_expression_whatever_stands_to_its_right() {
    let desk = desk().await;
    let anybody = || Require::when(|_| true);
    let nobody = || Require::when(|_| false);
    for (guard, call) in guards() {
        for (name, guard) in [
            ("or anybody", guard.clone().or(anybody())),
            ("or role", guard.clone().or(Require::role("user"))),
            (
                "nobody or it or anybody",
                nobody().or(guard.clone()).or(anybody()),
            ),
            (
                "(anybody and it) or anybody",
                anybody().and(guard.clone()).or(anybody()),
            ),
            (
                "it or another question",
                guard.clone().or(Require::permission("x", ["y"])),
            ),
            ("it and nobody", guard.clone().and(nobody())),
        ] {
            desk.asked();
            let seen = visit(&desk, guard, Fault::DatabaseDown).await;
            assert_eq!(seen.summary(), UNAVAILABLE, "{call}: {name}");
            assert_eq!(desk.asked(), [SESSION, call], "{name}");
        }
        let decided = Require::role("user").or(guard);
        assert_eq!(
            visit(&desk, decided, Fault::DatabaseDown).await.summary(),
            "200"
        );
        assert_eq!(desk.asked(), [SESSION], "{call}");
    }
}

#[tokio::test]
async fn the_deadline_holds_for_questions_too() {
    let desk = desk_with_deadline(Duration::from_millis(200)).await;
    for fault in [Fault::Hang, Fault::Drip] {
        for (guard, call) in guards() {
            let seen = visit(&desk, guard, fault.clone()).await;
            assert_eq!(seen.summary(), UNAVAILABLE, "{call} {fault:?}");
            let is_in_time =
                (Duration::from_millis(200)..Duration::from_secs(2)).contains(&seen.elapsed);
            assert!(is_in_time, "{call} {fault:?}: {:?}", seen.elapsed);
        }
    }
    assert_eq!(desk.runs.get(), 0);
}

/// Under an optional layer the guard asks for the verdict as well; an outage then ends it before its own question.
#[tokio::test]
async fn an_outage_is_met_before_the_question_where_nobody_has_asked_yet() {
    let desk = desk().await;
    let optional = SessionAuth::new(desk.auth.clone()).optional();
    for (guard, call) in guards() {
        desk.server.fail_with(Fault::DatabaseDown);
        let guard = guard.or(Require::when(|_| true));
        let app = desk.guarded(guard).layer(optional.clone());
        let seen = send(app, desk.request("/acme")).await;
        assert_eq!(seen.summary(), UNAVAILABLE, "{call}");
        assert_eq!(desk.asked(), [SESSION], "{call}");
        desk.server.recover();
    }
}
