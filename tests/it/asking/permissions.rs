//! Permissions, everywhere and in one organization.

use tower_better_auth::Require;

use super::{Desk, NO_PERMISSION, PERMISSION, PERMISSION_IN, SESSION};
use crate::support::log;

fn everywhere(actions: &[&'static str]) -> Require {
    Require::permission("note", actions.iter().copied())
}

fn in_organization(actions: &[&'static str]) -> Require {
    Require::organization_permission("organization", "note", actions.iter().copied())
}

#[tokio::test]
async fn all_actions_have_to_be_permitted() {
    let desk = Desk::open().await;
    desk.server.set_member_role("acme", "ada", "member");
    for action in ["read", "write"] {
        desk.server.permit("ada", "note", action);
        desk.server.permit_in("acme", "ada", "note", action);
    }
    let cases: [(&[&str], &str); 6] = [
        (&["read"], "200"),
        (&["read", "write"], "200"),
        (&["read", "delete"], NO_PERMISSION),
        (&["delete", "read"], NO_PERMISSION),
        (&["Read"], NO_PERMISSION),
        (&[""], NO_PERMISSION),
    ];
    for (actions, expected) in cases {
        assert_eq!(
            desk.outcome(everywhere(actions)).await,
            expected,
            "{actions:?}"
        );
        assert_eq!(
            desk.outcome(in_organization(actions)).await,
            expected,
            "{actions:?}"
        );
        assert_eq!(desk.asked(), [SESSION, PERMISSION, SESSION, PERMISSION_IN]);
    }
}

/// A permission in one organization is none in another, and none everywhere; nor the other way round.
#[tokio::test]
async fn a_permission_holds_where_it_was_given() {
    let read: &[&str] = &["read"];
    let give: [(fn(&Desk), &str, &str); 4] = [
        (
            |desk| desk.server.permit("ada", "note", "read"),
            "200",
            NO_PERMISSION,
        ),
        (
            |desk| desk.server.permit_in("acme", "ada", "note", "read"),
            NO_PERMISSION,
            "200",
        ),
        (
            |desk| desk.server.permit_in("other", "ada", "note", "read"),
            NO_PERMISSION,
            NO_PERMISSION,
        ),
        (
            |desk| desk.server.permit("eve", "note", "read"),
            NO_PERMISSION,
            NO_PERMISSION,
        ),
    ];
    for (give, expected_everywhere, expected_here) in give {
        let desk = Desk::open().await;
        desk.server.set_member_role("acme", "ada", "member");
        give(&desk);
        assert_eq!(desk.outcome(everywhere(read)).await, expected_everywhere);
        assert_eq!(desk.outcome(in_organization(read)).await, expected_here);
    }
}

#[tokio::test]
async fn who_is_no_member_has_no_permission_there() {
    let desk = Desk::open().await;
    desk.server.permit_in("acme", "ada", "note", "read");
    assert_eq!(
        desk.outcome(in_organization(&["read"])).await,
        NO_PERMISSION
    );
}

#[test]
fn an_origin_that_the_auth_server_does_not_trust_is_a_mistake_of_ours_and_the_log_names_it() {
    let guards: [fn() -> Require; 4] = [
        || everywhere(&["read"]),
        || in_organization(&["read"]),
        || everywhere(&["read"]).or(Require::when(|_| true)),
        || Require::when(|_| false).or(in_organization(&["read"])),
    ];
    for guard in guards {
        let ((seen, runs), log) = log::of(async {
            let desk = Desk::with(|builder| builder.origin("https://other.example")).await;
            desk.server.set_member_role("acme", "ada", "owner");
            desk.server.permit("ada", "note", "read");
            desk.server.permit_in("acme", "ada", "note", "read");
            let seen = desk.visit(desk.guarded(guard()), "/acme").await;
            (seen, desk.runs.get())
        });
        assert_eq!(
            (seen.summary().as_str(), runs),
            ("500 AUTH_MISCONFIGURED", 0)
        );
        assert!(!seen.text().contains("origin"), "{}", seen.text());
        let mut lines = log.lines();
        let error = lines.find(|line| line.contains("ERROR tower_better_auth"));
        assert!(error.is_some_and(|line| line.contains("origin")), "{log}");
    }
}

/// The server would grant nothing at all to everybody.
#[test]
fn nobody_is_asked_about_no_permission_at_all_and_everybody_is_denied() {
    let cases: [fn() -> Require; 4] = [
        || everywhere(&[]),
        || in_organization(&[]),
        || Require::permission("", ["read"]),
        || Require::organization_permission("organization", "", ["read"]),
    ];
    for guard in cases {
        let ((seen, asked), log) = log::of(async {
            let desk = Desk::open().await;
            desk.server.set_member_role("acme", "ada", "owner");
            (desk.outcome(guard()).await, desk.asked())
        });
        assert_eq!(seen, NO_PERMISSION);
        assert_eq!(asked, [SESSION]);
        assert!(log.contains("ERROR tower_better_auth"), "{log}");
    }
}
