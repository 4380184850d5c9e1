//! Whose session a request may change, for who passes it on to the auth server.

use std::net::IpAddr;

use http::{Extensions, HeaderMap};

use super::Validator;
use crate::{
    credential::{Acceptance, CredentialPolicy},
    question::Refresh,
    verdict::{Ask, Verdict},
};

impl Validator {
    /// Who sent a request, with a bearer token or an API key as well: the auth server may accept one where this service
    /// does not.
    pub(crate) async fn identify(&self, headers: &HeaderMap, extensions: &Extensions) -> Verdict {
        let policy = CredentialPolicy {
            bearer: Acceptance::Accepted,
            api_key: Acceptance::Accepted,
            ..self.policy.clone()
        };
        let inquiry = self.inquiry(&policy.read(headers), headers, extensions);
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
