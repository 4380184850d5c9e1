//! Audit events as events of `tracing`, unless the application has a place for them.

use std::hash::{BuildHasher, RandomState};

use tokio::time::Instant;

use super::AuditEvent;
use crate::observe::Throttles;

/// A target of their own, so that they can be kept apart.
const TARGET: &str = "tower_better_auth::audit";

/// Whether anybody reads it.
pub(super) fn is_heard() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::INFO)
}

/// Whoever reads the log can tell sessions apart, and not name them: ids are hashed under a key that this handle made up.
#[derive(Debug, Default)]
pub(crate) struct Log {
    key: RandomState,
    outages: Throttles,
}

impl Log {
    /// Whether to write that a request could not be checked: in an outage none can. Then with how many that were left out.
    pub(super) fn pass_outage(&self, cause: &'static str, now: Instant) -> Option<u64> {
        self.outages.pass(("outage", cause), now)
    }

    pub(super) fn write(&self, event: &AuditEvent, left_out: Option<u64>) {
        let session = event.session_id.as_ref().map(|id| self.hash(id));
        tracing::info!(
            target: TARGET,
            event = event.event.as_str(),
            user_id = event.user_id,
            session,
            ip_address = event.ip_address.map(tracing::field::display),
            user_agent = event.user_agent,
            reason = event.reason,
            left_out,
        );
    }

    fn hash(&self, id: &str) -> String {
        format!("{:012x}", self.key.hash_one(id) >> 16)
    }
}
