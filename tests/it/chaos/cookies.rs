//! Who is there, and what is true about them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant, SystemTime},
};

use serde_json::json;

use super::{
    dice::Dice,
    oracle::{Route, Truth},
};
use crate::support::node::{BetterAuthServer, Jar, SignedIn};

const GOOD: usize = 8;

/// How many that were revoked or expired go on being shown.
const ENDED: usize = 24;

/// A browser, and what is true about its cookie.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) cookie: String,
    pub(super) user_id: String,
    pub(super) truth: Arc<Mutex<Truth>>,
    /// The only route that sees it, where it matters that another tells the cache nothing.
    pub(super) only: Option<Route>,
}

impl Shown {
    fn new(who: &SignedIn, truth: Truth) -> Self {
        Self {
            cookie: who.cookie.clone(),
            user_id: who.user_id.clone(),
            truth: Arc::new(Mutex::new(truth)),
            only: None,
        }
    }

    pub(super) fn truth(&self) -> Truth {
        *self.truth.lock().unwrap()
    }
}

/// All that are shown.
#[derive(Default)]
pub(super) struct Cookies {
    good: Mutex<Vec<Shown>>,
    forged: Mutex<Vec<Shown>>,
    /// Not revoked yet, with the token.
    to_revoke: Mutex<Vec<(Shown, String)>>,
    ending: Mutex<VecDeque<Shown>>,
}

impl Cookies {
    pub(super) async fn sign_up(server: &BetterAuthServer) -> (Self, SignedIn) {
        let cookies = Self::default();
        let churning = server.sign_up("churning").await;
        for _ in 0..GOOD {
            let who = server.sign_up("good").await;
            let token = who.session_token();
            let first = if token.starts_with('x') { 'y' } else { 'x' };
            let mut forged = Shown::new(&who, Truth::Forged);
            forged.cookie = format!("better-auth.session_token={first}{}", &token[1..]);
            cookies.good().push(Shown::new(&who, Truth::Good));
            cookies.forged.lock().unwrap().push(forged);
        }
        (cookies, churning)
    }

    pub(super) fn good(&self) -> MutexGuard<'_, Vec<Shown>> {
        self.good.lock().unwrap()
    }

    /// Whom the next request is from.
    pub(super) fn pick(&self, dice: &mut Dice) -> Shown {
        let picked = match dice.number(0..10) {
            0..4 => None,
            4 => Some(dice.one_of(&self.forged.lock().unwrap()).clone()),
            5 | 6 => {
                let to_revoke = self.to_revoke.lock().unwrap();
                (!to_revoke.is_empty()).then(|| dice.one_of(&to_revoke).0.clone())
            }
            _ => {
                let mut ending = self.ending.lock().unwrap();
                (!ending.is_empty()).then(|| dice.one_of(ending.make_contiguous()).clone())
            }
        };
        picked.unwrap_or_else(|| dice.one_of(&self.good()).clone())
    }

    /// A further session, which will be revoked.
    pub(super) async fn sign_in(
        &self,
        server: &BetterAuthServer,
        who: &SignedIn,
        only: Option<Route>,
    ) {
        let session = server.sign_in(who, Jar::default()).await;
        let mut shown = Shown::new(&session, Truth::Good);
        shown.only = only;
        self.to_revoke.lock().unwrap().push((shown, session.token));
    }

    /// A further session, which ends after that.
    pub(super) async fn sign_in_for(
        &self,
        server: &BetterAuthServer,
        who: &SignedIn,
        rest: Duration,
    ) {
        let session = server.sign_in(who, Jar::default()).await;
        let end = Instant::now() + rest;
        let text = humantime::format_rfc3339_millis(SystemTime::now() + rest).to_string();
        let (found_by, set) = (json!({"token": session.token}), json!({"expiresAt": text}));
        server.update("session", found_by, set).await;
        // Nobody has shown it before it had this end.
        self.show(Shown::new(&session, Truth::Expires(end)));
    }

    /// Revokes the oldest behind Better Auth's back, so that it works without its database.
    pub(super) async fn revoke(&self, server: &BetterAuthServer) {
        let oldest = {
            let mut to_revoke = self.to_revoke.lock().unwrap();
            (to_revoke.len() > 1).then(|| to_revoke.remove(0))
        };
        let Some((shown, token)) = oldest else {
            return;
        };
        let begun = Instant::now();
        let set = |done| *shown.truth.lock().unwrap() = Truth::Revoked { begun, done };
        set(None);
        self.show(shown.clone());
        server.delete("session", json!({"token": token})).await;
        set(Some(Instant::now()));
    }

    fn show(&self, shown: Shown) {
        let mut ending = self.ending.lock().unwrap();
        ending.push_back(shown);
        if ending.len() > ENDED {
            ending.pop_front();
        }
    }
}
