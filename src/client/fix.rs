//! What an operator can do about what went wrong.

use http::StatusCode;

use super::{
    Unreached,
    error::{Asked, Cause, Unavailable},
};

impl Unavailable {
    /// As [`Cause::fix`].
    pub(crate) fn fix(&self, asked: Asked) -> Option<&'static str> {
        self.cause.fix(asked)
    }
}

impl Cause {
    /// What an operator can do about it, where that is known.
    pub(crate) fn fix(&self, asked: Asked) -> Option<&'static str> {
        match self {
            Self::Transport(_, error) => Unreached::of(&**error).fix(),
            Self::Deadline(_) | Self::BreakerOpen | Self::Panicked => None,
            Self::TooLarge { .. } => {
                Some("raise `max_body`: a user may have a field of any length")
            }
            Self::HeadTooLarge => Some(
                "a user has a field so long that a header of the answer is too large: limit it, or leave it out of the \
                 JWT with `definePayload`",
            ),
            Self::Busy(_) | Self::Crowded => Some(
                "give the auth server more processes, cache sessions, or raise `max_concurrency`",
            ),
            Self::Paused => fix_for(StatusCode::TOO_MANY_REQUESTS, asked),
            #[cfg(feature = "reqwest")]
            Self::Redirected => Some("give `http_client` a client that follows no redirects"),
            Self::Status(status) => fix_for(*status, asked),
            Self::OddReply => fix_for(StatusCode::NOT_FOUND, asked),
            Self::Encoded => Some("do not compress between the auth server and this service"),
            Self::NotJson(StatusCode::UNAUTHORIZED) => Some(PASS_THE_GATEWAY),
            Self::NotJson(_) => {
                Some("compare `base_path` and `session_path` with the auth server's")
            }
            Self::Malformed(_) => {
                Some("with customSession or a route of your own, set `decode_with`")
            }
            Self::Decoder(_) => {
                Some("return `Ok(None)` for signed out, and an error only for what is neither")
            }
        }
    }
}

/// For a refusal that is none of Better Auth's.
pub(crate) const PASS_THE_GATEWAY: &str = "let this service pass the gateway in front of it";

fn fix_for(status: StatusCode, asked: Asked) -> Option<&'static str> {
    match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED if asked.is_of_plugin() => {
            Some("is the plugin with that endpoint installed at the auth server?")
        }
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED if asked.is_of_management() => {
            Some("does the auth server name that endpoint in its `disabledPaths`?")
        }
        StatusCode::UNAUTHORIZED if asked.is_of_management() => {
            Some("look at the auth server's log: it answers so when its database is down")
        }
        StatusCode::TOO_MANY_REQUESTS if asked != Asked::Session => Some(
            "exempt this endpoint from the auth server's rate limiter with `customRules`, or set `client_ip`",
        ),
        StatusCode::TOO_MANY_REQUESTS => Some(
            "exempt this service from the auth server's rate limiter: `customRules: { \"/get-session\": false }`, \
             or set `client_ip`",
        ),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            Some("compare the URL, `base_path` and `session_path` with the auth server's")
        }
        StatusCode::BAD_REQUEST if asked == Asked::Session => Some(
            "with customSession, use Better Auth 1.6.6 or newer: before that, the plugin refuses `disableRefresh`",
        ),
        StatusCode::FORBIDDEN if asked == Asked::Session => Some(PASS_THE_GATEWAY),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Some(PASS_THE_GATEWAY),
        status if status.is_redirection() => {
            Some("give the auth server's own address: a redirect is never followed")
        }
        status if status.is_server_error() => Some("look at the auth server's log"),
        _ => None,
    }
}
