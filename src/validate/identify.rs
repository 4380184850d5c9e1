//! Whose session a request may change, for who passes it on to the auth server.

use std::net::IpAddr;

use http::{Extensions, HeaderMap};

use super::Validator;
use crate::{
    credential::{Acceptance, Ambiguity, CredentialPolicy, Presented},
    question::Refresh,
    verdict::{Ask, Verdict},
};

/// Node takes 16 KiB for all headers of a request, unless it is told to take more, and the last of these is for the others.
const LONGEST: usize = 15 * 1024;

impl Validator {
    /// Who sent a request, by whatever the auth server may accept where this service does not: a bearer token, an API key,
    /// a cookie that came twice or is long.
    ///
    /// Who shows more than the auth server takes is not known. It is not asked, because a connection that it closes over
    /// that would count as an outage.
    pub(crate) async fn identify(&self, headers: &HeaderMap, extensions: &Extensions) -> Verdict {
        let policy = CredentialPolicy {
            limit: self.policy.limit.max(LONGEST),
            ambiguity: Ambiguity::LetTheServerDecide,
            bearer: Acceptance::Accepted,
            api_key: Acceptance::Accepted,
            ..self.policy.clone()
        };
        let inquiry = self.inquiry(&policy.read(headers), headers, extensions);
        if matches!(inquiry.presented, Presented::Unusable(_)) {
            let retry_after = self.checks.retry_after;
            return Verdict::Unavailable { retry_after };
        }
        self.ask(&inquiry, Refresh::Never).await.verdict
    }

    /// The client's address, if it is to be sent.
    pub(crate) fn address(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        self.client_ip(headers, extensions)
    }

    pub(crate) fn has_cache(&self) -> bool {
        self.checks.cache.is_some()
    }

    pub(crate) fn has_leases(&self) -> bool {
        !self.watchers.is_empty()
    }

    /// Whoever comes from now on gets no answer that was asked for before.
    pub(crate) fn leave_calls(&self) {
        self.flights.detach_all();
    }
}
