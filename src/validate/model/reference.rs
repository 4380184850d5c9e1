//! What should happen, in plain numbers: seconds for the time, a count of events for what came before what.

use std::collections::{HashMap, HashSet};

use super::{
    order::{Order, Outcome},
    terms::{
        Answer, Call, CallId, Credential, DEADLINE, Expected, Kind, Stage, TTL, Told, user_of,
    },
};

/// An entry is renewed from here on: three quarters of its time.
const RENEWED_FROM: (u64, u64) = (3, 4);

#[derive(Clone, Copy, Debug)]
struct Entry {
    call: CallId,
    renew_at: u64,
    end: u64,
}

#[derive(Debug, Default)]
pub(super) struct Reference {
    pub(super) now: u64,
    pub(super) has_cache: bool,
    pub(super) keeps_signed_out: bool,
    pub(super) order: Order,
    pub(super) calls: Vec<Call>,
    /// Counts what happens.
    events: u64,
    entries: HashMap<Credential, Entry>,
    signed_out: HashMap<Credential, u64>,
    flights: HashMap<Credential, CallId>,
    known: HashSet<Credential>,
    /// When each was last invalidated.
    everything: u64,
    sessions: HashMap<Credential, u64>,
    users: HashMap<usize, u64>,
    /// When each was last found signed out.
    ended: HashMap<Credential, u64>,
    /// The calls that began no later are outdated: what they find out is not kept.
    overruled: HashMap<Credential, u64>,
}

impl Reference {
    /// The call that arrives for a request, or for the oldest renewal; `is_late` if it came to its end in the same moment.
    pub(super) fn call_of(
        &self,
        credential: Credential,
        request: Option<usize>,
        is_late: bool,
    ) -> Option<CallId> {
        let is_it = |id: &CallId| {
            let call = &self.calls[*id];
            call.stage == Stage::Queued
                && (call.credential, call.request) == (credential, request)
                && (self.now >= call.began_at + DEADLINE) == is_late
        };
        self.open_calls().find(is_it)
    }

    /// Those that can still be under way: none outlives its deadline.
    pub(super) fn open_calls(&self) -> impl Iterator<Item = CallId> + use<> {
        let horizon = self.now.saturating_sub(DEADLINE);
        let first = self.calls.partition_point(|call| call.began_at < horizon);
        first..self.calls.len()
    }

    fn event(&mut self) -> u64 {
        self.events += 1;
        self.events
    }

    pub(super) fn request(&mut self, credential: Credential, request: usize) -> Expected {
        self.event();
        if let Some(entry) = self.entries.get(&credential).copied() {
            if self.now < entry.end && !self.is_void(entry.call) {
                if self.now >= entry.renew_at {
                    self.join(credential, None);
                }
                return Expected::Now(Told::Active(entry.call));
            }
            self.entries.remove(&credential);
        }
        if self
            .signed_out
            .get(&credential)
            .is_some_and(|until| self.now < *until)
        {
            return Expected::Now(Told::SignedOut);
        }
        Expected::With(self.join(credential, Some(request)))
    }

    pub(super) fn live(&mut self, credential: Credential, request: usize) -> CallId {
        self.event();
        self.begin(credential, Some(request), Kind::Live)
    }

    fn join(&mut self, credential: Credential, request: Option<usize>) -> CallId {
        if let Some(flight) = self.flights.get(&credential) {
            return *flight;
        }
        let call = self.begin(credential, request, Kind::Shared);
        // One that may not be made is over before anybody joins it.
        if self.calls[call].stage == Stage::Queued {
            self.flights.insert(credential, call);
        }
        call
    }

    fn begin(&mut self, credential: Credential, request: Option<usize>, kind: Kind) -> CallId {
        let (period, began) = (self.order.admit(self.now), self.event());
        self.calls.push(Call {
            credential,
            request,
            kind,
            is_known: request.is_none() || self.known.contains(&credential),
            stage: period.map_or(Stage::Over(Some(Told::Unavailable)), |_| Stage::Queued),
            began,
            began_at: self.now,
            period: period.unwrap_or_default(),
            good_until: 0,
        });
        self.calls.len() - 1
    }

    /// The client of a live check hangs up, and the check with it.
    pub(super) fn give_up(&mut self, call: CallId) {
        let call = &mut self.calls[call];
        if !matches!(call.stage, Stage::Over(_)) {
            call.stage = Stage::Over(None);
            self.order.settle(call.period, Outcome::Neither, self.now);
        }
    }

