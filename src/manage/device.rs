use std::{cmp::Reverse, time::SystemTime};

use serde::{Serialize, Serializer};

use crate::types::{Session, format_time};

/// One of the user's own sessions, for a page of devices. From
/// [`BetterAuth::list_sessions`](crate::BetterAuth::list_sessions).
///
/// Never holds the session's token. Serializes as `{"id":"…","createdAt":"…","updatedAt":"…","expiresAt":"…",
/// "ipAddress":"…","userAgent":"…","current":true}`, with times as Better Auth writes them (ISO 8601, milliseconds,
/// `Z`). What is not known is null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Device {
    /// The id of the session, for [`BetterAuth::revoke_session`](crate::BetterAuth::revoke_session). It names the session
    /// and does not open it.
    pub id: String,
    /// When the user signed in there.
    #[serde(serialize_with = "optional_time")]
    pub created_at: Option<SystemTime>,
    /// When the session was last prolonged: on which day the device was last in use, about.
    #[serde(serialize_with = "optional_time")]
    pub updated_at: Option<SystemTime>,
    /// When the session ends unless it is prolonged.
    #[serde(serialize_with = "time")]
    pub expires_at: SystemTime,
    /// The address that signed in.
    pub ip_address: Option<String>,
    /// The browser that signed in, in its own words: escape it where you show it.
    pub user_agent: Option<String>,
    /// Whether it is the session of the request itself.
    #[serde(rename = "current")]
    pub is_current: bool,
}

impl Device {
    fn new(session: Session, current: &str) -> Self {
        Self {
            is_current: session.id == current,
            id: session.id,
            created_at: session.created_at,
            updated_at: session.updated_at,
            expires_at: session.expires_at,
            ip_address: session.ip_address,
            user_agent: session.user_agent,
        }
    }

    /// The session of the request first, then the latest sign-in.
    pub(super) fn list(sessions: impl Iterator<Item = Session>, current: &str) -> Vec<Self> {
        let mut devices: Vec<_> = sessions
            .map(|session| Self::new(session, current))
            .collect();
        devices.sort_by_key(|device| Reverse((device.is_current, device.created_at)));
        devices
    }
}

fn time<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    format_time(*time).serialize(serializer)
}

// Serde hands over a reference to the field.
#[allow(clippy::ref_option)]
fn optional_time<S: Serializer>(
    time: &Option<SystemTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.and_then(format_time).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn session(id: &str, created_at: &str) -> Session {
        serde_json::from_value(json!({
            "id": id, "userId": "u", "token": "t0k3n", "createdAt": created_at,
            "expiresAt": "2026-11-27T09:32:22.106Z", "ipAddress": "", "userAgent": "curl", "theme": "dark",
        }))
        .unwrap()
    }

    #[test]
    fn the_own_session_comes_first_and_then_the_latest_sign_in() {
        let sessions = [
            session("a", "2026-11-20T00:00:00.000Z"),
            session("b", "2026-11-18T00:00:00.000Z"),
            session("c", "2026-11-21T00:00:00.000Z"),
        ];
        let devices = Device::list(sessions.into_iter(), "b");
        let ids: Vec<_> = devices.iter().map(|device| device.id.as_str()).collect();
        assert_eq!(ids, ["b", "c", "a"]);
        let current: Vec<_> = devices.iter().map(|device| device.is_current).collect();
        assert_eq!(current, [true, false, false]);
    }

    #[test]
    fn it_is_written_with_exactly_these_members() {
        let sessions = [session("a", "2026-11-20T00:00:00.000Z")];
        let devices = Device::list(sessions.into_iter(), "a");
        let expected = r#"[{"id":"a","createdAt":"2026-11-20T00:00:00.000Z","updatedAt":null,"expiresAt":"2026-11-27T09:32:22.106Z","ipAddress":null,"userAgent":"curl","current":true}]"#;
        assert_eq!(serde_json::to_string(&devices).unwrap(), expected);
    }
}
