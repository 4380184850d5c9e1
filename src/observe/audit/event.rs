use std::{fmt, net::IpAddr, time::SystemTime};

use serde::{Serialize, Serializer};

use crate::types::format_time;

/// Somebody was refused, or something revoked. For [`BetterAuthBuilder::audit`](crate::BetterAuthBuilder::audit).
///
/// Serializes with the members `event`, `timestamp` (ISO 8601, milliseconds, `Z`), `userId`, `sessionId`, `ipAddress`,
/// `userAgent` and `reason`. What is not known is null.
///
/// Holds no credential, and neither the path nor the query of the request, which may hold secrets. What a client or the
/// auth server wrote is escaped, so that nothing in it can begin a line or steer a terminal, and cut at 256 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditEvent {
    /// What happened.
    pub event: AuditEventKind,
    /// When.
    #[serde(serialize_with = "time")]
    pub timestamp: SystemTime,
    /// Whose session it is. Known for guards, bans and [`invalidate_user`](crate::BetterAuth::invalidate_user).
    pub user_id: Option<String>,
    /// Which session it is. It names the session and does not open it.
    pub session_id: Option<String>,
    /// Where the request came from, as [`client_ip`](crate::BetterAuthBuilder::client_ip) finds it; not where the user once
    /// signed in from.
    pub ip_address: Option<IpAddr>,
    /// The `User-Agent` of the request. The client chose it.
    pub user_agent: Option<String>,
    /// Why, in a word: see [the table](crate::guide::observing#audit-events).
    pub reason: String,
}

/// What an [`AuditEvent`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuditEventKind {
    /// A credential was shown, and no session belongs to it.
    SessionRejected,
    /// A credential was shown, and the auth server gave no answer that can be believed. A sink hears of every request, and
    /// the log at most once a second of each reason.
    SessionUnavailable,
    /// A credential was shown, and its user is banned.
    SessionBanned,
    /// One cookie name came more than once, and the auth server was asked all the same.
    SessionAmbiguous,
    /// The application forgot a session, all sessions of a user, or all; by itself, or because Better Auth said so.
    SessionRevoked,
    /// A guard denied access to somebody signed in.
    AccessDenied,
    /// Somebody sent a webhook that cannot be believed. At most once a second for each reason.
    WebhookRejected,
}

impl AuditEventKind {
    /// Its name on the wire, such as `session.rejected`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionRejected => "session.rejected",
            Self::SessionUnavailable => "session.unavailable",
            Self::SessionBanned => "session.banned",
            Self::SessionAmbiguous => "session.ambiguous",
            Self::SessionRevoked => "session.revoked",
            Self::AccessDenied => "access.denied",
            Self::WebhookRejected => "webhook.rejected",
        }
    }
}

impl fmt::Display for AuditEventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for AuditEventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

fn time<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    format_time(*time).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn it_is_written_with_exactly_these_members_in_this_order() {
        let mut event = AuditEvent {
            event: AuditEventKind::SessionBanned,
            timestamp: UNIX_EPOCH + Duration::from_millis(1_577_836_800_007),
            user_id: Some("u1".to_owned()),
            session_id: Some("s1".to_owned()),
            ip_address: Some("192.0.2.7".parse().unwrap()),
            user_agent: Some("curl".to_owned()),
            reason: "banned".to_owned(),
        };
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"event":"session.banned","timestamp":"2020-01-01T00:00:00.007Z","userId":"u1","sessionId":"s1","ipAddress":"192.0.2.7","userAgent":"curl","reason":"banned"}"#
        );
        event.user_id = None;
        let written = serde_json::to_value(&event).unwrap();
        assert!(written["userId"].is_null());
        assert_eq!(written.as_object().unwrap().len(), 7);
    }
}
