//! From a request to a verdict: the only place where cookies, cache and client meet.

mod ask;
mod checks;
#[cfg(test)]
mod model;

use std::{net::IpAddr, sync::Arc, time::Duration};

use http::{Extensions, HeaderMap};
use tokio::{runtime::Handle, time::Instant};

use self::checks::{Checks, Finding, Landed};
use crate::{
    cache::{Flights, Found, Key, Keys, RecentlyActive, SessionCache},
    client::{Asked, Cause, Client, Lane},
    cookie,
    credential::{Companions, Credential, CredentialPolicy, Inquiry, Presented, Shown},
    observe,
    question::{Replied, Reply},
    verdict::Verdict,
};

/// Finds the address of the client in the headers or extensions of a request.
pub(crate) type ClientIp = dyn Fn(&HeaderMap, &Extensions) -> Option<IpAddr> + Send + Sync;

/// What all clones of a handle share.
pub(crate) struct Validator {
    pub(crate) policy: CredentialPolicy,
    pub(crate) client_ip: Option<Box<ClientIp>>,
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
        retry_after: Duration,
    ) -> Self {
        Self {
            policy,
            client_ip,
            keys: Keys::random(),
            flights: Flights::new(Landed::weight),
            checks: Arc::new(Checks {
                client,
                cache,
                recently_active: RecentlyActive::new(),
                retry_after,
            }),
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
        let presented = self.policy.read(headers);
        match &presented {
            Presented::Nothing => Ok(Verdict::Anonymous),
            Presented::Unusable(why) => {
                observe::unusable(*why);
                Ok(Verdict::SignedOut)
            }
            Presented::Credential(shown) => self
                .remembered(shown, is_good_enough)
                .ok_or_else(|| Box::new(self.inquiry(&presented, headers, extensions))),
        }
    }

    /// The verdict on what a request presents, if it takes no asking at all.
    pub(crate) fn known(inquiry: &Inquiry) -> Option<Verdict> {
        match inquiry.presented {
            Presented::Nothing => Some(Verdict::Anonymous),
            Presented::Unusable(why) => {
                observe::unusable(why);
                Some(Verdict::SignedOut)
            }
            Presented::Credential(_) => None,
        }
    }

    pub(crate) fn invalidate(&self, what: &Invalidation<'_>) {
        if let Some(cache) = &self.checks.cache {
            match what {
                Invalidation::Session(id) => cache.invalidate_session(id, Instant::now()),
                Invalidation::User(id) => cache.invalidate_user(id, Instant::now()),
                Invalidation::Everything => cache.invalidate_all(),
            }
        }
        // Whoever comes from now on must not get an answer that was asked for before.
        self.flights.detach_all();
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
            companions: Companions::read(headers, client_ip),
        }
    }

    /// What the cache knows of a credential, without a copy of it.
    fn remembered(
        &self,
        shown: &Shown<'_>,
        is_good_enough: impl FnOnce(Key, &Shown<'_>) -> bool,
    ) -> Option<Verdict> {
        let cache = self.checks.cache.as_ref()?;
        let key = self.keys.key(|hasher| shown.hash_into(hasher));
        match cache.get(key, Instant::now()) {
            Found::Active(session) => Some(Verdict::of_remembered(session)),
            Found::Aging(session) => {
                is_good_enough(key, shown).then(|| Verdict::of_remembered(session))
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
            drop(self.join(key, credential, companions, Lane::Known));
        }
    }

    fn client_ip(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let find = self.client_ip.as_ref()?;
        find(headers, extensions)
    }

    /// Waits for the call for this credential: one that is under way, or a new one.
    fn join(
        &self,
        key: Key,
        credential: Credential,
        companions: Companions,
        lane: Lane,
    ) -> impl Future<Output = Option<Finding>> + Send + 'static {
        let (checks, keeper) = (Arc::clone(&self.checks), Arc::clone(&self.checks));
        let fetch = move || async move {
            let born = checks.generation();
            let answer = checks.client.ask(&credential, &companions, lane).await;
            Landed {
                finding: checks.finding(key, answer),
                born,
            }
        };
        let keep = move |landed: &Landed| keeper.keep(key, landed);
        let landed = self.flights.join(key, fetch, keep);
        async move { landed.await.map(|landed| landed.finding) }
    }

    fn key(&self, credential: &Credential) -> Key {
        self.keys.key(|hasher| credential.hash_into(hasher))
    }

    async fn check(&self, credential: &Credential, companions: &Companions) -> Verdict {
        let key = self.key(credential);
        if let Some(cache) = &self.checks.cache {
            match cache.get(key, Instant::now()) {
                Found::Active(session) => return Verdict::of_remembered(session),
                Found::Aging(session) => {
                    self.renew(key, credential.clone(), companions.client_ip);
                    return Verdict::of_remembered(session);
                }
                Found::SignedOut => return Verdict::SignedOut,
                Found::Nothing => {}
            }
        }
        let lane = self.checks.lane(key);
        let joined = self.join(key, credential.clone(), companions.clone(), lane);
        let finding = joined.await.unwrap_or_else(|| {
            let unavailable = Cause::Panicked.into();
            self.checks.unavailable(Asked::Session, &unavailable)
        });
        finding.verdict()
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

/// What is no longer true.
pub(crate) enum Invalidation<'a> {
    Session(&'a str),
    User(&'a str),
    Everything,
}
