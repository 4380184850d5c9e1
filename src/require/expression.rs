//! Guards put together.

use std::sync::Arc;

use super::{Access, Denied, Guard};

/// What has to hold, erased, so that guards can be chosen at run time and returned from functions.
#[derive(Clone)]
pub(super) enum Expression {
    Guard(Arc<dyn Guard>),
    And(Arc<(Self, Self)>),
    Or(Arc<(Self, Self)>),
}

impl Expression {
    pub(super) fn guard(guard: impl Guard) -> Self {
        Self::Guard(Arc::new(guard))
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self::And(Arc::new((self, other)))
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self::Or(Arc::new((self, other)))
    }

    /// From left to right, no further than needed. Where both sides of `or` refuse, the left one is heard.
    pub(super) fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
        match self {
            Self::Guard(guard) => guard.check(access),
            Self::And(both) => both.0.check(access).and_then(|()| both.1.check(access)),
            Self::Or(either) => either
                .0
                .check(access)
                .or_else(|left| either.1.check(access).map_err(|_| left)),
        }
    }
}
