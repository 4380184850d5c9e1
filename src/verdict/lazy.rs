//! A question that is asked when somebody wants the answer, and at most once.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::OnceCell;

use super::{Ask, Heard, Verdict};
use crate::{cookie::SetCookies, credential::Inquiry, question::Refresh};

/// The verdict of one request, or what there is to ask with.
pub(crate) struct Lazy {
    answer: Answer,
    is_consulted: AtomicBool,
    /// Whether the response has left the layer, which could tell the browser nothing any more.
    is_answered: AtomicBool,
}

enum Answer {
    /// Nobody has to be asked.
    Known(Verdict),
    Open {
        inquiry: Box<Inquiry>,
        heard: OnceCell<Heard>,
    },
}

impl Lazy {
    pub(super) fn new(known: Result<Verdict, Box<Inquiry>>) -> Self {
        let answer = match known {
            Ok(verdict) => Answer::Known(verdict),
            Err(inquiry) => Answer::Open {
                inquiry,
                heard: OnceCell::new(),
            },
        };
        Self {
            answer,
            is_consulted: AtomicBool::new(false),
            is_answered: AtomicBool::new(false),
        }
    }

    pub(super) fn consult(&self) {
        self.is_consulted.store(true, Ordering::Relaxed);
    }

    /// Whether anybody wanted the verdict, so that the response depends on it.
    pub(crate) fn is_consulted(&self) -> bool {
        self.is_consulted.load(Ordering::Relaxed)
    }

    /// Whether somebody is known to be signed in.
    pub(crate) fn is_signed_in(&self) -> bool {
        matches!(self.known(), Some(Verdict::Active(_)))
    }

    pub(super) fn known(&self) -> Option<&Verdict> {
        match &self.answer {
            Answer::Known(verdict) => Some(verdict),
            Answer::Open { heard, .. } => heard.get().map(|heard| &heard.verdict),
        }
    }

    pub(super) async fn verdict(&self, asker: &dyn Ask) -> Verdict {
        match &self.answer {
            Answer::Known(verdict) => verdict.clone(),
            Answer::Open { inquiry, heard } => {
                let ask = || asker.ask(inquiry, self.refresh());
                heard.get_or_init(ask).await.verdict.clone()
            }
        }
    }

    /// The cookies that came with the verdict, for the response that leaves now.
    pub(crate) fn answered(&self) -> SetCookies {
        self.is_answered.store(true, Ordering::Relaxed);
        match &self.answer {
            Answer::Open { heard, .. } => heard.get().map(|heard| heard.set_cookies.clone()),
            Answer::Known(_) => None,
        }
        .unwrap_or_default()
    }

    fn refresh(&self) -> Refresh {
        if self.is_answered.load(Ordering::Relaxed) {
            Refresh::Never
        } else {
            Refresh::WhenDue
        }
    }
}
