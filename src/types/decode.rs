//! From an answer's bytes to an [`AuthSession`]: strict where a verdict depends on it, lenient everywhere else.

use std::{borrow::Cow, fmt, time::SystemTime};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use smallvec::SmallVec;

use super::{AuthSession, Session, User, fields, time};

/// Why an answer is not one that a Better Auth server gives. Holds names of fields, never what was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Malformed {
    #[error("the body is not JSON: {kind:?} at byte {column} of line {line}")]
    NotJson {
        kind: serde_json::error::Category,
        line: usize,
        column: usize,
    },
    #[error("the body is neither null nor an object with `user` and `session`")]
    Shape,
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("`{0}` is not what Better Auth sends there")]
    Odd(&'static str),
    #[error("`session.userId` is not `user.id`")]
    DifferentUsers,
}

impl From<serde_json::Error> for Malformed {
    fn from(error: serde_json::Error) -> Self {
        Self::NotJson {
            kind: error.classify(),
            line: error.line(),
            column: error.column(),
        }
    }
}

/// Decodes the body of `GET /get-session`: `None` for signed out, that is `null`, or a null user or session.
pub(crate) fn decode_answer(body: &[u8]) -> Result<Option<AuthSession>, Malformed> {
    match parse(body)? {
        Value::Null => Ok(None),
        Value::Object(answer) => from_answer(answer),
        _ => Err(Malformed::Shape),
    }
}

/// Parses JSON, and refuses what parsers disagree about: an object that has one name twice.
pub(crate) fn parse(body: &[u8]) -> Result<Value, serde_json::Error> {
    match str::from_utf8(body) {
        Ok(text) => {
            serde_json::from_str::<NoDuplicates>(text)?;
            serde_json::from_str(text)
        }
        // Says where.
        Err(error) => Err(serde_json::from_slice::<Value>(body)
            .err()
            .unwrap_or_else(|| de::Error::custom(error))),
    }
}

pub(super) fn from_answer(
    mut answer: Map<String, Value>,
) -> Result<Option<AuthSession>, Malformed> {
    match (answer.remove("user"), answer.remove("session")) {
        (Some(Value::Null), _) | (_, Some(Value::Null)) => Ok(None),
        (Some(Value::Object(user)), Some(Value::Object(session))) => {
            let user = User::from_object(user)?;
            let session = Session::from_object(session, Some(&user.id))?;
            Ok(Some(AuthSession::new(user, session)))
        }
        (None, _) => Err(Malformed::Missing("user")),
        (_, None) => Err(Malformed::Missing("session")),
        _ => Err(Malformed::Shape),
    }
}

type Object = Map<String, Value>;

pub(super) fn required_id(
    object: &mut Object,
    path: &'static str,
    name: &str,
) -> Result<String, Malformed> {
    match object.get(name) {
        None => Err(Malformed::Missing(path)),
        Some(_) => fields::take_text(object, name).ok_or(Malformed::Odd(path)),
    }
}

/// An id, or none. An odd type is an error, because somebody would be admitted by taking it for none.
pub(super) fn optional_id(
    object: &mut Object,
    path: &'static str,
    name: &str,
) -> Result<Option<String>, Malformed> {
    match object.get(name) {
        None | Some(Value::Null | Value::String(_)) => Ok(fields::take_text(object, name)),
        Some(_) => Err(Malformed::Odd(path)),
    }
}

/// An id that must be `known` where both are there.
pub(super) fn same_id(
    object: &mut Object,
    path: &'static str,
    name: &str,
    known: Option<&str>,
) -> Result<String, Malformed> {
    match (object.get(name), known) {
        (None | Some(Value::Null), Some(known)) => {
            object.remove(name);
            Ok(known.to_owned())
        }
        (_, known) => {
            let id = required_id(object, path, name)?;
            match known {
                Some(known) if known != id => Err(Malformed::DifferentUsers),
                _ => Ok(id),
            }
        }
    }
}

