//! What a message says: what is no longer true.

use serde::Deserialize;

use super::answer::Refusal;
use crate::validate::Invalidation;

/// Forgets all sessions.
const EVERYTHING: &str = "everything";

/// What types about a single session begin with.
const OF_SESSION: &str = "session.";

/// `{"type":"session.revoked","timestamp":"…","data":{"sessionId":"…","userId":"…"}}`; further members are ignored.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    data: Named,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    session_id: Option<String>,
    user_id: Option<String>,
}

impl Message {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let message: Self = serde_json::from_slice(body).map_err(|_| Refusal::Invalid)?;
        let data = &message.data;
        let names_nothing = data.session_id.is_none() && data.user_id.is_none();
        let is_about_somebody = ["session.", "user.", "member."]
            .iter()
            .any(|prefix| message.kind.starts_with(prefix));
        if is_about_somebody && names_nothing {
            return Err(Refusal::Invalid);
        }
        Ok(message)
    }

    /// One whose type is about a single session forgets that session; any other forgets all that it names.
    pub(super) fn invalidations(&self) -> Vec<Invalidation<'_>> {
        if self.kind == EVERYTHING {
            return vec![Invalidation::Everything];
        }
        let session = self.data.session_id.as_deref();
        let is_of_session = session.is_some() && self.kind.starts_with(OF_SESSION);
        let user = self.data.user_id.as_deref().filter(|_| !is_of_session);
        let session = session.map(Invalidation::Session);
        session
            .into_iter()
            .chain(user.map(Invalidation::User))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(message: &Value) -> Result<Vec<String>, Refusal> {
        let message = Message::parse(message.to_string().as_bytes())?;
        let told = message.invalidations().into_iter().map(|what| match what {
            Invalidation::Session(id) => format!("session {id}"),
            Invalidation::User(id) => format!("user {id}"),
            Invalidation::Everything => "everything".to_owned(),
        });
        Ok(told.collect())
    }

    #[test]
    fn a_session_is_forgotten_alone_and_a_user_whole() {
        let both = json!({"sessionId": "s1", "userId": "u1"});
        for (kind, data, expected) in [
            ("session.revoked", both.clone(), vec!["session s1"]),
            ("session.updated", both.clone(), vec!["session s1"]),
            ("session.revoked", json!({"userId": "u1"}), vec!["user u1"]),
            ("user.banned", json!({"userId": "u1"}), vec!["user u1"]),
            (
                "member.role_changed",
                json!({"userId": "u1", "organizationId": "o1"}),
                vec!["user u1"],
            ),
            ("everything", json!({}), vec!["everything"]),
            ("everything", both.clone(), vec!["everything"]),
            ("subscription.ended", both, vec!["session s1", "user u1"]),
            ("ping", json!({}), vec![]),
        ] {
            let message =
                json!({"type": kind, "timestamp": "2026-11-20T09:32:22.106Z", "data": data});
            assert_eq!(told(&message).unwrap(), expected, "{message}");
        }
    }

    #[test]
    fn everything_needs_no_data() {
        assert_eq!(
            told(&json!({"type": "everything"})).unwrap(),
            ["everything"]
        );
    }

    #[test]
    fn what_says_nothing_is_invalid() {
        for message in [
            json!(null),
            json!([]),
            json!({}),
            json!({"type": 1}),
            json!({"type": "user.banned", "data": "u1"}),
            json!({"type": "user.banned", "data": {"userId": 1}}),
            json!({"type": "user.banned", "data": {}}),
            json!({"type": "session.revoked"}),
            json!({"type": "member.removed", "data": {"organizationId": "o1"}}),
        ] {
            assert_eq!(told(&message), Err(Refusal::Invalid), "{message}");
        }
        assert!(Message::parse(b"").is_err());
        assert!(Message::parse(br#"{"type":"everything""#).is_err());
    }
}
