//! From a request to a verdict: the only place where cookies, cache and client meet.

mod ask;
mod carry;
mod check;
mod checks;
#[cfg(feature = "proxy")]
mod identify;
mod levels;
mod manage;
mod report;
mod revoke;
#[cfg(feature = "webhooks")]
mod webhooks;
#[cfg(test)]
mod model;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{Extensions, HeaderMap, header};

pub(crate) use self::manage::NotDone;
use self::{
    check::Remembered,
    checks::{Checks, Landed},
    report::Checked,
};
use crate::{
    cache::{Flights, Key, Keys, RecentlyActive, SessionCache, Turns},
    client::Client,
    clock::Clock,
    credential::{Companions, CredentialPolicy, Inquiry, Presented, Shown},
    observe::{self, Audit, Glance, Source, Throttles},
    question::Refresh,
    verdict::{Verdict, Watchers},
};

pub(crate) use crate::cache::Invalidation;

/// Finds the address of the client in the headers or extensions of a request.
pub(crate) type ClientIp = dyn Fn(&HeaderMap, &Extensions) -> Option<IpAddr> + Send + Sync;

/// Finds the trace that the current span belongs to, as a `traceparent`.
pub(crate) type TraceContext = dyn Fn() -> Option<String> + Send + Sync;

/// What all clones of a handle share.
pub(crate) struct Validator {
    pub(crate) policy: CredentialPolicy,
    pub(crate) client_ip: Option<Box<ClientIp>>,
    trace_context: Option<Box<TraceContext>>,
    audit: Audit,
    /// Whether sessions are prolonged, where a response can tell the browser.
    refresh: Refresh,
    keys: Keys,
    flights: Flights<Landed>,
    watchers: Arc<Watchers>,
    checks: Arc<Checks>,
}

impl Validator {
    pub(crate) fn new(
        policy: CredentialPolicy,
        client_ip: Option<Box<ClientIp>>,
        client: Client,
        cache: Option<SessionCache>,
        clock: Clock,
        retry_after: Duration,
    ) -> Self {
        let cookies = policy.cookies.clone();
        Self {
            policy,
            client_ip,
            trace_context: None,
            audit: Audit::new(None),
            refresh: Refresh::Never,
            keys: Keys::random(),
            flights: Flights::new(|landed: &Landed| landed.weight),
            watchers: Arc::default(),
            checks: Arc::new(Checks {
                client,
                cookies,
                cache,
                turns: Turns::new(),
                shared: None,
                recently_active: RecentlyActive::new(),
                clock,
                retry_after,
                warnings: Throttles::default(),
                emptied: Mutex::default(),
            }),
        }
    }

    pub(crate) fn watched(self, audit: Audit, trace_context: Option<Box<TraceContext>>) -> Self {
        Self {
            trace_context,
            audit,
            ..self
        }
    }

    pub(crate) fn refreshing(self, refresh: Refresh) -> Self {
        Self { refresh, ..self }
    }

    /// The verdict where nobody has to be asked for it, or what there is to ask with.
    pub(crate) fn look(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Verdict, Box<Inquiry>> {
        self.look_and(headers, extensions, |key, shown| {
            if let Some(credential) = shown.to_credential() {
                self.renew(key, credential, self.client_ip(headers, extensions));
            }
            true
        })
    }

    /// The same for a request of which nobody knows yet whether the verdict matters: nothing is asked for anew.
    pub(crate) fn look_without_asking(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Verdict, Box<Inquiry>> {
        self.look_and(headers, extensions, |_, _| false)
    }

    /// `is_good_enough` decides on an entry that it is time to ask for anew.
    fn look_and(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        is_good_enough: impl FnOnce(Key, &Shown<'_>) -> bool,
    ) -> Result<Verdict, Box<Inquiry>> {
        let glance = Glance::begin();
        let presented = self.policy.read(headers);
        let (source, checked) = match &presented {
            Presented::Nothing => (Source::Anonymous, Checked::remembered(Verdict::Anonymous)),
            Presented::Unusable(why) => {
                observe::unusable(*why);
                (Source::Refused, Checked::refused(*why))
            }
            Presented::Credential(shown) => {
                let key = || self.keys.key(|hasher| shown.hash_into(hasher));
                let refresh = self.refresh(Refresh::WhenDue, shown.is_cookie_alone());
                match self.remembered(key, refresh, |key| is_good_enough(key, shown)) {
                    Remembered::Verdict(verdict) => (Source::Hit, Checked::remembered(verdict)),
                    Remembered::Due(_) | Remembered::Nothing => {
                        return Err(Box::new(self.inquiry(&presented, headers, extensions)));
                    }
                }
            }
        };
        self.report(&checked, || self.caller(headers, extensions));
        glance.end(source, &checked.verdict);
        Ok(checked.verdict)
    }

    pub(crate) fn cached_sessions(&self) -> u64 {
        self.checks.cache.as_ref().map_or(0, SessionCache::len)
    }

    pub(crate) fn client(&self) -> &Client {
        &self.checks.client
    }

    fn inquiry(
        &self,
        presented: &Presented<Shown<'_>>,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Inquiry {
        let client_ip = self.client_ip(headers, extensions);
        Inquiry {
            presented: presented.to_owned(),
            companions: Companions::read(headers, client_ip, || self.trace_context.as_ref()?()),
            user_agent: headers.get(header::USER_AGENT).cloned(),
        }
    }

    /// Whether a session is prolonged for somebody who wants it so.
    ///
    /// Only that of a cookie: to a client that shows a token, nobody can say that it is not to be remembered.
    fn refresh(&self, wanted: Refresh, is_cookie_alone: bool) -> Refresh {
        if is_cookie_alone && wanted == Refresh::WhenDue {
            self.refresh
        } else {
            Refresh::Never
        }
    }

    fn client_ip(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let find = self.client_ip.as_ref()?;
        find(headers, extensions)
    }
}
