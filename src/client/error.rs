//! Why the auth server's word could not be had. For operators, in the log; no client ever sees it.

use std::{fmt, time::Duration};

use http::StatusCode;

use super::{
    BoxError, CookieCache, InvalidEndpoint, Unreached, breaker::Outcome,
    unreached::is_head_too_large,
};
use crate::{question::Question, types::Malformed, visible::Visible};

/// No verdict: the request is answered 503, whatever the cause.
#[derive(Debug)]
pub(crate) struct Unavailable {
    pub(crate) cause: Cause,
    /// When the server wants to be asked again, if it said so.
    pub(crate) retry_after: Option<Duration>,
}

/// How far a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The server cannot have answered.
    BeforeAnswer,
    /// It had begun to.
    InAnswer,
}

/// What went wrong. None of these says anything about the session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error("no answer: {}", Visible(Chain(&**.1)))]
    Transport(Stage, BoxError),
    #[error("no complete answer within the deadline of {0:?}")]
    Deadline(Duration),
    #[error("all calls that may be made at once were waiting for an answer, for {0:?}")]
    Busy(Duration),
    #[error(
        "all calls that may be made at once were waiting for an answer, and as many checks for their turn as may wait"
    )]
    Crowded,
    #[error("not asked: it wants to be left alone for some seconds")]
    Paused,
    #[error("not asked: too many calls have failed")]
    BreakerOpen,
    #[error("the check panicked")]
    Panicked,
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the headers of the answer are too large")]
    HeadTooLarge,
    #[cfg(feature = "reqwest")]
    #[error("the answer came from another address than the one asked: a redirect was followed")]
    Redirected,
    #[error("it answered {0}")]
    Status(StatusCode),
    #[error("it answered 200 with an encoded body")]
    Encoded,
    #[error("it answered {0} with a body that is not declared as JSON")]
    NotJson(StatusCode),
    #[error("{0}")]
    Malformed(Malformed),
    #[error("it answered 200 with a reply that no Better Auth server gives")]
    OddReply,
    #[error("the decoder given to `decode_with` failed: {}", Visible(.0))]
    Decoder(BoxError),
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Session,
    MemberRole,
    Permission,
    /// The user's own sessions.
    Sessions,
    Revocation,
    SignOut,
}

impl Asked {
    pub(crate) fn about(question: &Question) -> Self {
        match question {
            Question::MemberRole { .. } => Self::MemberRole,
            Question::Permission { .. } => Self::Permission,
        }
    }

    pub(super) fn is_of_plugin(self) -> bool {
        matches!(self, Self::MemberRole | Self::Permission)
    }

    pub(super) fn is_of_management(self) -> bool {
        matches!(self, Self::Sessions | Self::Revocation | Self::SignOut)
    }

    /// As the log calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::MemberRole => "organization role",
            Self::Permission => "permission",
            Self::Sessions => "list of sessions",
            Self::Revocation => "revocation",
            Self::SignOut => "sign-out",
        }
    }
}

impl Unavailable {
    pub(super) fn until(cause: Cause, rest: Duration) -> Self {
        let retry_after = Some(rest);
        Self { cause, retry_after }
    }

    pub(super) fn is_rate_limit(&self) -> bool {
        matches!(self.cause, Cause::Status(StatusCode::TOO_MANY_REQUESTS))
    }
}

impl Cause {
    /// Why a transport has no answer.
    pub(super) fn of_transport(error: BoxError) -> Self {
        if is_head_too_large(&*error) {
            Self::HeadTooLarge
        } else {
            Self::Transport(Stage::BeforeAnswer, error)
        }
    }

    /// In a word, for metrics, spans and audit events.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Transport(_, error) => match Unreached::of(&**error) {
                Unreached::Refused => "refused",
                Unreached::Name => "dns",
                Unreached::Tls => "tls",
                Unreached::Broken => "broken",
            },
            Self::Deadline(_) => "deadline",
            Self::Busy(_) | Self::Crowded => "busy",
            Self::Paused => "paused",
            Self::BreakerOpen => "breaker_open",
            Self::Panicked => "panicked",
            Self::TooLarge { .. } | Self::HeadTooLarge => "too_large",
            #[cfg(feature = "reqwest")]
            Self::Redirected => "redirected",
            Self::Status(StatusCode::TOO_MANY_REQUESTS) => "rate_limited",
            Self::Status(status) if status.is_server_error() => "server_error",
            Self::Status(_) => "odd_status",
            Self::Encoded | Self::NotJson(_) | Self::Malformed(_) | Self::OddReply => {
                "invalid_response"
            }
            Self::Decoder(_) => "decoder",
        }
    }

    /// What this says about the server. What one user can bring about says nothing.
    pub(super) fn outcome(&self, asked: Asked, sent: CookieCache) -> Outcome {
        match self {
            Self::Transport(..) | Self::Deadline(_) => Outcome::Failed,
            // Better Auth answers so to one that it cannot read.
            Self::Status(StatusCode::INTERNAL_SERVER_ERROR) if sent == CookieCache::Trusted => {
                Outcome::Neither
            }
            #[cfg(feature = "reqwest")]
            Self::Redirected => of_answer_to(asked),
            Self::Encoded | Self::NotJson(_) => of_answer_to(asked),
            Self::Status(status) if is_server_fault(*status) => of_answer_to(asked),
            Self::Status(_)
            | Self::Busy(_)
            | Self::Crowded
            | Self::Paused
            | Self::BreakerOpen
            | Self::Panicked
            | Self::TooLarge { .. }
            | Self::HeadTooLarge
            | Self::Malformed(_)
            | Self::OddReply
            | Self::Decoder(_) => Outcome::Neither,
        }
    }
}

/// What a bad answer says. All requests need sessions; whatever else is asked for can be an endpoint that is not there, as
/// that of a plugin, or fail on an id that somebody made up.
fn of_answer_to(asked: Asked) -> Outcome {
    match asked {
        Asked::Session => Outcome::Failed,
        _ => Outcome::Neither,
    }
}

fn is_server_fault(status: StatusCode) -> bool {
    status.is_server_error()
        || status.is_redirection()
        || matches!(
            status,
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
        )
}

impl From<InvalidEndpoint> for Unavailable {
    fn from(error: InvalidEndpoint) -> Self {
        Cause::Transport(Stage::InAnswer, error.into()).into()
    }
}

impl From<Cause> for Unavailable {
    fn from(cause: Cause) -> Self {
        Self {
            cause,
            retry_after: None,
        }
    }
}

/// An error with its sources, on one line.
struct Chain<'a>(&'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
