//! What users do with their own sessions: the requests, and what the answers mean.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use super::{
    Client, InvalidEndpoint, Lane, Questions, Told,
    classify::{is_plain_json, retry_after},
    error::{Asked, Cause, Unavailable},
    request::introduce,
};
use crate::{
    credential::{Companions, Credential},
    types::{Session, parse},
};

/// What a session is opened by, and revoked. It goes from the list into the order, and nowhere else.
pub(crate) struct Token(String);

/// One of the user's sessions.
pub(crate) struct Listed {
    pub(crate) session: Session,
    pub(crate) token: Token,
}

/// What is to become of sessions.
pub(crate) enum Order {
    Revoke(Token),
    RevokeOthers,
    SignOut,
}

/// What the auth server is clear about not doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declined {
    /// The sign-in is too long ago.
    NotFresh,
    /// It does not trust the origin of this handle.
    Origin,
}

impl Client {
    /// The user's own sessions, also that of the credential.
    pub(crate) async fn list_sessions(
        &self,
        credential: &Credential,
        companions: &Companions,
    ) -> Told<Result<Vec<Listed>, Declined>> {
        let request = self.questions.list_sessions(credential, companions);
        let read = |response: Response<Bytes>| read_list(&response);
        self.manage(Asked::Sessions, request, companions, read)
            .await
    }

    /// Gives the `Set-Cookie` lines that came with it.
    pub(crate) async fn carry_out(
        &self,
        order: &Order,
        credential: &Credential,
        companions: &Companions,
    ) -> Told<Result<Vec<HeaderValue>, Declined>> {
        let request = self.questions.order(order, credential, companions);
        let read = |response: Response<Bytes>| read_receipt(order, &response);
        self.manage(order.asked(), request, companions, read).await
    }

    async fn manage<T>(
        &self,
        asked: Asked,
        request: Result<Request<Bytes>, InvalidEndpoint>,
        companions: &Companions,
        read: impl Fn(Response<Bytes>) -> Result<T, Unavailable>,
    ) -> Told<T> {
        let request = match request {
            Ok(request) => request,
            Err(invalid) => return Told::nothing(invalid.into()),
        };
        self.call(asked, request, companions, Lane::Known, read)
            .await
    }
}

impl Questions {
    fn list_sessions(
        &self,
        credential: &Credential,
        companions: &Companions,
    ) -> Result<Request<Bytes>, InvalidEndpoint> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = self.endpoint.at(
            "/list-sessions",
            "disableCookieCache=true&disableRefresh=true",
        )?;
        introduce(credential, companions, request.headers_mut());
        Ok(request)
    }

    fn order(
        &self,
        order: &Order,
        credential: &Credential,
        companions: &Companions,
    ) -> Result<Request<Bytes>, InvalidEndpoint> {
        let mut request = self.post(order.path(), &order.body())?;
        introduce(credential, companions, request.headers_mut());
        Ok(request)
    }
}

impl Order {
    pub(crate) fn asked(&self) -> Asked {
        match self {
            Self::Revoke(_) | Self::RevokeOthers => Asked::Revocation,
            Self::SignOut => Asked::SignOut,
        }
    }

    fn path(&self) -> &'static str {
        match self {
            Self::Revoke(_) => "/revoke-session",
            Self::RevokeOthers => "/revoke-other-sessions",
            Self::SignOut => "/sign-out",
        }
    }

    fn body(&self) -> Value {
        match self {
            Self::Revoke(Token(token)) => json!({"token": token}),
            Self::RevokeOthers | Self::SignOut => json!({}),
        }
    }

    /// The member that is true when it is done.
    fn receipt(&self) -> &'static str {
        match self {
            Self::Revoke(_) | Self::RevokeOthers => "status",
            Self::SignOut => "success",
        }
    }
}

