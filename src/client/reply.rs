//! The answer to a [`Question`]: pure, like `classify`.

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::{
    classify::{is_plain_json, retry_after},
    error::{Cause, Unavailable},
};
use crate::{
    question::{Question, Reply},
    types::parse,
};

/// Reads what the server said to a question about somebody with an active session.
///
/// These endpoints answer 401 also when the database is down, and a session that has just been found active has not
/// ended a moment later: a 401 is no word about the session, but for the one that says "no member".
pub(super) fn read_reply(
    question: &Question,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Reply, Unavailable> {
    let refused = || Unavailable {
        cause: Cause::Status(status),
        retry_after: retry_after(headers),
    };
    if !is_plain_json(headers) {
        return Err(match status {
            StatusCode::OK => Cause::NotJson(status).into(),
            _ => refused(),
        });
    }
    let body = match (parse(body), status) {
        (Ok(body), _) => body,
        (Err(error), StatusCode::OK) => return Err(Cause::Malformed(error.into()).into()),
        (Err(_), _) => return Err(refused()),
    };
    let code = body.get("code").and_then(Value::as_str).unwrap_or_default();
    match (status, code) {
        (StatusCode::OK, _) => read(question, &body).ok_or_else(|| Cause::OddReply.into()),
        (
            StatusCode::BAD_REQUEST
            | StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND,
            "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"
            | "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"
            | "ORGANIZATION_NOT_FOUND",
        ) => Ok(match question {
            Question::MemberRole { .. } => Reply::MemberRole(None),
            Question::Permission { .. } => Reply::Permitted(false),
        }),
        (StatusCode::FORBIDDEN, "INVALID_ORIGIN" | "MISSING_OR_NULL_ORIGIN") => {
            Ok(Reply::Misconfigured)
        }
        _ => Err(refused()),
    }
}

fn read(question: &Question, body: &Value) -> Option<Reply> {
    match question {
        Question::MemberRole { .. } => {
            let role = body.get("role")?.as_str()?;
            Some(Reply::MemberRole(Some(role.to_owned())))
        }
        Question::Permission { .. } => body.get("success")?.as_bool().map(Reply::Permitted),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use http::{HeaderValue, header};

    use super::*;
    use crate::question::Scope;

    fn member_role() -> Question {
        let organization = "o".to_owned();
        Question::MemberRole { organization }
    }

    fn permission() -> Question {
        Question::Permission {
            scope: Scope::Organization("o".to_owned()),
            permissions: BTreeMap::new(),
        }
    }

    fn read(question: &Question, status: u16, body: &str) -> Option<Reply> {
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
        let status = StatusCode::from_u16(status).unwrap();
        read_reply(question, status, &headers, body.as_bytes()).ok()
    }

    #[test]
    fn a_role_is_a_role_no_member_is_no_member_and_the_rest_is_unavailable() {
        let role = |role: &str| Some(Reply::MemberRole(Some(role.to_owned())));
        let cases = [
            (200, r#"{"role":"owner"}"#, role("owner")),
            (200, r#"{"role":"member,admin"}"#, role("member,admin")),
            (200, r#"{"role":null}"#, None),
            (200, r#"{"role":["owner"]}"#, None),
            (200, "null", None),
            (200, "", None),
            (
                403,
                r#"{"code":"YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"}"#,
                Some(Reply::MemberRole(None)),
            ),
            (
                400,
                r#"{"code":"ORGANIZATION_NOT_FOUND"}"#,
                Some(Reply::MemberRole(None)),
            ),
            (400, r#"{"code":"NO_ACTIVE_ORGANIZATION"}"#, None),
            (
                401,
                r#"{"message":"Unauthorized","code":"UNAUTHORIZED"}"#,
                None,
            ),
            (403, r#"{"code":"FORBIDDEN"}"#, None),
            (
                500,
                r#"{"code":"YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"}"#,
                None,
            ),
            (404, "", None),
            (429, "{}", None),
        ];
        for (status, body, expected) in cases {
            assert_eq!(
                read(&member_role(), status, body),
                expected,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn a_permission_is_granted_or_not_and_a_refused_origin_is_a_mistake_of_ours() {
        let cases = [
            (
                200,
                r#"{"error":null,"success":true}"#,
                Some(Reply::Permitted(true)),
            ),
            (
                200,
                r#"{"error":null,"success":false}"#,
                Some(Reply::Permitted(false)),
            ),
            (200, r#"{"success":"true"}"#, None),
            (200, "{}", None),
            (
                401,
                r#"{"code":"USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"}"#,
                Some(Reply::Permitted(false)),
            ),
            (401, r#"{"code":"UNAUTHORIZED"}"#, None),
            (401, "", None),
            (
                403,
                r#"{"code":"INVALID_ORIGIN"}"#,
                Some(Reply::Misconfigured),
            ),
            (
                403,
                r#"{"code":"MISSING_OR_NULL_ORIGIN"}"#,
                Some(Reply::Misconfigured),
            ),
            (403, "{}", None),
        ];
        for (status, body, expected) in cases {
            assert_eq!(
                read(&permission(), status, body),
                expected,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn what_is_not_declared_as_plain_json_says_nothing() {
        let body = br#"{"success":true}"#;
        for lines in [
            vec![],
            vec![(header::CONTENT_TYPE, "text/html")],
            vec![
                (header::CONTENT_TYPE, "application/json"),
                (header::CONTENT_ENCODING, "gzip"),
            ],
        ] {
            let headers = lines
                .iter()
                .map(|(name, value)| (name.clone(), value.parse().unwrap()))
                .collect();
            assert!(
                read_reply(&permission(), StatusCode::OK, &headers, body).is_err(),
                "{lines:?}"
            );
        }
    }
}
