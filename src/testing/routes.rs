//! The endpoints, by method and path. The same for a socket and for calls in process.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use http_body::Body;
use http_body_util::BodyExt;
use serde_json::json;
use tokio::time::sleep;

use super::{
    Clock, Fault, RecordedRequest, accounts,
    answer::{self, NoAnswer, Script, with_cookies},
    devices,
    endpoint::Endpoint,
    state::{Refresh, State},
};

/// Better Auth's default.
pub(super) const BASE_PATH: &str = "/api/auth";

/// What all connections of a server share.
pub(super) struct Shared {
    pub(super) origin: String,
    pub(super) base_path: Mutex<String>,
    pub(super) clock: Clock,
    pub(super) state: Mutex<State>,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn handle<B: Body>(
        &self,
        request: Request<B>,
    ) -> Result<Response<Script>, NoAnswer> {
        let (head, body) = request.into_parts();
        let body = body.collect().await;
        let body = body.map_err(|_| io::ErrorKind::UnexpectedEof)?.to_bytes();
        let endpoint = self.endpoint(&head);
        let is_asked = endpoint.as_ref().is_some_and(Endpoint::is_asked);
        let (latency, fault) = {
            let mut state = self.state();
            if state.trouble.refuses() {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            state.requests.push(RecordedRequest::new(&head, &body));
            let fault = is_asked.then(|| state.trouble.next()).flatten();
            (state.trouble.latency, fault)
        };
        if !latency.is_zero() {
            sleep(latency).await;
        }
        let is_down = matches!(fault, Some(Fault::DatabaseDown));
        match (self.answer(endpoint.as_ref(), &head, &body, is_down), fault) {
            (Answer::Said(response), None | Some(Fault::DatabaseDown)) => Ok(response),
            (Answer::Said(response), Some(fault)) => fault.spoil(response).await,
            (Answer::Down, _) => {
                Fault::DatabaseDown
                    .spoil(answer::empty(StatusCode::OK))
                    .await
            }
        }
    }

    fn endpoint(&self, head: &Parts) -> Option<Endpoint> {
        let base_path = self
            .base_path
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let path = head.uri.path().strip_prefix(base_path.as_str())?;
        Endpoint::find(&head.method, path)
    }

    fn answer(
        &self,
        endpoint: Option<&Endpoint>,
        head: &Parts,
        body: &Bytes,
        is_down: bool,
    ) -> Answer {
        let now = self.clock.now();
        if let Some(refusal) = self.refuse_foreign_origin(head) {
            return Answer::Said(refusal);
        }
        let mut state = self.state();
        Answer::Said(match endpoint {
            Some(Endpoint::Session) => return get_session(&mut state, head, now, is_down),
            Some(Endpoint::MemberRole) => {
                // Better Auth drops the parameter that would keep it from prolonging the session.
                let (user, set_cookies) = who(&mut state, head, Refresh::WhenDue, now, is_down);
                let known = &state.access_control;
                let answer = known.member_role(user.as_deref(), head.uri.query());
                with_cookies(answer, set_cookies)
            }
            Some(Endpoint::Permission) => {
                let (user, set_cookies) = who(&mut state, head, refresh(head), now, is_down);
                let answer = state.access_control.has_permission(user.as_deref(), body);
                with_cookies(answer, set_cookies)
            }
            Some(Endpoint::OrganizationPermission) => {
                let (user, set_cookies) = who(&mut state, head, refresh(head), now, is_down);
                let known = &state.access_control;
                let answer = known.has_permission_in(user.as_deref(), body);
                with_cookies(answer, set_cookies)
            }
            Some(Endpoint::SessionByPost) => not_to_be_cached(answer::error(
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED",
                "POST method requires deferSessionRefresh to be enabled in session config",
            )),
            Some(Endpoint::Alive) => answer::json(StatusCode::OK, &json!({"ok": true})),
            Some(Endpoint::SignUp) => accounts::sign_up(&mut state, body, now),
            Some(Endpoint::SignIn) => accounts::sign_in(&mut state, body, now),
            Some(Endpoint::SignOut) => accounts::sign_out(&mut state, &head.headers, is_down),
            Some(Endpoint::ListSessions) => {
                own_sessions(&mut state, head, now, is_down, |state, token| {
                    devices::list(state, token, now)
                })
            }
            Some(Endpoint::RevokeSession) => match devices::token_to_revoke(body) {
                Some(token) => own_sessions(&mut state, head, now, is_down, |state, own| {
                    devices::revoke(state, own, &token)
                }),
                None => answer::invalid_body(),
            },
            Some(Endpoint::RevokeOtherSessions) => {
                own_sessions(&mut state, head, now, is_down, devices::revoke_others)
            }
            Some(Endpoint::RevokeSessions) => {
                own_sessions(&mut state, head, now, is_down, devices::revoke_all)
            }
            None => answer::empty(StatusCode::NOT_FOUND),
        })
    }

    /// Better Auth's own rule: a request that changes something and brings cookies has to come from a known origin.
    fn refuse_foreign_origin(&self, head: &Parts) -> Option<Response<Script>> {
        if [Method::GET, Method::HEAD, Method::OPTIONS].contains(&head.method) {
            return None;
        }
        head.headers.get(header::COOKIE)?;
        let (code, message) = match head.headers.get(header::ORIGIN) {
            Some(origin) if self.trusts(origin) => return None,
            Some(origin) if origin != "null" => ("INVALID_ORIGIN", "Invalid origin"),
            _ => ("MISSING_OR_NULL_ORIGIN", "Missing or null Origin"),
        };
        Some(answer::error(StatusCode::FORBIDDEN, code, message))
    }

    fn trusts(&self, origin: &HeaderValue) -> bool {
        let state = self.state();
        let mut trusted = state.trusted_origins.iter().chain([&self.origin]);
        trusted.any(|trusted| trusted.as_bytes() == origin.as_bytes())
    }
}

enum Answer {
    Said(Response<Script>),
    /// Nothing, because the database is gone.
    Down,
}

fn get_session(state: &mut State, head: &Parts, now: SystemTime, is_down: bool) -> Answer {
    if is_down && state.cookies.token(&head.headers).is_some() {
        return Answer::Down;
    }
    let found = state.find(&head.headers, refresh(head), now);
    let session = state.describe(found.token.as_deref());
    let answer = not_to_be_cached(answer::json(StatusCode::OK, &session));
    Answer::Said(with_cookies(answer, found.set_cookies))
}

/// The user of the session that a request shows. These endpoints take a database that is gone for nobody being signed
/// in, as those of a real server do.
fn who(
    state: &mut State,
    head: &Parts,
    refresh: Refresh,
    now: SystemTime,
    is_down: bool,
) -> (Option<String>, Vec<HeaderValue>) {
    if is_down {
        return (None, Vec::new());
    }
    let found = state.find(&head.headers, refresh, now);
    let user = found.token.and_then(|token| state.user_of(&token));
    (user.map(|user| user.id.clone()), found.set_cookies)
}

/// What users do with their own sessions, by the token of the one that the request shows.
fn own_sessions(
    state: &mut State,
    head: &Parts,
    now: SystemTime,
    is_down: bool,
    answer: impl FnOnce(&mut State, &str) -> Response<Script>,
) -> Response<Script> {
    if is_down {
        return answer::unauthorized();
    }
    let found = state.find(&head.headers, refresh(head), now);
    let response = match &found.token {
        Some(token) => answer(state, token),
        None => answer::unauthorized(),
    };
    with_cookies(response, found.set_cookies)
}

/// Any value but the empty one is a yes, `false` too: that is how Better Auth reads it.
fn refresh(head: &Parts) -> Refresh {
    let mut parameters = head.uri.query().unwrap_or_default().split('&');
    let is_disabled = parameters.any(|parameter| {
        let value = parameter.strip_prefix("disableRefresh=");
        value.is_some_and(|value| !value.is_empty())
    });
    if is_disabled {
        Refresh::Never
    } else {
        Refresh::WhenDue
    }
}

fn not_to_be_cached(mut response: Response<Script>) -> Response<Script> {
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