pub(super) fn required_time(
    object: &mut Object,
    path: &'static str,
    name: &str,
) -> Result<SystemTime, Malformed> {
    optional_time(object, path, name)?.ok_or(Malformed::Missing(path))
}

pub(super) fn optional_time(
    object: &mut Object,
    path: &'static str,
    name: &str,
) -> Result<Option<SystemTime>, Malformed> {
    match object.get(name) {
        None | Some(Value::Null) => {
            object.remove(name);
            Ok(None)
        }
        Some(Value::String(text)) => {
            let time = time::parse(text).ok_or(Malformed::Odd(path))?;
            object.remove(name);
            Ok(Some(time))
        }
        Some(_) => Err(Malformed::Odd(path)),
    }
}

pub(super) fn optional_bool(
    object: &mut Object,
    path: &'static str,
    name: &str,
) -> Result<bool, Malformed> {
    match object.get(name) {
        None | Some(Value::Null | Value::Bool(_)) => Ok(fields::take_true(object, name)),
        Some(_) => Err(Malformed::Odd(path)),
    }
}

/// Any JSON in which no object has one name twice, at any depth.
struct NoDuplicates;

impl<'de> Deserialize<'de> for NoDuplicates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NoDuplicatesVisitor)
    }
}

struct NoDuplicatesVisitor;

impl<'de> Visitor<'de> for NoDuplicatesVisitor {
    type Value = NoDuplicates;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON in which no object has one name twice")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NoDuplicates, A::Error> {
        let mut names = SmallVec::<[Name<'de>; 32]>::new();
        while let Some(name) = map.next_key()? {
            map.next_value::<NoDuplicates>()?;
            names.push(name);
        }
        names.sort_unstable();
        if names.windows(2).any(|two| two[0] == two[1]) {
            return Err(de::Error::custom("one name twice"));
        }
        Ok(NoDuplicates)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<NoDuplicates, A::Error> {
        while seq.next_element::<NoDuplicates>()?.is_some() {}
        Ok(NoDuplicates)
    }

    fn visit_unit<E>(self) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates)
    }

    fn visit_bool<E>(self, _: bool) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates)
    }

    fn visit_i64<E>(self, _: i64) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates)
    }

    fn visit_u64<E>(self, _: u64) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates)
    }

    fn visit_f64<E>(self, _: f64) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates)
    }

    fn visit_str<E>(self, _: &str) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates)
    }
}

