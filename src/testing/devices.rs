//! What users do with their own sessions.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    answer::{self, Script},
    state::{State, row},
};
use crate::Session;

/// Better Auth's default: a day after the sign-in.
const FRESH_AGE: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Deserialize)]
struct Revocation {
    token: String,
}

/// Only while the sign-in is fresh. Without those in which an admin acts as the user, as with the admin plugin.
pub(super) fn list(state: &State, own: &str, now: SystemTime) -> Response<Script> {
    let own = &state.sessions[own];
    if !is_fresh(own, now) {
        return answer::error(
            StatusCode::FORBIDDEN,
            "SESSION_NOT_FRESH",
            "Session is not fresh",
        );
    }
    let is_listed = |session: &Session| {
        session.user_id == own.user_id
            && session.expires_at > now
            && session.impersonated_by.is_none()
    };
    let rows = state
        .sessions
        .iter()
        .filter(|(_, session)| is_listed(session))
        .map(|(token, session)| row(token, session));
    answer::json(StatusCode::OK, &Value::Array(rows.collect()))
}

pub(super) fn token_to_revoke(body: &Bytes) -> Option<String> {
    let revocation: Revocation = serde_json::from_slice(body).ok()?;
    Some(revocation.token)
}

/// A session of somebody else stays, and the answer is the same.
pub(super) fn revoke(state: &mut State, own: &str, token: &str) -> Response<Script> {
    let user_id = state.sessions[own].user_id.clone();
    state
        .sessions
        .retain(|known, session| known != token || session.user_id != user_id);
    done()
}

pub(super) fn revoke_others(state: &mut State, own: &str) -> Response<Script> {
    let user_id = state.sessions[own].user_id.clone();
    state
        .sessions
        .retain(|known, session| known == own || session.user_id != user_id);
    done()
}

pub(super) fn revoke_all(state: &mut State, own: &str) -> Response<Script> {
    let user_id = state.sessions[own].user_id.clone();
    state.end_sessions_of(&user_id);
    done()
}

fn done() -> Response<Script> {
    answer::json(StatusCode::OK, &json!({"status": true}))
}

fn is_fresh(session: &Session, now: SystemTime) -> bool {
    let age = session
        .created_at
        .map(|created_at| now.duration_since(created_at).unwrap_or_default());
    age.is_none_or(|age| age < FRESH_AGE)
}
