//! Passing a request on, and forgetting what it changed.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, request::Parts};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::{
    Proxy,
    evict::{Caller, Change, Eviction, Outcome},
    places::{Place, Waiting},
};
use crate::{
    client::{Cause, Lost, Sent, StreamBody},
    verdict::Verdict,
};

/// A request that is ready to go.
pub(super) struct Passing {
    pub(super) request: Request<StreamBody>,
    pub(super) waiting: Waiting,
    /// When its answer has to have begun.
    pub(super) end: Instant,
    pub(super) change: Change,
    /// Its body, where that names somebody.
    pub(super) read: Bytes,
    pub(super) has_other_accounts: bool,
}

/// Why there is no answer to hand on.
pub(super) enum Unanswered {
    Lost(Lost),
    /// It cannot be found out whose sessions it ends. It was not sent; the check has said why in the log.
    Unidentified {
        retry_after: Duration,
    },
}

impl From<Lost> for Unanswered {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

impl Proxy {
    /// Passes a request on. One that changes sessions is carried by a task of its own, within its deadline: a client that
    /// hangs up in the meantime has signed out all the same.
    pub(super) async fn pass(
        &self,
        passing: Passing,
        head: Parts,
    ) -> Result<Response<StreamBody>, Unanswered> {
        if passing.change == Change::Nothing {
            let exchange = self.exchange(passing.request, passing.waiting, passing.end);
            return Ok(exchange.await?);
        }
        let proxy = self.clone();
        let carried = async move {
            let caller = proxy.caller(passing.change, &head, passing.end).await?;
            drop(head);
            proxy.forget(&passing.change.beforehand(&caller)).await;
            Ok(proxy.exchange_and_evict(passing, &caller).await?)
        };
        let carried = tokio::spawn(carried.in_current_span());
        carried.await.unwrap_or_else(|_| {
            let (cause, sent) = (Cause::Panicked, Sent::Maybe);
            Err(Lost { cause, sent }.into())
        })
    }

    async fn exchange_and_evict(
        &self,
        passing: Passing,
        caller: &Caller,
    ) -> Result<Response<StreamBody>, Lost> {
        let method = passing.request.method().clone();
        let result = self
            .exchange(passing.request, passing.waiting, passing.end)
            .await;
        let outcome = match &result {
            Ok(response) => Outcome::of(&method, response.status()),
            Err(lost) if lost.sent == Sent::No => Outcome::NotDone,
            Err(_) => Outcome::Unknown,
        };
        if outcome != Outcome::NotDone {
            self.auth.validator().leave_calls();
        }
        let eviction =
            passing
                .change
                .afterwards(caller, outcome, &passing.read, passing.has_other_accounts);
        // For the audit trail, what may have been done was not.
        if passing.change == Change::Caller || outcome == Outcome::Unknown {
            self.forget(&eviction).await;
        } else {
            self.revoke(&eviction).await;
        }
        result
    }

    async fn exchange(
        &self,
        request: Request<StreamBody>,
        waiting: Waiting,
        end: Instant,
    ) -> Result<Response<StreamBody>, Lost> {
        let place = self.place(waiting, end).await.map_err(|cause| {
            let sent = Sent::No;
            Lost { cause, sent }
        })?;
        let validator = self.auth.validator();
        let answer = timeout_at(end, validator.client().forward(request)).await;
        drop(place);
        let (cause, sent) = match answer {
            // Nobody has asked for another protocol; and what went wrong over there can name the address of its database.
            Ok(Ok(response)) if is_no_answer(response.status()) => {
                (Cause::Status(response.status()), Sent::Maybe)
            }
            Ok(result) => return result,
            Err(_) => (Cause::Deadline(self.settings.deadline), Sent::Maybe),
        };
        Err(Lost { cause, sent })
    }

    async fn place(&self, waiting: Waiting, end: Instant) -> Result<Place, Cause> {
        match timeout_at(end, self.places.enter(waiting)).await {
            Ok(place) => place.ok_or(Cause::Crowded),
            Err(_) => Err(Cause::Busy(self.settings.deadline)),
        }
    }

    /// Whose session it is, or ends. Has to be known before the auth server has ended it; where there is nothing to forget and no
    /// lease to end, nobody is asked.
    async fn caller(
        &self,
        change: Change,
        head: &Parts,
        end: Instant,
    ) -> Result<Caller, Unanswered> {
        let validator = self.auth.validator();
        if !validator.has_cache() && !validator.has_leases() {
            return Ok(Caller::Unknown);
        }
        let identified = validator.identify(&head.headers, &head.extensions);
        let verdict = timeout_at(end, identified).await.map_err(|_| Lost {
            cause: Cause::Deadline(self.settings.deadline),
            sent: Sent::No,
        })?;
        Ok(match verdict {
            Verdict::Active(session) | Verdict::Banned(session) => Caller::Known {
                session: session.session.id.clone(),
                user: session.user.id.clone(),
            },
            Verdict::Unavailable { retry_after } if change.waits_for_the_caller() => {
                return Err(Unanswered::Unidentified { retry_after });
            }
            Verdict::SignedOut | Verdict::Anonymous | Verdict::Unavailable { .. } => {
                Caller::Unknown
            }
        })
    }

    /// Without a word to the audit trail: nothing need have been revoked.
    async fn forget(&self, eviction: &Eviction) {
        if let Some(what) = eviction.invalidation() {
            self.auth.validator().forget(&what).await;
        }
    }

    async fn revoke(&self, eviction: &Eviction) {
        if let Some(what) = eviction.invalidation() {
            self.auth.validator().invalidate(&what).await;
        }
    }
}

fn is_no_answer(status: StatusCode) -> bool {
    status.is_informational() || status.is_server_error()
}
