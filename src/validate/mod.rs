//! From a request to a verdict: the only place where cookies, cache and client meet.

mod ask;
mod checks;
mod levels;
mod report;
mod revoke;
#[cfg(test)]
mod model;

use std::{net::IpAddr, sync::Arc, time::Duration};

use http::{Extensions, HeaderMap, header};
use tokio::{runtime::Handle, time::Instant};
use tracing::{Instrument, Span};

use self::{
    checks::{Checks, Landed, Names, Oldest, Teller},
    report::Checked,
};
use crate::{
    cache::{Flights, Found, Joined, Key, Keys, RecentlyActive, SessionCache},
    client::{Client, Lane},
    clock::Clock,
    cookie,
    credential::{Companions, Credential, CredentialPolicy, Inquiry, Presented, Shown},
    observe::{self, Audit, Check, Glance, Source, Throttles},
    question::{Replied, Reply},
    verdict::Verdict,
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
    keys: Keys,
    flights: Flights<Landed>,
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
        Self {
            policy,
            client_ip,
            trace_context: None,
            audit: Audit::new(None),
            keys: Keys::random(),
            flights: Flights::new(|landed: &Landed| landed.weight),
            checks: Arc::new(Checks {
                client,
                cache,
                shared: None,
                recently_active: RecentlyActive::new(),
                clock,
                retry_after,
                warnings: Throttles::default(),
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
                match self.remembered(key, |key| is_good_enough(key, shown)) {
                    Some(verdict) => (Source::Hit, Checked::remembered(verdict)),
                    None => return Err(Box::new(self.inquiry(&presented, headers, extensions))),
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

    /// What the cache knows; `key` is not made without one.
    fn remembered(
        &self,
        key: impl FnOnce() -> Key,
        is_good_enough: impl FnOnce(Key) -> bool,
    ) -> Option<Verdict> {
        let cache = self.checks.cache.as_ref()?;
        let key = key();
        match cache.get(key, Instant::now()) {
            Found::Active(session) => Some(Verdict::of_remembered(session, &self.checks.clock)),
            Found::Aging(session) => {
                is_good_enough(key).then(|| Verdict::of_remembered(session, &self.checks.clock))
            }
            Found::SignedOut => Some(Verdict::SignedOut),
            Found::Nothing => None,
        }
    }

    /// Asks ahead of the end, so that nobody has to wait for it.
    ///
    /// In the name of the client, so that a 429 is about that client, and not about everybody. The cache knows the session,
    /// whenever it was last asked for.
    fn renew(&self, key: Key, credential: Credential, client_ip: Option<IpAddr>) {
        if Handle::try_current().is_ok() {
            let companions = Companions {
                client_ip,
                ..Companions::default()
            };
            let span = observe::renewal();
            let names = self.names(key, &credential);
            let oldest = Oldest::HalfTtl;
            drop(self.join(names, credential, companions, Lane::Known, oldest, span));
        }
    }

    fn client_ip(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let find = self.client_ip.as_ref()?;
        find(headers, extensions)
    }

    /// Waits for the call for this credential: one that is under way, or a new one.
    fn join(
        &self,
        names: Names,
        credential: Credential,
        companions: Companions,
        lane: Lane,
        oldest: Oldest,
        span: Span,
    ) -> Joined<Landed> {
        let (checks, keeper) = (Arc::clone(&self.checks), Arc::clone(&self.checks));
        let fetch = || {
            let call = async move {
                let birth = checks.birth();
                match checks.look(names, birth, oldest).await {
                    Ok(landed) => landed,
                    Err(shared) => {
                        let told = checks.client.ask(&credential, &companions, lane).await;
                        checks.landed(names.key, birth, shared, told)
                    }
                }
            };
            call.instrument(span)
        };
        let keep = move |landed: &Landed| keeper.keep(names, landed);
        self.flights.join(names.key, fetch, keep)
    }

    fn names(&self, key: Key, credential: &Credential) -> Names {
        let shared = self.checks.shared.as_ref();
        Names {
            key,
            shared: shared
                .map(|shared| shared.key(&mut |mut hasher| credential.hash_into(&mut hasher))),
        }
    }

    fn key(&self, credential: &Credential) -> Key {
        self.keys.key(|hasher| credential.hash_into(hasher))
    }

    async fn check(
        &self,
        credential: &Credential,
        companions: &Companions,
        check: &mut Check,
    ) -> Checked {
        let key = self.key(credential);
        // Another request may have found it out since this one looked.
        let remembered = self.remembered(
            || key,
            |key| {
                self.renew(key, credential.clone(), companions.client_ip);
                true
            },
        );
        if let Some(verdict) = remembered {
            check.comes_from(Source::Hit);
            return Checked::remembered(verdict);
        }
        let (lane, names) = (self.checks.lane(key), self.names(key, credential));
        let (credential, companions) = (credential.clone(), companions.clone());
        let (oldest, span) = (Oldest::Ttl, Span::current());
        let joined = self.join(names, credential, companions, lane, oldest, span);
        let is_first = joined.is_first;
        if !is_first {
            check.comes_from(Source::Coalesced);
        }
        let landed = joined.await.unwrap_or_else(|| self.checks.panicked());
        if is_first && matches!(landed.teller, Teller::SharedCache { .. }) {
            check.comes_from(Source::Shared);
        }
        self.checks.verdict(landed)
    }

    /// Says in the log what is wrong, and keeps the cookies that may come back.
    fn note(&self, mut replied: Replied, credential: &Credential) -> Replied {
        // The only reply that is a mistake of the application's.
        if replied.reply == Reply::Misconfigured {
            observe::misconfigured(
                "the auth server refuses the origin of permission checks: set `origin` to one of its `trustedOrigins`",
            );
        }
        let names = &self.policy.cookies;
        let is_of_cookie = credential.is_cookie_alone();
        replied
            .set_cookies
            .retain(|line| is_of_cookie && cookie::may_come_back(line.as_bytes(), names));
        replied
    }
}
