//! Members and their roles.

use tower_better_auth::Require;

use super::{Desk, NO_MEMBER};
use crate::support::log;

const NO_MEMBER_ROLE: &str = "403 INSUFFICIENT_ORGANIZATION_ROLE";

#[tokio::test]
async fn a_role_in_the_organization_is_had_exactly_as_written_or_not_at_all() {
    let desk = Desk::open().await;
    for (own, expected) in [
        ("owner", "200"),
        ("admin", "200"),
        ("member,admin", "200"),
        ("admin,member", "200"),
        (",admin,", "200"),
        ("member", NO_MEMBER_ROLE),
        ("Admin", NO_MEMBER_ROLE),
        ("admin ", NO_MEMBER_ROLE),
        (" admin", NO_MEMBER_ROLE),
        ("member, admin", NO_MEMBER_ROLE),
        ("member;admin", NO_MEMBER_ROLE),
        ("superadmin", NO_MEMBER_ROLE),
        ("administrator", NO_MEMBER_ROLE),
        ("аdmin", NO_MEMBER_ROLE),
        ("*", NO_MEMBER_ROLE),
        ("", NO_MEMBER_ROLE),
    ] {
        desk.server.set_member_role("acme", "ada", own);
        let role = Require::organization_role("organization", ["admin", "owner"]);
        assert_eq!(desk.outcome(role).await, expected, "{own:?}");
        let member = Require::organization_member("organization");
        assert_eq!(desk.outcome(member).await, "200", "{own:?}");
    }
}

/// Neither the role of the user nor another organization is of any help.
#[tokio::test]
async fn who_is_no_member_of_this_organization_has_no_role_there() {
    let desk = Desk::open().await;
    desk.server.set_member_role("Acme", "ada", "owner");
    desk.server.set_member_role("acme", "eve", "owner");
    desk.server
        .change_user("ada", |ada| ada.role = Some("owner".into()));
    let guards = || {
        [
            Require::organization_member("organization"),
            Require::organization_role("organization", ["owner"]),
        ]
    };
    for guard in guards() {
        assert_eq!(desk.outcome(guard).await, NO_MEMBER);
    }
    desk.server.set_member_role("acme", "ada", "owner");
    for guard in guards() {
        assert_eq!(desk.outcome(guard).await, "200");
    }
    desk.server.remove_member("acme", "ada");
    for guard in guards() {
        assert_eq!(desk.outcome(guard).await, NO_MEMBER);
    }
}

#[test]
fn a_role_that_no_member_can_have_lets_nobody_in_and_is_logged_as_an_error() {
    let cases: [&[&str]; 4] = [&[], &[""], &["member,admin"], &[","]];
    for roles in cases {
        let (seen, log) = log::of(async {
            let desk = Desk::open().await;
            let mut seen = Vec::new();
            for own in ["", "member,admin", ",", "admin,,member"] {
                desk.server.set_member_role("acme", "ada", own);
                let guard = Require::organization_role("organization", roles.iter().copied());
                seen.push(desk.outcome(guard).await);
            }
            seen
        });
        assert_eq!(seen, [NO_MEMBER_ROLE; 4], "{roles:?}");
        assert!(log.contains("ERROR tower_better_auth"), "{roles:?}: {log}");
    }
}
