//! The endpoints, by method and path.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Fault, RecordedRequest,
    access_control::AccessControl,
    answer::{self, Closed, Script},
    state::{Account, EXPIRES_IN, State, random_text},
    user,
};

const COOKIE: &str = "better-auth.session_token";

/// What all connections of a server share.
pub(super) struct Shared {
    pub(super) origin: String,
    pub(super) state: Mutex<State>,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn handle(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Script>, Closed> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
        self.state().requests.push(RecordedRequest {
            method: head.method.clone(),
            uri: head.uri.clone(),
            headers: head.headers.clone(),
        });
        let is_unsafe = head.method != Method::GET && head.method != Method::HEAD;
        if is_unsafe && let Some(refusal) = self.refuse_foreign_origin(&head.headers) {
            return Ok(refusal);
        }
        match (head.method.as_str(), head.uri.path()) {
            ("GET", "/api/auth/get-session") => self.get_session(&head.headers).await,
            ("POST", "/api/auth/get-session") => Ok(answer::error(
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED",
                "POST method requires deferSessionRefresh to be enabled in session config",
            )),
            ("GET", "/api/auth/ok") => Ok(answer::json(StatusCode::OK, &json!({"ok": true}))),
            ("POST", "/api/auth/sign-up/email") => Ok(self.sign_up(&body)),
            ("POST", "/api/auth/sign-in/email") => Ok(self.sign_in(&body)),
            ("GET", "/api/auth/organization/get-active-member-role") => {
                let query = head.uri.query();
                self.about(&head.headers, |known, user| known.member_role(user, query))
                    .await
            }
            ("POST", "/api/auth/admin/has-permission") => {
                self.about(&head.headers, |known, user| {
                    known.has_permission(user, &body)
                })
                .await
            }
            ("POST", "/api/auth/organization/has-permission") => {
                self.about(&head.headers, |known, user| {
                    known.has_permission_in(user, &body)
                })
                .await
            }
            ("POST", "/api/auth/sign-out") => Ok(self.sign_out(&head.headers)),
            _ => Ok(answer::empty(StatusCode::NOT_FOUND)),
        }
    }

    async fn get_session(&self, headers: &HeaderMap) -> Result<Response<Script>, Closed> {
        let (fault, verdict) = {
            let state = self.state();
            let verdict = session_cookie(headers).map_or(Value::Null, |value| state.answer(&value));
            (state.fault.clone(), verdict)
        };
        let response = answer::json(StatusCode::OK, &verdict);
        match fault {
            None => Ok(response),
            Some(fault) => fail(fault, response).await,
        }
    }

    /// As a real server does, these endpoints take a database that is gone for nobody being signed in.
    async fn about(
        &self,
        headers: &HeaderMap,
        answer: impl FnOnce(&AccessControl, Option<&str>) -> Response<Script>,
    ) -> Result<Response<Script>, Closed> {
        let (fault, answered) = {
            let state = self.state();
            let is_down = matches!(state.fault, Some(Fault::DatabaseDown));
            let value = session_cookie(headers).filter(|_| !is_down);
            let user = value
                .and_then(|value| state.find(&value))
                .map(|(_, user)| user.id.as_str());
            (
                state.fault.clone().filter(|_| !is_down),
                answer(&state.access_control, user),
            )
        };
        match fault {
            None => Ok(answered),
            Some(fault) => fail(fault, answered).await,
        }
    }

    fn sign_up(&self, body: &Bytes) -> Response<Script> {
        let Ok(form) = serde_json::from_slice::<SignUp>(body) else {
            return invalid_body();
        };
        let mut state = self.state();
        if state.passwords.contains_key(&form.email) {
            return answer::error(
                StatusCode::UNPROCESSABLE_ENTITY,
                "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
                "User already exists. Use another email.",
            );
        }
        let id = random_text(32);
        let user = user(&id).name(form.name).email(&form.email).role("user");
        state.users.insert(id.clone(), user.build());
        let account = Account {
            password: form.password,
            user_id: id.clone(),
        };
        state.passwords.insert(form.email, account);
        signed_in(&mut state, &id)
    }

