//! Whom a key of Better Auth's is about.

use serde::Deserialize;

/// What stands before the id of a user, in keys about all of a user's sessions.
const OF_USER: [&str; 2] = ["active-sessions-", "revoked-sessions-before-"];

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Touched<'a> {
    /// All sessions of the user with this id.
    User(&'a str),
    /// The key is the token of a session: what is stored there says whose.
    Session,
    /// Verifications, counters of the rate limiter, and what is not Better Auth's.
    Other,
}

impl<'a> Touched<'a> {
    pub(super) fn of(key: &'a str, prefix: &str) -> Self {
        let Some(name) = key.strip_prefix(prefix) else {
            return Self::Other;
        };
        if let Some(user) = OF_USER.iter().find_map(|text| name.strip_prefix(text)) {
            return Self::User(user);
        }
        // `verification:<id>` and `<address>|<path>`. A token is letters and digits.
        if name.is_empty() || name.contains([':', '|']) {
            return Self::Other;
        }
        Self::Session
    }
}

/// The user of what is stored under a token: `{"session":{…},"user":{"id":"…"}}`.
pub(super) fn user_of(stored: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Stored {
        user: User,
    }
    #[derive(Deserialize)]
    struct User {
        id: String,
    }
    let stored: Stored = serde_json::from_slice(stored).ok()?;
    Some(stored.user.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_a_user_or_is_a_token_or_is_nothing_to_us() {
        let token = "DApjGEpC3uGvxuTKeYDwhrIySx8eCQOU";
        for (prefix, name, expected) in [
            ("better-auth:", "active-sessions-u1", Touched::User("u1")),
            (
                "better-auth:",
                "revoked-sessions-before-u1",
                Touched::User("u1"),
            ),
            (
                "better-auth:",
                "active-sessions-a:b|c",
                Touched::User("a:b|c"),
            ),
            ("better-auth:", token, Touched::Session),
            ("better-auth:", "verification:x", Touched::Other),
            ("better-auth:", "127.0.0.1|/get-session", Touched::Other),
            ("better-auth:", "", Touched::Other),
            ("", "active-sessions-u1", Touched::User("u1")),
            ("", token, Touched::Session),
            ("", "better-auth:active-sessions-u1", Touched::Other),
        ] {
            let key = format!("{prefix}{name}");
            assert_eq!(Touched::of(&key, prefix), expected, "{key}");
        }
        assert_eq!(Touched::of("active-sessions-u1", "app:"), Touched::Other);
    }

    #[test]
    fn what_is_stored_under_a_token_names_its_user() {
        let stored = br#"{"session":{"id":"s1","token":"t"},"user":{"id":"u1","name":"Ada"}}"#;
        assert_eq!(user_of(stored).as_deref(), Some("u1"));
        for other in [&b""[..], b"null", b"[]", b"3", br#"{"user":null}"#, b"\xff"] {
            assert_eq!(user_of(other), None);
        }
    }
}
