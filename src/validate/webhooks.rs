//! What a receiver of webhooks needs of a validator.

use std::time::SystemTime;

use http::{Extensions, HeaderMap, header};
use tokio::time::Instant;

use super::Validator;
use crate::observe::{self, AuditEventKind, Caller};

impl Validator {
    pub(crate) fn now(&self) -> SystemTime {
        self.checks.clock.now()
    }

    /// Somebody sent what is no good webhook: at most once a second of each kind, since whoever forges can send many.
    pub(crate) fn webhook_refused(
        &self,
        reason: &'static str,
        fix: &'static str,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) {
        let warnings = &self.checks.warnings;
        let Some(left_out) = warnings.pass(("webhook", reason), Instant::now()) else {
            return;
        };
        observe::webhook_refused(reason, fix, left_out);
        let caller = Caller {
            ip: self.client_ip(headers, extensions),
            user_agent: headers.get(header::USER_AGENT),
        };
        self.audit
            .request(AuditEventKind::WebhookRejected, reason, None, caller);
    }
}
