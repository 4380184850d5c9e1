//! Who exists and who is signed in, as in the database of a Better Auth server.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::{
    RecordedRequest, SessionBuilder,
    access_control::AccessControl,
    cookies::{Cookies, random_text},
    trouble::Trouble,
};
use crate::{Session, User};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Better Auth's default: seven days.
pub(super) const EXPIRES_IN: Duration = Duration::from_secs(7 * DAY.as_secs());

/// Better Auth's default: a session is prolonged once a day.
const UPDATE_AGE: Duration = DAY;

/// The life of a session that is not to be remembered.
const SHORT: Duration = DAY;

#[derive(Default)]
pub(super) struct State {
    pub(super) users: BTreeMap<String, User>,
    /// By address.
    pub(super) passwords: HashMap<String, Account>,
    /// By token.
    pub(super) sessions: HashMap<String, Session>,
    pub(super) access_control: AccessControl,
    pub(super) cookies: Cookies,
    pub(super) trouble: Trouble,
    pub(super) requests: Vec<RecordedRequest>,
    /// Beside the server's own.
    pub(super) trusted_origins: Vec<String>,
}

pub(super) struct Account {
    pub(super) password: String,
    pub(super) user_id: String,
}

/// Whether a session that is due is prolonged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Refresh {
    WhenDue,
    Never,
}

/// What a request comes to, and what its browser has to be told.
#[derive(Default)]
pub(super) struct Found {
    /// The token of a session that is there.
    pub(super) token: Option<String>,
    pub(super) set_cookies: Vec<HeaderValue>,
}

impl State {
    /// Opens a session; gives its token.
    pub(super) fn open(&mut self, session: SessionBuilder, now: SystemTime) -> String {
        let token = random_text(32);
        let mut opened = session.build_at(now, &random_text(32));
        let changed = &mut opened.session.updated_at;
        *changed = changed.or(opened.session.created_at);
        self.users.insert(opened.user.id.clone(), opened.user);
        self.sessions.insert(token.clone(), opened.session);
        token
    }

    /// Makes a session end sooner, as without "remember me".
    pub(super) fn shorten(&mut self, token: &str, now: SystemTime) {
        if let Some(session) = self.sessions.get_mut(token) {
            session.expires_at = now + SHORT;
        }
    }

    /// The session that a request shows. Prolongs one that is due, and forgets one that has ended.
    pub(super) fn find(&mut self, headers: &HeaderMap, refresh: Refresh, now: SystemTime) -> Found {
        let Some(token) = self.cookies.token(headers) else {
            return Found::default();
        };
        let is_short = self.cookies.is_short(headers);
        let session = self.sessions.get_mut(&token);
        let session = session.filter(|session| {
            session.expires_at > now && self.users.contains_key(&session.user_id)
        });
        let Some(session) = session else {
            self.sessions.remove(&token);
            let set_cookies = self.cookies.unset().into();
            return Found {
                token: None,
                set_cookies,
            };
        };
        let mut set_cookies = Vec::new();
        let is_due = session.expires_at + UPDATE_AGE <= now + EXPIRES_IN;
        if is_due && refresh == Refresh::WhenDue && !is_short {
            session.expires_at = now + EXPIRES_IN;
            session.updated_at = Some(now);
            set_cookies.push(self.cookies.set(&token, Some(EXPIRES_IN.as_secs())));
        }
        Found {
            token: Some(token),
            set_cookies,
        }
    }

    /// The user of the session with this token.
    pub(super) fn user_of(&self, token: &str) -> Option<&User> {
        self.users.get(&self.sessions.get(token)?.user_id)
    }

    /// What `GET /get-session` answers about the session with this token.
    pub(super) fn describe(&self, token: Option<&str>) -> Value {
        let known = token.and_then(|token| Some((token, self.sessions.get(token)?)));
        let Some((token, session)) = known else {
            return Value::Null;
        };
        let user = self.users.get(&session.user_id);
        json!({"session": row(token, session), "user": user})
    }

    /// Ends all sessions of a user.
    pub(super) fn end_sessions_of(&mut self, user_id: &str) {
        self.sessions
            .retain(|_, session| session.user_id != user_id);
    }

    /// # Panics
    ///
    /// When there is no user with this id.
    #[track_caller]
    pub(super) fn user_mut(&mut self, id: &str) -> &mut User {
        if !self.users.contains_key(id) {
            let known: Vec<&String> = self.users.keys().collect();
            panic!("this server has no user {id:?}: it knows {known:?}; `sign_in` makes users");
        }
        self.users.get_mut(id).expect("it is there")
    }
}

/// A session as it stands in answers.
pub(super) fn row(token: &str, session: &Session) -> Value {
    let mut fields = json!(session);
    fields["token"] = token.into();
    for name in ["ipAddress", "userAgent"] {
        if fields[name].is_null() {
            fields[name] = "".into();
        }
    }
    fields
}
