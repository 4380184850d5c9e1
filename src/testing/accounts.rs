//! Signing up, in and out, with an address and a password.

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::{
    answer::{self, Script, with_cookies},
    cookies::random_text,
    session,
    state::{Account, EXPIRES_IN, State},
    user,
};

#[derive(Deserialize)]
struct SignUp {
    email: String,
    password: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignIn {
    email: String,
    password: String,
    remember_me: Option<bool>,
}

pub(super) fn sign_up(state: &mut State, body: &Bytes, now: SystemTime) -> Response<Script> {
    let Ok(form) = serde_json::from_slice::<SignUp>(body) else {
        return answer::invalid_body();
    };
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
    signed_in(state, &id, true, now)
}

pub(super) fn sign_in(state: &mut State, body: &Bytes, now: SystemTime) -> Response<Script> {
    let Ok(form) = serde_json::from_slice::<SignIn>(body) else {
        return answer::invalid_body();
    };
    match state.passwords.get(&form.email) {
        Some(account) if account.password == form.password => {
            let id = account.user_id.clone();
            signed_in(state, &id, form.remember_me.unwrap_or(true), now)
        }
        _ => answer::error(
            StatusCode::UNAUTHORIZED,
            "INVALID_EMAIL_OR_PASSWORD",
            "Invalid email or password",
        ),
    }
}

/// Reports success also when the database is down, and the session goes on: as Better Auth does.
pub(super) fn sign_out(state: &mut State, headers: &HeaderMap, is_down: bool) -> Response<Script> {
    if let Some(token) = state.cookies.token(headers).filter(|_| !is_down) {
        state.sessions.remove(&token);
    }
    let response = answer::json(StatusCode::OK, &json!({"success": true}));
    with_cookies(response, state.cookies.unset())
}

fn signed_in(
    state: &mut State,
    user_id: &str,
    is_remembered: bool,
    now: SystemTime,
) -> Response<Script> {
    let Some(user) = state.users.get(user_id).cloned() else {
        return answer::error(StatusCode::UNAUTHORIZED, "USER_NOT_FOUND", "User not found");
    };
    if user.banned {
        return answer::error(
            StatusCode::FORBIDDEN,
            "BANNED_USER",
            "You have been banned from this application.",
        );
    }
    let body_user = json!(user);
    let token = state.open(session().user(user), now);
    let body = json!({"token": token, "user": body_user});
    let response = answer::json(StatusCode::OK, &body);
    if is_remembered {
        let line = state.cookies.set(&token, Some(EXPIRES_IN.as_secs()));
        return with_cookies(response, [line]);
    }
    state.shorten(&token, now);
    let lines = [
        state.cookies.set(&token, None),
        state.cookies.set_dont_remember(),
    ];
    with_cookies(response, lines)
}