    /// The calls whose deadline is now.
    pub(super) fn time_out(&mut self) {
        for id in self.open_calls() {
            let call = &self.calls[id];
            let outcome = match call.stage {
                Stage::Queued => Outcome::Neither,
                Stage::AtServer => Outcome::Failed,
                Stage::Over(_) => continue,
            };
            if self.now >= call.began_at + DEADLINE {
                self.land(id, Told::Unavailable, outcome);
            }
        }
    }

    pub(super) fn answer(&mut self, id: CallId, answer: Answer) {
        let (told, outcome) = match answer {
            Answer::Active { rest } => {
                self.calls[id].good_until = self.now + TTL.min(rest + 1);
                self.known.insert(self.calls[id].credential);
                (Told::Active(id), Outcome::Succeeded)
            }
            Answer::Over => {
                self.known.insert(self.calls[id].credential);
                (Told::SignedOut, Outcome::Succeeded)
            }
            Answer::SignedOut => (Told::SignedOut, Outcome::Succeeded),
            Answer::Fault => (Told::Unavailable, Outcome::Failed),
            Answer::Nonsense => (Told::Unavailable, Outcome::Neither),
            Answer::LeaveMeAlone { seconds } => {
                let until = self.now + seconds;
                self.order.paused_until = self.order.paused_until.max(until);
                (Told::Unavailable, Outcome::Neither)
            }
        };
        self.land(id, told, outcome);
        if answer == Answer::SignedOut && self.has_cache && self.keeps_signed_out {
            self.signed_out
                .insert(self.calls[id].credential, self.now + 1);
        }
    }

    fn land(&mut self, id: CallId, told: Told, outcome: Outcome) {
        let event = self.event();
        let call = &mut self.calls[id];
        call.stage = Stage::Over(Some(told));
        self.order.settle(call.period, outcome, self.now);
        let (credential, began) = (call.credential, call.began);
        let is_on_table = self.flights.get(&credential) == Some(&id);
        match told {
            Told::SignedOut => {
                self.flights.remove(&credential);
                self.entries.remove(&credential);
                self.ended.insert(credential, event);
                self.overruled.insert(credential, event);
            }
            Told::Active(_) => {
                let is_newest = self.overruled.get(&credential) < Some(&began);
                if is_newest {
                    // Nobody joins one any more that began before.
                    self.flights
                        .retain(|it, flight| *it != credential || *flight > id);
                    self.overruled.insert(credential, began);
                    self.keep(id);
                }
            }
            Told::Unavailable if is_on_table => {
                self.flights.remove(&credential);
            }
            Told::Unavailable => {}
        }
    }

    fn keep(&mut self, id: CallId) {
        if !self.has_cache || self.is_void(id) {
            return;
        }
        let call = &self.calls[id];
        let (from, of) = RENEWED_FROM;
        let lifetime = call.good_until - self.now;
        // Half a second more than whole ones, unless it is the ttl's.
        let halves = if lifetime == TTL {
            2 * TTL
        } else {
            2 * lifetime - 1
        };
        let entry = Entry {
            call: id,
            renew_at: self.now + (halves * from).div_ceil(2 * of),
            end: call.good_until,
        };
        self.signed_out.remove(&call.credential);
        self.entries.insert(call.credential, entry);
    }

    pub(super) fn invalidate_session(&mut self, credential: Credential) {
        let event = self.event();
        self.sessions.insert(credential, event);
        self.flights.clear();
    }

    pub(super) fn invalidate_user(&mut self, user: usize) {
        let event = self.event();
        self.users.insert(user, event);
        self.flights.clear();
    }

    pub(super) fn invalidate_all(&mut self) {
        self.everything = self.event();
        self.flights.clear();
        self.signed_out.clear();
    }

    fn invalidated(&self, credential: Credential) -> u64 {
        let session = self.sessions.get(&credential).copied();
        let user = self.users.get(&user_of(credential)).copied();
        self.everything.max(session.max(user).unwrap_or_default())
    }

    /// Whether what a call found out was invalidated since it began.
    fn is_void(&self, call: CallId) -> bool {
        let call = &self.calls[call];
        call.began < self.invalidated(call.credential)
    }

    /// The events that a request must not be older than: whatever it is told was asked for after them.
    pub(super) fn past(&self, credential: Credential) -> u64 {
        let ended = self.ended.get(&credential).copied();
        self.invalidated(credential).max(ended.unwrap_or_default())
    }

    /// Whether somebody with this credential, who came when all that lay in the `past`, may be told what a call found out.
    pub(super) fn may_admit(&self, credential: Credential, past: u64, call: CallId) -> bool {
        let found = &self.calls[call];
        found.credential == credential && found.began > past && self.now <= found.good_until
    }
}
