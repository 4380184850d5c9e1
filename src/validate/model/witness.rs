//! What is held against the reference after every step.

use std::{
    mem,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    task::yield_now,
    time::{Instant, advance},
};

use super::{
    episode::{Episode, Held, Waiting},
    server::Arrival,
    setup::seconds,
    terms::{CallId, DEADLINE, Kind, Stage, Told},
};
use crate::verdict::{BoxFuture, Verdict};

const SECOND: Duration = Duration::from_secs(1);

impl Episode {
    pub(super) async fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            advance(SECOND).await;
            self.reference.now += 1;
            let told = self.run().await;
            self.reference.time_out();
            self.look_at(told);
        }
    }

    pub(super) async fn settle(&mut self) {
        let told = self.run().await;
        self.look_at(told);
    }

    /// Lets everybody go as far as they can. Returns those who were told something.
    async fn run(&mut self) -> Vec<(Waiting, Verdict)> {
        let mut told = Vec::new();
        loop {
            yield_now().await;
            let mut has_changed = false;
            for mut waiting in mem::take(&mut self.waiting) {
                match poll(&mut waiting.verdict) {
                    Poll::Pending => self.waiting.push(waiting),
                    Poll::Ready(verdict) => {
                        told.push((waiting, verdict));
                        has_changed = true;
                    }
                }
            }
            has_changed |= self.arrive();
            if !has_changed {
                return told;
            }
        }
    }

    /// Takes in the calls that have come to the server.
    fn arrive(&mut self) -> bool {
        let arrivals = self.server.arrivals();
        let has_changed = !arrivals.is_empty();
        for arrival in arrivals {
            let Arrival {
                credential,
                request,
                answer,
            } = arrival;
            let call = self
                .reference
                .call_of(credential, request, answer.is_closed());
            let call = call.unwrap_or_else(|| panic!("a call for {credential} too many"));
            self.tell(|| format!("call {call} arrives"));
            self.reference.calls[call].stage = Stage::AtServer;
            self.held.push(Held {
                call,
                decided: None,
                answer,
            });
        }
        has_changed
    }

    pub(super) fn look_at(&mut self, told: Vec<(Waiting, Verdict)>) {
        for (waiting, verdict) in told {
            let Stage::Over(Some(expected)) = self.reference.calls[waiting.call].stage else {
                panic!("{waiting:?} was told {verdict:?} out of turn");
            };
            self.check(&waiting, &verdict, expected);
        }
        for waiting in &self.waiting {
            let stage = self.reference.calls[waiting.call].stage;
            assert!(!matches!(stage, Stage::Over(_)), "{waiting:?}: {stage:?}");
        }
        self.held.retain(|held| {
            let is_over = held.answer.is_closed();
            let stage = self.reference.calls[held.call].stage;
            assert_eq!(is_over, stage != Stage::AtServer, "call {}", held.call);
            !is_over
        });
        assert_eq!(self.server.pending(), self.held.len());
        self.assert_no_place_is_wasted();
        let contact = self.validator.client().contact(Instant::now());
        let now = self.reference.now;
        assert_eq!(
            format!("{:?}", contact.breaker),
            self.reference.order.name(now)
        );
        let paused_for = self.reference.order.paused_until.saturating_sub(now);
        assert_eq!(contact.paused_for.unwrap_or_default(), seconds(paused_for));
    }

    fn assert_no_place_is_wasted(&self) {
        let count = |stage, is_known: bool| {
            let is_counted = |id: &CallId| {
                let call = &self.reference.calls[*id];
                call.stage == stage && call.is_known == is_known
            };
            self.reference.open_calls().filter(is_counted).count()
        };
        let for_unknown = (self.places * 3 / 4).max(1);
        let (known, unknown) = (count(Stage::AtServer, true), count(Stage::AtServer, false));
        assert!(unknown <= for_unknown && known + unknown <= self.places);
        let is_full = known + unknown == self.places;
        assert!(
            is_full || count(Stage::Queued, true) == 0,
            "somebody known waits for nothing"
        );
        let is_full = is_full || unknown == for_unknown;
        assert!(
            is_full || count(Stage::Queued, false) == 0,
            "a stranger waits for nothing"
        );
    }

    pub(super) fn check(&self, waiting: &Waiting, verdict: &Verdict, expected: Told) {
        let told = match verdict {
            Verdict::Active(session) => {
                assert_eq!(session.session.id, format!("s{}", waiting.credential));
                Told::Active(session.user.name.parse().unwrap())
            }
            Verdict::SignedOut => Told::SignedOut,
            Verdict::Unavailable { .. } => Told::Unavailable,
            Verdict::Banned(_) | Verdict::Anonymous => panic!("{waiting:?} was told {verdict:?}"),
        };
        if let Told::Active(call) = told {
            assert!(
                self.reference
                    .may_admit(waiting.credential, waiting.past, call),
                "{waiting:?} was admitted by call {call}"
            );
        }
        assert_eq!(told, expected, "{waiting:?}");
        self.tell(|| format!("request {} is told {told:?}", waiting.request));
    }

    /// Nobody answers any more, and everything comes to its end all the same.
    pub(super) async fn end(&mut self) {
        self.pass(DEADLINE + 1).await;
        assert!(self.waiting.is_empty() && self.held.is_empty());
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    }

    /// Whoever still waits for a call that the runtime took with it is told.
    pub(super) fn after_the_runtime(mut self) {
        for mut waiting in mem::take(&mut self.waiting) {
            if self.reference.calls[waiting.call].kind == Kind::Shared {
                let told = poll(&mut waiting.verdict);
                assert!(
                    matches!(told, Poll::Ready(Verdict::Unavailable { .. })),
                    "{waiting:?}"
                );
            }
        }
        assert_eq!(self.server.pending(), 0);
    }
}

pub(super) fn poll<T>(future: &mut BoxFuture<'_, T>) -> Poll<T> {
    future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}