fn read_list(response: &Response<Bytes>) -> Result<Result<Vec<Listed>, Declined>, Unavailable> {
    let list = match read(response)? {
        Ok(Value::Array(list)) => list,
        Ok(_) => return Err(Cause::OddReply.into()),
        Err(declined) => return Ok(Err(declined)),
    };
    let listed: Option<Vec<Listed>> = list.into_iter().map(listed).collect();
    listed.map(Ok).ok_or_else(|| Cause::OddReply.into())
}

/// What is wrong with it is not said: that could quote the token.
fn listed(value: Value) -> Option<Listed> {
    let Value::Object(mut session) = value else {
        return None;
    };
    let token = take_token(&mut session)?;
    let session = serde_json::from_value(Value::Object(session)).ok()?;
    Some(Listed { session, token })
}

fn take_token(session: &mut Map<String, Value>) -> Option<Token> {
    match session.remove("token") {
        Some(Value::String(token)) if !token.is_empty() => Some(Token(token)),
        _ => None,
    }
}

fn read_receipt(
    order: &Order,
    response: &Response<Bytes>,
) -> Result<Result<Vec<HeaderValue>, Declined>, Unavailable> {
    match read(response)? {
        Ok(receipt) if receipt.get(order.receipt()) == Some(&Value::Bool(true)) => {
            let lines = response.headers().get_all(header::SET_COOKIE);
            Ok(Ok(lines.iter().cloned().collect()))
        }
        Ok(_) => Err(Cause::OddReply.into()),
        Err(declined) => Ok(Err(declined)),
    }
}

/// The body of a 200, or a clear no.
///
/// These endpoints answer 401 also when the database is down. Whoever asks them has just been found signed in, so a 401
/// is no word about the session.
fn read(response: &Response<Bytes>) -> Result<Result<Value, Declined>, Unavailable> {
    let (status, headers) = (response.status(), response.headers());
    let refused = || Unavailable {
        cause: Cause::Status(status),
        retry_after: retry_after(headers),
    };
    match status {
        StatusCode::OK if !is_plain_json(headers) => Err(Cause::NotJson(status).into()),
        StatusCode::OK => match parse(response.body()) {
            Ok(body) => Ok(Ok(body)),
            Err(error) => Err(Cause::Malformed(error.into()).into()),
        },
        StatusCode::FORBIDDEN => declined(headers, response.body())
            .map(Err)
            .ok_or_else(refused),
        _ => Err(refused()),
    }
}

