//! Guards put together.

use std::sync::Arc;

use super::{Access, Denied, Guard, ask::AskingGuard};
use crate::question::Question;

/// What has to hold, erased, so that guards can be chosen at run time and returned from functions.
#[derive(Clone)]
pub(super) enum Expression {
    Guard(Arc<dyn Guard>),
    Asking(Arc<dyn AskingGuard>),
    /// Holds once the session was asked for past every cache.
    Live,
    And(Arc<(Self, Self)>),
    Or(Arc<(Self, Self)>),
}

/// How far an expression could be decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed,
    Denied(Denied),
    AskNow,
    AskAbout(Question),
}

impl Expression {
    pub(super) fn guard(guard: impl Guard) -> Self {
        Self::Guard(Arc::new(guard))
    }

    pub(super) fn asking(guard: impl AskingGuard) -> Self {
        Self::Asking(Arc::new(guard))
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self::And(Arc::new((self, other)))
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self::Or(Arc::new((self, other)))
    }

    /// From left to right, no further than needed, and not past a question that is still open. Where both sides of
    /// `or` refuse, the left one is heard.
    ///
    /// After each answer the whole is decided anew.
    pub(super) fn decide(&self, access: &Access<'_>) -> Decision {
        match self {
            Self::Guard(guard) => guard.check(access).into(),
            Self::Asking(guard) => match guard.question(access) {
                Err(denied) => Decision::Denied(denied),
                Ok(question) => match access.reply(&question) {
                    Some(reply) => guard.judge(&reply).into(),
                    None => Decision::AskAbout(question),
                },
            },
            Self::Live if access.is_live() => Decision::Allowed,
            Self::Live => Decision::AskNow,
            Self::And(both) => match both.0.decide(access) {
                Decision::Allowed => both.1.decide(access),
                open_or_denied => open_or_denied,
            },
            Self::Or(either) => match either.0.decide(access) {
                Decision::Denied(left) => match either.1.decide(access) {
                    Decision::Denied(_) => Decision::Denied(left),
                    open_or_allowed => open_or_allowed,
                },
                open_or_allowed => open_or_allowed,
            },
        }
    }
}

impl From<Result<(), Denied>> for Decision {
    fn from(checked: Result<(), Denied>) -> Self {
        match checked {
            Ok(()) => Self::Allowed,
            Err(denied) => Self::Denied(denied),
        }
    }
}
