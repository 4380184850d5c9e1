//! What a Better Auth server says, as JSON and as bytes on the wire.

use serde_json::{Value, json};

/// A session that holds for as long as anybody runs these tests.
pub(crate) const EXPIRES_AT: &str = "2099-11-27T09:32:22.106Z";

/// The user that every good answer is about.
pub(crate) const USER_ID: &str = "u1";

/// The cookie that every request shows, and no response may.
pub(crate) const TOKEN: &str = "t0ken-s3cret.c2lnbmF0dXJl";

/// The `Cookie` header of a browser that is signed in.
pub(crate) fn cookie() -> String {
    format!("better-auth.session_token={TOKEN}")
}

pub(crate) fn session() -> Value {
    session_of(json!({"id": USER_ID, "email": "ada@example.com", "name": "Ada"}))
}

/// A good answer about `user`, whose id the session takes over.
pub(crate) fn session_of(user: Value) -> Value {
    json!({
        "session": {"id": "s1", "userId": user["id"], "token": TOKEN, "expiresAt": EXPIRES_AT},
        "user": user,
    })
}

/// A whole response, with its length.
pub(crate) fn http(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = format!("content-length: {}", body.len());
    let mut response = head(status, &[headers, &[&length]].concat());
    response.extend_from_slice(body);
    response
}

/// The head of a response, with the empty line behind it.
pub(crate) fn head(status: &str, headers: &[&str]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status}\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

pub(crate) const JSON: &str = "content-type: application/json";

/// 200 with a body that is declared as JSON.
pub(crate) fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    http("200 OK", &[JSON], body)
}

pub(crate) fn signed_in() -> Vec<u8> {
    ok(session().to_string())
}