/// A name, borrowed from the body unless it was escaped there.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn answer() -> Value {
        json!({
            "session": {"id": "s1", "userId": "u1", "token": "t", "expiresAt": "2026-11-27T09:32:22.106Z"},
            "user": {"id": "u1", "email": "a@example.com", "name": "Ada"},
        })
    }

    /// The answer with the value at `pointer` replaced, or taken away for `None`.
    fn with(pointer: &str, value: Option<Value>) -> Vec<u8> {
        let mut answer = answer();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let object = answer.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => object.insert(name.to_owned(), value),
            None => object.remove(name),
        };
        answer.to_string().into_bytes()
    }

    #[test]
    fn null_and_a_null_user_or_session_are_signed_out() {
        for body in [
            &b"null"[..],
            b" null\n",
            b"{\"user\":null,\"session\":null}",
            b"{\"user\":null}",
            b"{\"session\":null}",
            &with("/user", Some(Value::Null)),
            &with("/session", Some(Value::Null)),
        ] {
            assert!(
                matches!(decode_answer(body), Ok(None)),
                "{}",
                String::from_utf8_lossy(body)
            );
        }
    }

    #[test]
    fn a_full_answer_and_one_with_unknown_members_is_a_session() {
        for body in [
            answer().to_string().into_bytes(),
            with("/needsRefresh", Some(json!(true))),
            with("/user/plan", Some(json!({"name": "pro"}))),
            with("/session/userId", None),
            with("/user/email", None),
            with("/user/name", Some(json!(["odd"]))),
            with("/user/role", Some(json!(["odd"]))),
        ] {
            let session = decode_answer(&body).unwrap().unwrap();
            assert_eq!(
                (session.user.id.as_str(), session.session.user_id.as_str()),
                ("u1", "u1")
            );
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let deep_inside = format!(r#"{{"extra":{deep},"user":null,"session":null}}"#);
        let cases: Vec<Vec<u8>> = vec![
            b"".to_vec(),
            b"{}".to_vec(),
            b"[]".to_vec(),
            b"\"\"".to_vec(),
            b"true".to_vec(),
            b"0".to_vec(),
            b"nul".to_vec(),
            b"null null".to_vec(),
            b"\xEF\xBB\xBFnull".to_vec(),
            b"<html>".to_vec(),
            b"{\"message\":\"ok\"}".to_vec(),
            b"{\"user\":{\"id\":NaN},\"session\":{}}".to_vec(),
            b"{\"user\":\"\\ud800\",\"session\":null}".to_vec(),
            b"{\"user\":null,\"user\":null,\"session\":null}".to_vec(),
            deep.into_bytes(),
            deep_inside.into_bytes(),
            [answer().to_string().as_bytes(), b"x"].concat(),
            answer().to_string().into_bytes()[..60].to_vec(),
            br#"{"user":{"id":"u1","id":"u2"},"session":{"id":"s","expiresAt":"2026-11-27T09:32:22.106Z"}}"#.to_vec(),
            br#"{"user":{"id":"u1","a":{"b":1,"b":2}},"session":{"id":"s","expiresAt":"2026-11-27T09:32:22.106Z"}}"#.to_vec(),
            with("/user", None),
            with("/session", None),
            with("/user", Some(json!("u1"))),
            with("/session", Some(json!([]))),
            with("/user/id", None),
            with("/user/id", Some(json!(""))),
            with("/user/id", Some(json!(1))),
            with("/user/id", Some(json!(null))),
            with("/user/banned", Some(json!("true"))),
            with("/user/banned", Some(json!(1))),
            with("/user/banExpires", Some(json!("soon"))),
            with("/user/banExpires", Some(json!(12))),
            with("/session/id", None),
            with("/session/id", Some(json!(7))),
            with("/session/userId", Some(json!("u2"))),
            with("/session/userId", Some(json!(1))),
            with("/session/impersonatedBy", Some(json!(7))),
            with("/session/impersonatedBy", Some(json!({"id": "admin"}))),
            with("/session/expiresAt", None),
            with("/session/expiresAt", Some(json!(null))),
            with("/session/expiresAt", Some(json!(1_795_000_000))),
            with("/session/expiresAt", Some(json!("99999-01-01T00:00:00.000Z"))),
        ];
        for body in cases {
            let result = decode_answer(&body);
            let start = String::from_utf8_lossy(&body[..body.len().min(120)]);
            assert!(result.is_err(), "{start} -> {result:?}");
        }
    }

    #[test]
    fn an_error_names_the_place_and_not_what_was_sent() {
        for (body, expected) in [
            (
                with("/user/id", Some(json!(1))),
                "`user.id` is not what Better Auth sends there",
            ),
            (with("/user", None), "`user` is missing"),
            (with("/session", None), "`session` is missing"),
            (
                with("/session/expiresAt", None),
                "`session.expiresAt` is missing",
            ),
            (
                b"{\"user\": s3cr3t}".to_vec(),
                "the body is not JSON: Syntax at byte 10 of line 1",
            ),
        ] {
            assert_eq!(decode_answer(&body).unwrap_err().to_string(), expected);
        }
    }

    /// Any JSON, and what comes near to an answer's values.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z0-9]{0,3}".prop_map(Value::from),
            Just(Value::from("u1")),
            Just(Value::from("2026-11-27T09:32:22.106Z")),
            "[0-9]{4,5}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{3})?Z?"
                .prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            let name = prop_oneof![Just("id".to_owned()), "[a-z]{0,3}"];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map(name, inner, 0..3)
                    .prop_map(|object| Value::Object(object.into_iter().collect())),
            ]
        })
    }

    /// A good answer with some of its members replaced or taken away, and then some of its bytes.
    fn body() -> impl Strategy<Value = Vec<u8>> {
        let pointer = prop::sample::select(
            &[
                "/user",
                "/session",
                "/user/id",
                "/user/banned",
                "/user/banExpires",
                "/user/role",
                "/session/id",
                "/session/userId",
                "/session/expiresAt",
                "/session/impersonatedBy",
                "/else",
            ][..],
        );
        let change = (pointer, proptest::option::weighted(0.8, value()));
        let damage = (
            any::<prop::sample::Index>(),
            proptest::option::of(any::<u8>()),
        );
        let changes = proptest::collection::vec(change, 0..3);
        let damages = proptest::collection::vec(damage, 0..2);
        (changes, damages).prop_map(|(changes, damages)| {
            let mut answer = answer();
            for (pointer, value) in changes {
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                let parent = answer.pointer_mut(parent).and_then(Value::as_object_mut);
                match (parent, value) {
                    (Some(parent), Some(value)) => drop(parent.insert(name.to_owned(), value)),
                    (Some(parent), None) => drop(parent.remove(name)),
                    (None, _) => {}
                }
            }
            let mut body = answer.to_string().into_bytes();
            for (at, byte) in damages {
                let at = at.index(body.len());
                match byte {
                    Some(byte) => body[at] = byte,
                    None => body.truncate(at),
                }
                body.push(b' ');
            }
            body
        })
    }

    /// Whether it is what Better Auth sends for somebody who is signed in, by another way than the decoder's.
    fn is_well_formed(body: &[u8]) -> bool {
        let Ok(answer) = serde_json::from_slice::<Value>(body) else {
            return false;
        };
        let is_id = |value: &Value| value.as_str().is_some_and(|id| !id.is_empty());
        let is_time = |value: &Value| value.as_str().is_some_and(|it| time::parse(it).is_some());
        let (user, session) = (&answer["user"], &answer["session"]);
        is_id(&user["id"])
            && is_id(&session["id"])
            && (session["userId"].is_null() || session["userId"] == user["id"])
            && is_time(&session["expiresAt"])
            && (user["banned"].is_null() || user["banned"].is_boolean())
            && (user["banExpires"].is_null() || is_time(&user["banExpires"]))
            && (session["impersonatedBy"].is_null() || session["impersonatedBy"].is_string())
    }

    proptest! {
        #[test]
        fn whatever_is_answered_nothing_but_a_well_formed_session_is_one(body in body()) {
            let text = String::from_utf8_lossy(&body);
            match decode_answer(&body) {
                Ok(Some(session)) => {
                    prop_assert!(is_well_formed(&body), "{}", text);
                    prop_assert_eq!(&session.session.user_id, &session.user.id);
                }
                Ok(None) => {
                    let answer: Value = serde_json::from_slice(&body).unwrap();
                    let is_null = |name| answer.get(name).is_some_and(Value::is_null);
                    prop_assert!(answer.is_null() || is_null("user") || is_null("session"), "{}", text);
                }
                Err(_) => prop_assert!(!is_well_formed(&body), "{}", text),
            }
        }

        #[test]
        fn no_bytes_at_all_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(!matches!(decode_answer(&body), Ok(Some(_))));
        }
    }

    #[test]
    fn what_is_no_json_at_all_is_told_what_is_expected() {
        let bytes = de::value::BytesDeserializer::<de::value::Error>::new(b"x");
        let error = NoDuplicates::deserialize(bytes).err().unwrap().to_string();
        let expected = "expected JSON in which no object has one name twice";
        assert!(error.ends_with(expected), "{error}");
    }
}
