//! What travels in a request's extensions.

use std::{fmt, ptr, sync::Arc, time::SystemTime};

use super::{Ask, Lazy, Verdict};
use crate::{
    credential::Inquiry,
    question::{Question, Reply},
};

/// The value in a request's extensions.
#[derive(Clone)]
pub(crate) struct Checkpoint {
    asker: Arc<dyn Ask>,
    state: State,
    age: Age,
    /// How much had been revoked before the verdict was looked for.
    seen: u64,
    /// What guards have asked beyond the verdict, so that nothing is asked twice for one request.
    replies: Vec<(Question, Reply)>,
}

/// Whether the verdict is one of this very request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    Any,
    Live,
}

#[derive(Clone)]
enum State {
    Settled(Verdict),
    Lazy(Arc<Lazy>),
}

impl Checkpoint {
    /// `seen` is the count of its [watchers](Ask::watchers) from before the verdict was looked for.
    pub(crate) fn settled(asker: Arc<dyn Ask>, seen: u64, verdict: Verdict) -> Self {
        Self::new(asker, seen, State::Settled(verdict), Age::Any)
    }

    /// The verdict of a moment ago, in place of the one before.
    ///
    /// The request may show another credential by now: what was said about one user is not held true of another.
    pub(crate) fn renewed(&self, verdict: Verdict) -> Self {
        let replies = match (self.known(), &verdict) {
            (Some(Verdict::Active(old)), Verdict::Active(new)) if old.user.id == new.user.id => {
                self.replies.clone()
            }
            _ => Vec::new(),
        };
        Self {
            replies,
            ..Self::new(
                Arc::clone(&self.asker),
                self.seen,
                State::Settled(verdict),
                Age::Live,
            )
        }
    }

    fn new(asker: Arc<dyn Ask>, seen: u64, state: State, age: Age) -> Self {
        let replies = Vec::new();
        Self {
            asker,
            state,
            age,
            seen,
            replies,
        }
    }

    /// Holds what the request presents *now*: what a later layer does to its headers changes nothing.
    pub(crate) fn lazy(
        asker: Arc<dyn Ask>,
        seen: u64,
        known: Result<Verdict, Box<Inquiry>>,
    ) -> Self {
        let state = State::Lazy(Arc::new(Lazy::new(known)));
        Self::new(asker, seen, state, Age::Any)
    }

    /// Whether it was made by that handle.
    pub(crate) fn is_of(&self, asker: &Arc<impl Ask>) -> bool {
        ptr::addr_eq(Arc::as_ptr(&self.asker), Arc::as_ptr(asker))
    }

    /// The verdict, if it is known without asking.
    pub(crate) fn known(&self) -> Option<Verdict> {
        match &self.state {
            State::Settled(verdict) => Some(verdict.clone()),
            State::Lazy(lazy) => {
                lazy.consult();
                lazy.known().cloned()
            }
        }
    }

    /// The verdict, or the means to ask for it.
    pub(crate) fn known_or_open(&self) -> Result<Verdict, Self> {
        self.known().ok_or_else(|| self.clone())
    }

    /// The verdict; asks if nobody has asked yet.
    ///
    /// A caller that goes away while asking leaves the question to the next one.
    pub(crate) async fn verdict(&self) -> Verdict {
        match &self.state {
            State::Settled(verdict) => verdict.clone(),
            State::Lazy(lazy) => {
                lazy.consult();
                lazy.verdict(&*self.asker).await
            }
        }
    }

    pub(crate) fn asker(&self) -> Arc<dyn Ask> {
        Arc::clone(&self.asker)
    }

    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.asker.now()
    }

    /// Whether the verdict was asked for past every cache, for this request.
    pub(crate) fn is_live(&self) -> bool {
        self.age == Age::Live
    }

    pub(crate) fn reply(&self, question: &Question) -> Option<&Reply> {
        let (_, reply) = self.replies.iter().find(|(asked, _)| asked == question)?;
        Some(reply)
    }

    pub(crate) fn remember(&mut self, question: Question, reply: Reply) {
        self.replies.push((question, reply));
    }

    /// The question, where it is asked only on demand.
    pub(crate) fn question(&self) -> Option<Arc<Lazy>> {
        match &self.state {
            State::Settled(_) => None,
            State::Lazy(lazy) => Some(Arc::clone(lazy)),
        }
    }
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint").finish_non_exhaustive()
    }
}
