use std::fmt;

/// Why a [`Lease`](super::Lease) is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ended {
    /// The auth server knows no such session any more: signed out or revoked.
    SignedOut,
    /// The session's time is over.
    Expired,
    /// An admin has banned the user.
    Banned,
    /// The auth server could not be asked for longer than the lease bears, or there is [nothing to ask
    /// with](crate::CurrentSession::lease).
    Unavailable,
}

impl Ended {
    /// The status with which to close a WebSocket.
    ///
    /// 1008, policy violation ([RFC 6455, 7.4.1](https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1)), tells the client
    /// not to come back with the same session. Only for [`Unavailable`](Self::Unavailable) it is 1013, try again later
    /// ([IANA](https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number)).
    #[must_use]
    pub const fn close_code(self) -> u16 {
        match self {
            Self::SignedOut | Self::Expired | Self::Banned => 1008,
            Self::Unavailable => 1013,
        }
    }

    /// A few words for the client, as a close frame may carry: at most 123 bytes.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::SignedOut => "signed out",
            Self::Expired => "session expired",
            Self::Banned => "banned",
            Self::Unavailable => "authentication service unavailable",
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_come_back_is_told_so() {
        for (ended, expected) in [
            (Ended::SignedOut, 1008),
            (Ended::Expired, 1008),
            (Ended::Banned, 1008),
            (Ended::Unavailable, 1013),
        ] {
            assert_eq!(ended.close_code(), expected, "{ended}");
            assert!(ended.reason().len() <= 123);
            assert_eq!(ended.to_string(), ended.reason());
        }
    }
}
