//! What the body of a 200 decides.

use serde_json::{Value, json};

use super::{ACTIVE, BANNED, SIGNED_OUT, UNAVAILABLE, UPSTREAM_TEXT, each_row};
use crate::support::{
    answer::{EXPIRES_AT, ok, session, session_of},
    raw_server::answer,
};

#[tokio::test]
async fn a_200_that_is_no_session_is_unavailable_and_never_a_401_or_a_pass() {
    let html = format!("<!doctype html><title>{UPSTREAM_TEXT}</title>");
    let message = format!(r#"{{"message":"{UPSTREAM_TEXT}"}}"#);
    let good = session().to_string();
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b" ".to_vec(),
        html.into(),
        b"{}".to_vec(),
        b"[]".to_vec(),
        b"[null]".to_vec(),
        b"\"\"".to_vec(),
        b"\"null\"".to_vec(),
        b"true".to_vec(),
        b"false".to_vec(),
        b"0".to_vec(),
        b"NULL".to_vec(),
        b"undefined".to_vec(),
        message.into(),
        b"\xEF\xBB\xBFnull".to_vec(),
        [b"\xEF\xBB\xBF", good.as_bytes()].concat(),
        format!("{good}x").into(),
        format!("{good}{good}").into(),
        b"null null".to_vec(),
        good[..good.len() - 1].into(),
        good.replace("Ada", r"\ud800").into(),
        good.replace("\"Ada\"", "NaN").into(),
        good.replace("\"Ada\"", "Infinity").into(),
        good.replace("\"Ada\"", "1e999").into(),
        good.replace("Ada", "A\nda").into(),
        [b"{\"x\":\"\xFF\",", &good.as_bytes()[1..]].concat(),
        good.replacen("\"user\":", r#""user":null,"user":"#, 1)
            .into(),
        good.replacen("\"user\":", r#""us\u0065r":null,"user":"#, 1)
            .into(),
        good.replacen("\"id\":\"u1\"", r#""id":"u2","id":"u1""#, 1)
            .into(),
        "[".repeat(10_000).into(),
        format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)).into(),
        format!(r#"{{"user":{}"#, r#"{"a":"#.repeat(10_000)).into(),
    ];
    let row = |body: Vec<u8>| {
        let name = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        (name, answer(ok(body)), UNAVAILABLE)
    };
    each_row(bodies.into_iter().map(row).collect()).await;
}

/// A good answer with one change, and what comes of it.
fn changed(pointer: &str, value: Value, expected: &'static str) -> (Value, &'static str) {
    let mut answer = session();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = answer.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    parent.insert(name.to_owned(), value);
    (answer, expected)
}

fn without(pointer: &str) -> (Value, &'static str) {
    let (mut answer, expected) = changed(pointer, Value::Null, UNAVAILABLE);
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = answer.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    parent.remove(name);
    (answer, expected)
}

#[tokio::test]
async fn a_session_is_believed_only_with_ids_that_agree_and_an_end_to_come() {
    let rows = vec![
        (session(), ACTIVE),
        without("/user"),
        without("/session"),
        without("/user/id"),
        without("/session/id"),
        without("/session/expiresAt"),
        changed("/user", json!(null), SIGNED_OUT),
        changed("/session", json!(null), SIGNED_OUT),
        changed("/user", json!([]), UNAVAILABLE),
        changed("/user", json!({}), UNAVAILABLE),
        changed("/user", json!("u1"), UNAVAILABLE),
        changed("/session", json!(true), UNAVAILABLE),
        changed("/user/id", json!(""), UNAVAILABLE),
        changed("/user/id", json!(1), UNAVAILABLE),
        changed("/user/id", json!(null), UNAVAILABLE),
        changed("/user/id", json!(["u1"]), UNAVAILABLE),
        changed("/user/id", json!({"id": "u1"}), UNAVAILABLE),
        changed("/user/id", json!("u2"), UNAVAILABLE),
        changed("/session/id", json!(""), UNAVAILABLE),
        changed("/session/userId", json!("u2"), UNAVAILABLE),
        changed("/session/userId", json!("U1"), UNAVAILABLE),
        changed("/session/userId", json!(1), UNAVAILABLE),
        changed("/session/userId", json!(""), UNAVAILABLE),
        changed(
            "/session/expiresAt",
            json!("2020-01-01T00:00:00.000Z"),
            SIGNED_OUT,
        ),
        changed(
            "/session/expiresAt",
            json!("1970-01-01T00:00:00.000Z"),
            SIGNED_OUT,
        ),
        changed("/session/expiresAt", json!("soon"), UNAVAILABLE),
        changed("/session/expiresAt", json!(""), UNAVAILABLE),
        changed("/session/expiresAt", json!(null), UNAVAILABLE),
        changed(
            "/session/expiresAt",
            json!(4_000_000_000_000_u64),
            UNAVAILABLE,
        ),
        changed(
            "/session/expiresAt",
            json!("99999-01-01T00:00:00.000Z"),
            UNAVAILABLE,
        ),
        changed(
            "/session/expiresAt",
            json!("+099999-01-01T00:00:00.000Z"),
            UNAVAILABLE,
        ),
        changed(
            "/session/expiresAt",
            json!("-000001-01-01T00:00:00.000Z"),
            UNAVAILABLE,
        ),
        changed(
            "/session/expiresAt",
            json!("2099-02-30T00:00:00.000Z"),
            UNAVAILABLE,
        ),
        changed("/user/name", json!(5), ACTIVE),
        changed("/user/email", json!(null), ACTIVE),
        changed("/user/createdAt", json!("yesterday"), ACTIVE),
    ];
    check(rows).await;
}

#[tokio::test]
async fn a_banned_user_is_a_403_for_as_long_as_the_ban_holds() {
    const PAST: &str = "2020-01-01T00:00:00.000Z";
    let user = |banned: Value, end: Value| {
        session_of(json!({"id": "u1", "banned": banned, "banExpires": end}))
    };
    let expired = {
        let mut answer = user(json!(true), json!(null));
        answer["session"]["expiresAt"] = json!(PAST);
        answer
    };
    let rows = vec![
        (user(json!(true), json!(null)), BANNED),
        (session_of(json!({"id": "u1", "banned": true})), BANNED),
        (user(json!(true), json!(EXPIRES_AT)), BANNED),
        (user(json!(true), json!(PAST)), ACTIVE),
        (user(json!(false), json!(EXPIRES_AT)), ACTIVE),
        (user(json!(null), json!(null)), ACTIVE),
        (user(json!("true"), json!(null)), UNAVAILABLE),
        (user(json!(1), json!(null)), UNAVAILABLE),
        (user(json!(true), json!("never")), UNAVAILABLE),
        (user(json!(true), json!(1)), UNAVAILABLE),
        (expired, SIGNED_OUT),
    ];
    check(rows).await;
}

async fn check(rows: Vec<(Value, &'static str)>) {
    let row = |(body, expected): (Value, &'static str)| {
        (body.to_string(), answer(ok(body.to_string())), expected)
    };
    each_row(rows.into_iter().map(row).collect()).await;
}