    fn sign_in(&self, body: &Bytes) -> Response<Script> {
        let Ok(form) = serde_json::from_slice::<SignIn>(body) else {
            return invalid_body();
        };
        let mut state = self.state();
        match state.passwords.get(&form.email) {
            Some(account) if account.password == form.password => {
                let id = account.user_id.clone();
                signed_in(&mut state, &id)
            }
            _ => answer::error(
                StatusCode::UNAUTHORIZED,
                "INVALID_EMAIL_OR_PASSWORD",
                "Invalid email or password",
            ),
        }
    }

    fn sign_out(&self, headers: &HeaderMap) -> Response<Script> {
        if let Some(value) = session_cookie(headers) {
            let mut state = self.state();
            let token = value.split('.').next().unwrap_or_default();
            state.sessions.retain(|_, session| session.token != token);
        }
        let mut response = answer::json(StatusCode::OK, &json!({"success": true}));
        set_cookie(&mut response, "", 0);
        response
    }

    /// Better Auth's own rule: a request that changes something and brings cookies has to come from a known origin.
    fn refuse_foreign_origin(&self, headers: &HeaderMap) -> Option<Response<Script>> {
        headers.get(header::COOKIE)?;
        let (code, message) = match headers.get(header::ORIGIN) {
            Some(origin) if origin.as_bytes() == self.origin.as_bytes() => return None,
            Some(origin) if origin != "null" => ("INVALID_ORIGIN", "Invalid origin"),
            _ => ("MISSING_OR_NULL_ORIGIN", "Missing or null Origin"),
        };
        Some(answer::error(StatusCode::FORBIDDEN, code, message))
    }
}

#[derive(Deserialize)]
struct SignUp {
    email: String,
    password: String,
    name: String,
}

#[derive(Deserialize)]
struct SignIn {
    email: String,
    password: String,
}

fn invalid_body() -> Response<Script> {
    answer::error(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", "Invalid body")
}

fn signed_in(state: &mut State, user_id: &str) -> Response<Script> {
    let session = state.open_session(user_id);
    let body = json!({"token": session.token, "user": state.users.get(user_id)});
    let mut response = answer::json(StatusCode::OK, &body);
    set_cookie(&mut response, &session.cookie_value, EXPIRES_IN.as_secs());
    response
}

fn set_cookie(response: &mut Response<Script>, value: &str, max_age: u64) {
    let attributes = format!("; Max-Age={max_age}; Path=/; HttpOnly; SameSite=Lax");
    let line = cookie(value, &attributes);
    response.headers_mut().append(header::SET_COOKIE, line);
}

/// The session cookie, with attributes where it is set and without where it is sent.
pub(super) fn cookie(value: &str, attributes: &str) -> HeaderValue {
    let line = format!("{COOKIE}={value}{attributes}");
    HeaderValue::from_str(&line).expect("letters, digits and percent signs")
}

/// The first of that name, as the server's parser takes it.
fn session_cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| name.trim() == COOKIE)
        .map(|(_, value)| value.trim().to_owned())
}

/// The fault in place of the answer.
async fn fail(fault: Fault, answer: Response<Script>) -> Result<Response<Script>, Closed> {
    match fault {
        Fault::DatabaseDown => Ok(answer::error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "FAILED_TO_GET_SESSION",
            "Failed to get session",
        )),
        Fault::RateLimited { retry_after } => {
            let body = json!({"message": "Too many requests. Please try again later."});
            let mut response = answer::json(StatusCode::TOO_MANY_REQUESTS, &body);
            let seconds = HeaderValue::from(retry_after.as_secs());
            response.headers_mut().insert("x-retry-after", seconds);
            Ok(response)
        }
        Fault::Answer {
            status,
            content_type,
            body,
        } => Ok(answer::with_type(status, content_type, body)),
        Fault::Hang => std::future::pending().await,
        Fault::Disconnect => Err(Closed),
        Fault::CutOff => Ok(answer.map(Script::cut_off)),
        Fault::Drip => Ok(answer.map(Script::drip)),
    }
}