fn declined(headers: &HeaderMap, body: &[u8]) -> Option<Declined> {
    let body = is_plain_json(headers).then(|| parse(body).ok())??;
    match body.get("code")?.as_str()? {
        "SESSION_NOT_FRESH" => Some(Declined::NotFresh),
        "INVALID_ORIGIN" | "MISSING_OR_NULL_ORIGIN" => Some(Declined::Origin),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::client::{CookieCache, Endpoint};

    const JSON: HeaderValue = HeaderValue::from_static("application/json");

    fn response(status: u16, body: &str) -> Response<Bytes> {
        let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response.headers_mut().insert(header::CONTENT_TYPE, JSON);
        response
    }

    #[test]
    fn orders_are_posts_from_the_origin_that_prolong_nothing() {
        let endpoint = Endpoint::parse("http://a.example/api/auth").unwrap();
        let cookie_cache = CookieCache::Bypassed;
        let questions =
            Questions::new(&endpoint, "/get-session", cookie_cache, endpoint.origin()).unwrap();
        let token = Token("t0k3n".to_owned());
        for (order, path, body) in [
            (
                Order::Revoke(token),
                "/api/auth/revoke-session",
                r#"{"token":"t0k3n"}"#,
            ),
            (Order::RevokeOthers, "/api/auth/revoke-other-sessions", "{}"),
            (Order::SignOut, "/api/auth/sign-out", "{}"),
        ] {
            let credential = Credential {
                cookie: Some(HeaderValue::from_static("c")),
                ..Credential::default()
            };
            let request = questions
                .order(&order, &credential, &Companions::default())
                .unwrap();
            assert_eq!(request.method(), Method::POST);
            assert_eq!(request.uri().path(), path);
            assert_eq!(request.uri().query(), Some("disableRefresh=true"));
            assert_eq!(request.headers()[header::ORIGIN], "http://a.example");
            assert_eq!(request.headers()[header::COOKIE], "c");
            assert_eq!(request.body(), body);
        }
    }

    #[test]
    fn a_receipt_is_true_a_clear_no_is_a_no_and_the_rest_is_unavailable() {
        let (done, not_fresh) = (Some(Ok(())), Some(Err(Declined::NotFresh)));
        let origin = Some(Err(Declined::Origin));
        for (status, body, of_revocation, of_sign_out) in [
            (200, r#"{"status":true}"#, done, None),
            (200, r#"{"success":true}"#, None, done),
            (200, r#"{"status":false,"success":false}"#, None, None),
            (200, r#"{"status":"true","success":"true"}"#, None, None),
            (200, "true", None, None),
            (200, "null", None, None),
            (200, "", None, None),
            (201, r#"{"status":true,"success":true}"#, None, None),
            (401, r#"{"code":"UNAUTHORIZED"}"#, None, None),
            (403, r#"{"code":"SESSION_NOT_FRESH"}"#, not_fresh, not_fresh),
            (401, r#"{"code":"SESSION_NOT_FRESH"}"#, None, None),
            (403, r#"{"code":"INVALID_ORIGIN"}"#, origin, origin),
            (403, r#"{"code":"MISSING_OR_NULL_ORIGIN"}"#, origin, origin),
            (403, r#"{"code":"FORBIDDEN"}"#, None, None),
            (403, "", None, None),
            (404, "", None, None),
            (429, "{}", None, None),
            (500, r#"{"status":true,"success":true}"#, None, None),
        ] {
            for (order, expected) in [
                (Order::RevokeOthers, of_revocation),
                (Order::SignOut, of_sign_out),
            ] {
                let read = read_receipt(&order, &response(status, body)).ok();
                let read = read.map(|read| read.map(|_| ()));
                assert_eq!(read, expected, "{} {status} {body}", order.path());
            }
        }
    }

    #[test]
    fn a_list_is_read_as_a_whole_or_not_at_all() {
        let whole = r#"{"id":"s","userId":"u","token":"t","expiresAt":"2026-11-27T09:32:22.106Z"}"#;
        let without_token = r#"{"id":"s","userId":"u","expiresAt":"2026-11-27T09:32:22.106Z"}"#;
        for (body, expected) in [
            ("[]".to_owned(), Some(0)),
            (format!("[{whole}]"), Some(1)),
            (format!("[{whole},{whole}]"), Some(2)),
            (format!("[{whole},{without_token}]"), None),
            (format!("[{whole},null]"), None),
            (format!("[{}]", whole.replace("\"t\"", "\"\"")), None),
            (format!("[{}]", whole.replace("2026", "year")), None),
            (whole.to_owned(), None),
            ("null".to_owned(), None),
            ("{}".to_owned(), None),
        ] {
            let list = read_list(&response(200, &body)).ok();
            let length = list.map(|list| list.ok().unwrap().len());
            assert_eq!(length, expected, "{body}");
        }
    }

    #[test]
    fn what_is_listed_holds_no_token_but_for_the_order() {
        let body =
            r#"[{"id":"s","userId":"u","token":"t0k3n","expiresAt":"2026-11-27T09:32:22.106Z"}]"#;
        let list = read_list(&response(200, body)).unwrap().ok().unwrap();
        let session = &list[0].session;
        assert!(!format!("{session:?} {}", json!(session)).contains("t0k3n"));
        assert_eq!(list[0].token.0, "t0k3n");
    }

    #[test]
    fn a_body_that_is_not_declared_as_json_is_no_answer() {
        let mut response = response(200, "[]");
        let html = HeaderValue::from_static("text/html");
        response.headers_mut().insert(header::CONTENT_TYPE, html);
        assert!(read_list(&response).is_err());
    }
}
