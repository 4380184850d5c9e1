//! Sessions without a server.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tower_better_auth::{
    AuthSession,
    testing::{SessionBuilder, session, user},
};

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

fn time() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_577_836_800_123)
}

#[test]
fn a_session_is_of_a_user_who_signed_in_a_moment_ago_and_has_seven_days() {
    let before = SystemTime::now() - Duration::from_millis(1);
    let made: AuthSession = session().into();
    let after = SystemTime::now();
    let AuthSession { user, session, .. } = &made;
    assert_eq!((user.id.as_str(), session.id.as_str()), ("user", "session"));
    assert_eq!(session.user_id, "user");
    let created_at = session.created_at.unwrap();
    assert!((before..=after).contains(&created_at), "{created_at:?}");
    assert_eq!(session.expires_at, created_at + WEEK);
    assert_eq!(session.updated_at, None);
    for unknown in [
        &session.user_agent,
        &session.ip_address,
        &session.impersonated_by,
        &session.active_organization_id,
    ] {
        assert_eq!(unknown, &None);
    }
}

/// Each method, what it is about, and what that is afterwards. By default it is something else.
#[test]
fn every_method_sets_what_it_is_named_after_and_nothing_else() {
    type Read = fn(&AuthSession) -> Value;
    let methods: [(&str, fn(SessionBuilder) -> SessionBuilder, Read, Value); 9] = [
        (
            "user",
            |made| made.user(user("ada").role("admin")),
            |made| json!([made.user.id, made.user.role, made.session.user_id]),
            json!(["ada", "admin", "ada"]),
        ),
        (
            "created_at",
            |made| made.created_at(time()),
            |made| json!(made.session.created_at == Some(time())),
            json!(true),
        ),
        (
            "expires_at",
            |made| made.expires_at(time()),
            |made| json!(made.session.expires_at == time()),
            json!(true),
        ),
        (
            "user_agent",
            |made| made.user_agent("Firefox"),
            |made| json!(made.session.user_agent),
            json!("Firefox"),
        ),
        (
            "ip_address",
            |made| made.ip_address("192.0.2.7"),
            |made| json!(made.session.ip_address),
            json!("192.0.2.7"),
        ),
        (
            "impersonated_by",
            |made| made.impersonated_by("root"),
            |made| json!(made.session.impersonated_by),
            json!("root"),
        ),
        (
            "field of one's own",
            |made| made.field("theme", json!({"dark": true})),
            |made| json!(made.session.field::<Value>("theme").unwrap()),
            json!({"dark": true}),
        ),
        (
            "field that is known",
            |made| made.field("activeOrganizationId", "acme"),
            |made| json!(made.session.active_organization_id),
            json!("acme"),
        ),
        (
            "field of the id",
            |made| made.field("id", "s7"),
            |made| json!(made.session.id),
            json!("s7"),
        ),
    ];
    for (name, set, read, expected) in &methods {
        assert_ne!(read(&session().build()), *expected, "{name}");
        assert_eq!(read(&set(session()).build()), *expected, "{name}");
        for (other, set_other, ..) in methods.iter().filter(|method| method.0 != *name) {
            let both = set(set_other(session())).build();
            assert_eq!(read(&both), *expected, "{name} after {other}");
            let both = set_other(set(session())).build();
            assert_eq!(read(&both), *expected, "{name} before {other}");
        }
    }
}

#[test]
fn what_was_set_last_holds() {
    let made = session()
        .user_agent("Chrome")
        .user_agent("Firefox")
        .user(user("eve"))
        .user(user("ada"))
        .build();
    assert_eq!(made.session.user_agent.as_deref(), Some("Firefox"));
    assert_eq!(
        (made.user.id.as_str(), made.session.user_id.as_str()),
        ("ada", "ada")
    );
}

#[test]
#[should_panic(expected = "this is no session that Better Auth sends")]
fn a_session_that_no_server_sends_is_a_mistake_of_the_test() {
    let _ = session().field("expiresAt", 7).build();
}

#[test]
#[should_panic(expected = "the field `odd` cannot be written as JSON")]
fn a_value_that_is_no_json_is_a_mistake_of_the_test() {
    let odd = std::collections::HashMap::from([((1, 2), 3)]);
    let _ = session().field("odd", odd);
}
