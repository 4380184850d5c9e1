//! Roles: exact, case-sensitive, split on commas and on nothing else.

use serde_json::{Value, json};
use tower_better_auth::Require;

use super::{ROLE, ask};
use crate::support::log;

async fn outcome(role: Value, require: Require) -> String {
    ask(json!({"id": "u1", "role": role}), "/", require, "/")
        .await
        .summary()
}

#[tokio::test]
async fn a_role_is_had_exactly_as_written_or_not_at_all() {
    let cases = [
        (json!("admin"), "200"),
        (json!("user,admin"), "200"),
        (json!("admin,user"), "200"),
        (json!("user,,admin"), "200"),
        (json!(",admin,"), "200"),
        (json!("superadmin"), ROLE),
        (json!("administrator"), ROLE),
        (json!("Admin"), ROLE),
        (json!("ADMIN"), ROLE),
        (json!("admin "), ROLE),
        (json!(" admin"), ROLE),
        (json!("user, admin"), ROLE),
        (json!("admin\u{a0}"), ROLE),
        (json!("admin\0"), ROLE),
        (json!("admin;user"), ROLE),
        (json!("admin|user"), ROLE),
        (json!("user admin"), ROLE),
        (json!("аdmin"), ROLE),
        (json!("ａｄｍｉｎ"), ROLE),
        (json!("\"admin\""), ROLE),
        (json!("[\"admin\"]"), ROLE),
        (json!("*"), ROLE),
        (json!(""), ROLE),
        (json!(","), ROLE),
        (json!(null), ROLE),
        (json!(["admin"]), ROLE),
        (json!([["admin"]]), ROLE),
        (json!({"admin": true}), ROLE),
        (json!(1), ROLE),
        (json!(true), ROLE),
    ];
    for (role, expected) in cases {
        let require = Require::role("admin");
        assert_eq!(outcome(role.clone(), require).await, expected, "{role}");
    }
    let without = ask(json!({"id": "u1"}), "/", Require::role("admin"), "/").await;
    assert_eq!(without.summary(), ROLE);
}

#[tokio::test]
async fn any_needs_one_and_all_need_all() {
    let any = || Require::any_role(["admin", "editor"]);
    let all = || Require::all_roles(["admin", "editor"]);
    for (role, expected_any, expected_all) in [
        ("admin", "200", ROLE),
        ("editor", "200", ROLE),
        ("admin,editor", "200", "200"),
        ("editor,x,admin", "200", "200"),
        ("x", ROLE, ROLE),
        ("", ROLE, ROLE),
    ] {
        assert_eq!(
            outcome(json!(role), any()).await,
            expected_any,
            "any of {role:?}"
        );
        assert_eq!(
            outcome(json!(role), all()).await,
            expected_all,
            "all of {role:?}"
        );
    }
}

#[test]
fn a_guard_that_can_let_nobody_in_denies_everybody_and_is_logged_as_an_error() {
    let cases: [(&str, fn() -> Require); 7] = [
        ("any of none", || Require::any_role([""; 0])),
        ("all of none", || Require::all_roles(Vec::<String>::new())),
        ("an empty role", || Require::role("")),
        ("two in one", || Require::role("user,admin")),
        ("any with two in one", || Require::any_role(["user,admin"])),
        ("a comma", || Require::role(",")),
        ("all with an empty one", || {
            Require::all_roles(["admin", ""])
        }),
    ];
    for (name, require) in cases {
        let (denied, log) = log::of(async { outcome(json!("user,admin"), require()).await });
        assert_eq!(denied, ROLE, "{name}");
        assert!(log.contains("ERROR tower_better_auth"), "{name}: {log}");
    }
}
