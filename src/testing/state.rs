//! Who exists and who is signed in, as in the database of a Better Auth server.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    time::{Duration, SystemTime},
};

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{Fault, access_control::AccessControl};
use crate::User;

/// Better Auth's default: seven days.
pub(super) const EXPIRES_IN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[derive(Default)]
pub(super) struct State {
    pub(super) users: HashMap<String, User>,
    /// By address.
    pub(super) passwords: HashMap<String, Account>,
    /// By what stands in the cookie, decoded.
    pub(super) sessions: HashMap<String, SessionRow>,
    pub(super) access_control: AccessControl,
    pub(super) fault: Option<Fault>,
    pub(super) requests: Vec<super::RecordedRequest>,
}

pub(super) struct Account {
    pub(super) password: String,
    pub(super) user_id: String,
}

pub(super) struct SessionRow {
    pub(super) id: String,
    pub(super) token: String,
    pub(super) user_id: String,
    pub(super) created_at: SystemTime,
    pub(super) expires_at: SystemTime,
}

/// The cookie of a new session.
pub(super) struct NewSession {
    pub(super) id: String,
    pub(super) token: String,
    /// Percent-encoded, as Better Auth sends it.
    pub(super) cookie_value: String,
}

impl State {
    pub(super) fn open_session(&mut self, user_id: &str) -> NewSession {
        let (id, token) = (random_text(32), random_text(32));
        let signature = random_text(43);
        let now = SystemTime::now();
        let row = SessionRow {
            id: id.clone(),
            token: token.clone(),
            user_id: user_id.to_owned(),
            created_at: now,
            expires_at: now + EXPIRES_IN,
        };
        self.sessions.insert(format!("{token}.{signature}="), row);
        let cookie_value = format!("{token}.{signature}%3D");
        NewSession {
            id,
            token,
            cookie_value,
        }
    }

    /// What `GET /get-session` answers to that cookie value: a session and its user, or null.
    pub(super) fn answer(&self, cookie_value: &str) -> Value {
        self.find(cookie_value).map_or(
            Value::Null,
            |(session, user)| json!({"session": session.to_json(), "user": user}),
        )
    }

    /// The session that the cookie value opens, and its user.
    pub(super) fn find(&self, cookie_value: &str) -> Option<(&SessionRow, &User)> {
        let value = cookie_value.trim_matches('"');
        let value = percent_decode_str(value).decode_utf8().ok()?;
        let session = self.sessions.get(&*value)?;
        let user = self.users.get(&session.user_id)?;
        (session.expires_at > SystemTime::now()).then_some((session, user))
    }
}

impl SessionRow {
    fn to_json(&self) -> Value {
        let text = |time| humantime::format_rfc3339_millis(time).to_string();
        json!({
            "id": self.id,
            "token": self.token,
            "userId": self.user_id,
            "createdAt": text(self.created_at),
            "updatedAt": text(self.created_at),
            "expiresAt": text(self.expires_at),
            "ipAddress": "",
            "userAgent": "",
        })
    }
}

/// Letters and digits that nobody has seen before. Good for made-up sessions, not for real ones.
pub(super) fn random_text(length: usize) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let seed = RandomState::new();
    (0..length)
        .map(|index| {
            let letter = seed.hash_one(index) % LETTERS.len() as u64;
            char::from(LETTERS[usize::try_from(letter).unwrap_or_default()])
        })
        .collect()
}
