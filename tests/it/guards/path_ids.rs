//! Whatever a path says: who is let in is who is named there, byte for byte, after one decoding.

use proptest::prelude::*;
use serde_json::json;

use crate::support::{answer, app::App, recorder::Recorder};

const LOOK_ALIKES: &[&str] = &[
    "%00",
    "%2F",
    "%2e",
    "%20",
    "+",
    "%C3%A9",
    "e%CC%81",
    "%EF%BC%91",
    "%FF",
    "%",
    "..",
    ";",
    "U",
    "a",
];

/// A path segment out of an id, parts of it, and what is often taken for it.
fn segment(id: &'static str) -> impl Strategy<Value = String> {
    let bytes = id.as_bytes();
    let byte = (0..bytes.len(), any::<bool>()).prop_map(move |(at, lower)| {
        let byte = bytes[at];
        if lower {
            format!("%{byte:02x}")
        } else {
            format!("%{byte:02X}")
        }
    });
    let escape = |byte: &u8| format!("%{byte:02X}");
    let all: String = bytes.iter().map(escape).collect::<Vec<_>>().concat();
    let twice = all.replace('%', "%25");
    let piece = prop_oneof![
        4 => Just(id.to_owned()),
        1 => Just(id.to_ascii_uppercase()),
        2 => Just(all),
        1 => Just(twice),
        1 => byte,
        2 => prop::sample::select(LOOK_ALIKES).prop_map(str::to_owned),
        1 => "[a-zA-Z0-9._~-]{1,3}",
    ];
    prop::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat())
}

/// Once; `None` where it is no UTF-8. A `%` that escapes nothing stands for itself.
fn decoded(segment: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), segment.as_bytes());
    while let [first, behind @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                digit(*high).zip(digit(*low))
            }
            _ => None,
        };
        if let Some((high, low)) = escaped {
            bytes.push(u8::try_from(high * 16 + low).unwrap());
            rest = &rest[3..];
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).ok()
}

#[test]
fn nobody_else_is_let_in_by_whatever_stands_in_the_path() {
    const ID: &str = "u1.Ab";
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let recorder = Recorder::signed_in_as(json!({"id": ID}));
    let app = App::required(recorder.handle());
    let cookie = answer::cookie();
    proptest!(|(segment in segment(ID))| {
        let path = format!("/users/{segment}/notes");
        let seen = runtime.block_on(app.get_as(&cookie, &path));
        let is_own = decoded(&segment).as_deref() == Some(ID);
        prop_assert_eq!(seen.handler_ran, is_own, "{}", segment);
        prop_assert_eq!(seen.status == 200, is_own, "{}", segment);
        if !is_own {
            prop_assert_eq!(seen.code(), "USER_ID_MISMATCH", "{}", segment);
        }
    });
}
