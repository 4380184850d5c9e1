//! Requests without an application.

use std::{
    sync::Mutex,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::Method;
use serde_json::{Value, json};
use tower_better_auth::{
    Access, Denied, Guard,
    testing::{AccessBuilder, access, session, user},
};

/// Lets everybody in, and writes down what it reads.
struct Reads<F>(F, Mutex<Value>);

impl<F: Fn(&Access<'_>) -> Value + Send + Sync + 'static> Guard for Reads<F> {
    fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
        *self.1.lock().unwrap() = (self.0)(access);
        Ok(())
    }
}

fn read(made: AccessBuilder, read: fn(&Access<'_>) -> Value) -> Value {
    let guard = Reads(read, Mutex::default());
    made.check(&guard).unwrap();
    guard.1.into_inner().unwrap()
}

fn time() -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(1_577_836_800_123_456_789)
}

fn headers(access: &Access<'_>) -> Value {
    let lines = access.headers().iter();
    lines
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect()
}

#[test]
fn a_request_is_a_get_of_the_root_with_nothing_in_it_and_now() {
    let what: fn(&Access<'_>) -> Value = |access| {
        json!([
            access.method().as_str(),
            access.uri().to_string(),
            headers(access),
            access.path_param("id"),
            access.extension::<u8>(),
            access.user().id,
            access.session().session.id,
        ])
    };
    let expected = json!(["GET", "/", [], null, null, "user", "session"]);
    assert_eq!(read(access(session()), what), expected);
    assert_eq!(read(access(session().build()), what), expected);
    let is_now = read(access(session()), |access| {
        json!(
            access
                .now()
                .elapsed()
                .is_ok_and(|age| age < Duration::from_secs(60))
        )
    });
    assert_eq!(is_now, true);
}

/// Each method, what it is about, and what that is afterwards. By default it is something else.
#[test]
fn every_method_sets_what_it_is_named_after_and_nothing_else() {
    type Read = fn(&Access<'_>) -> Value;
    let methods: [(&str, fn(AccessBuilder) -> AccessBuilder, Read, Value); 6] = [
        (
            "method",
            |made| made.method(Method::DELETE),
            |access| json!(access.method().as_str()),
            json!("DELETE"),
        ),
        (
            "uri",
            |made| made.uri("/notes?page=2"),
            |access| json!(access.uri().to_string()),
            json!("/notes?page=2"),
        ),
        (
            "header",
            |made| made.header("X-Team", "red"),
            headers,
            json!(["x-team: red"]),
        ),
        (
            "path_param",
            |made| made.path_param("id", "a/b"),
            |access| json!([access.path_param("id"), access.path_param("Id")]),
            json!(["a/b", null]),
        ),
        (
            "extension",
            |made| made.extension(7_u8),
            |access| json!([access.extension::<u8>(), access.extension::<u16>()]),
            json!([7, null]),
        ),
        (
            "at",
            |made| made.at(time()),
            |access| json!(access.now() == time()),
            json!(true),
        ),
    ];
    for (name, set, what, expected) in &methods {
        assert_ne!(read(access(session()), *what), *expected, "{name}");
        assert_eq!(read(set(access(session())), *what), *expected, "{name}");
        for (other, set_other, ..) in methods.iter().filter(|method| method.0 != *name) {
            let both = set(set_other(access(session())));
            assert_eq!(read(both, *what), *expected, "{name} after {other}");
            let both = set_other(set(access(session())));
            assert_eq!(read(both, *what), *expected, "{name} before {other}");
        }
    }
}

#[test]
fn the_session_is_the_one_that_was_given() {
    let ada = session()
        .user(user("ada").role("admin"))
        .ip_address("192.0.2.7");
    let seen = read(access(ada), |access| {
        json!([
            access.user().id,
            access.user().role,
            access.session().session.ip_address
        ])
    });
    assert_eq!(seen, json!(["ada", "admin", "192.0.2.7"]));
}

/// As nested routers do it: which of them is meant, nobody knows.
#[test]
fn a_parameter_that_is_there_twice_is_none() {
    for values in [["a", "a"], ["a", "b"]] {
        let made = access(session())
            .path_param("id", values[0])
            .path_param("id", values[1])
            .path_param("other", "c");
        let seen = read(made, |access| {
            json!([access.path_param("id"), access.path_param("other")])
        });
        assert_eq!(seen, json!([null, "c"]), "{values:?}");
    }
}

#[test]
fn headers_add_up_and_extensions_replace_one_another() {
    let made = access(session())
        .header("x-team", "red")
        .header("x-team", "blue")
        .extension(1_u8)
        .extension(2_u8)
        .extension("text");
    let seen = read(made, |access| {
        json!([
            headers(access),
            access.extension::<u8>(),
            access.extension::<&str>()
        ])
    });
    assert_eq!(seen, json!([["x-team: red", "x-team: blue"], 2, "text"]));
}

#[test]
fn a_denial_is_what_the_guard_said() {
    struct Never;
    impl Guard for Never {
        fn check(&self, _: &Access<'_>) -> Result<(), Denied> {
            Err(Denied::new("NEVER").message("Not today"))
        }
    }
    let denied = access(session()).check(&Never).unwrap_err();
    assert_eq!(denied, Denied::new("NEVER").message("Not today"));
}

/// A rule about time, as users write one: tested without waiting.
#[test]
fn a_guard_of_ones_own_can_be_tested_at_any_time() {
    struct Trial;
    impl Guard for Trial {
        fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
            let start = access
                .session()
                .session
                .created_at
                .ok_or_else(Denied::default)?;
            match access.now().duration_since(start) {
                Ok(age) if age < Duration::from_secs(60) => Ok(()),
                _ => Err(Denied::new("TRIAL_OVER")),
            }
        }
    }
    for (seconds, is_allowed) in [(0, true), (59, true), (60, false), (61, false)] {
        let start = UNIX_EPOCH + Duration::from_secs(1_577_836_800);
        let made = access(session().created_at(start)).at(start + Duration::from_secs(seconds));
        assert_eq!(made.check(&Trial).is_ok(), is_allowed, "{seconds}");
    }
    let never = session().field("createdAt", Value::Null);
    assert_eq!(access(never).check(&Trial), Err(Denied::default()));
}

#[test]
fn what_is_no_uri_and_no_header_is_a_mistake_of_the_test() {
    let cases: [(&str, fn() -> AccessBuilder); 3] = [
        ("is no URI", || access(session()).uri("a b")),
        ("is no header", || access(session()).header("a b", "c")),
        ("is no header", || access(session()).header("a", "b\nc")),
    ];
    for (expected, make) in cases {
        let panic = std::panic::catch_unwind(make).map(|_| ()).unwrap_err();
        let message = panic.downcast::<String>().unwrap();
        assert!(message.contains(expected), "{message}");
    }
}

/// A test that fails prints it.
#[test]
fn the_debug_output_holds_no_header() {
    let made = access(session())
        .header("cookie", "s3cret")
        .path_param("id", "a");
    let text = format!("{made:?}");
    assert!(text.contains("\"a\"") && !text.contains("s3cret"), "{text}");
}
