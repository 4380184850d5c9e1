//! One check: whether to call at all, how often, and for how long.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, header};
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    Answer, Decoder, Questions, Transport,
    breaker::{Breaker, BreakerPolicy, BreakerState, Outcome, Permit},
    classify::{ApiKey, classify},
    error::{Cause, Unavailable},
    lanes::{Lane, Lanes},
    pause::Pause,
    reply::read_reply,
    retry::Retries,
};
use crate::{
    credential::{Companions, Credential},
    question::{Question, Replied},
    verdict::BoxFuture,
};

/// Asks one auth server.
pub(crate) struct Client {
    pub(super) questions: Questions,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) decoder: Decoder,
    pub(super) limits: Limits,
    breaker: Option<Arc<Breaker>>,
    retries: Retries,
    lanes: Lanes,
    /// One for each of the server's counters: it counts by path.
    session_pause: Pause,
    question_pause: Pause,
    last_answer: Mutex<Option<Instant>>,
}

/// How it stands with the server.
pub(crate) struct Contact {
    pub(crate) breaker: BreakerState,
    pub(crate) paused_for: Option<Duration>,
    pub(crate) last: Option<Duration>,
}

/// What a check may cost.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// For the whole check: waiting, connect, headers, body and retries.
    pub(crate) deadline: Duration,
    /// The most bytes of a body that are read.
    pub(crate) max_body: usize,
    /// The most calls at once.
    pub(crate) max_concurrency: usize,
    pub(crate) retries: u32,
    pub(crate) breaker: Option<BreakerPolicy>,
}

impl Client {
    pub(crate) fn new(
        questions: Questions,
        transport: Arc<dyn Transport>,
        decoder: Decoder,
        limits: Limits,
    ) -> Self {
        Self {
            questions,
            transport,
            decoder,
            breaker: limits.breaker.clone().map(Breaker::new),
            retries: Retries::new(limits.retries),
            lanes: Lanes::new(limits.max_concurrency),
            session_pause: Pause::default(),
            question_pause: Pause::default(),
            last_answer: Mutex::default(),
            limits,
        }
    }

    /// Asks who it is.
    pub(crate) async fn ask(
        &self,
        credential: &Credential,
        companions: &Companions,
        lane: Lane,
    ) -> Result<Answer, Unavailable> {
        let request = self.questions.session(credential, companions);
        self.ask_with(request, credential, companions, lane).await
    }

    /// Asks who it is at this moment, past the cookie cache.
    pub(crate) async fn ask_now(
        &self,
        credential: &Credential,
        companions: &Companions,
        lane: Lane,
    ) -> Result<Answer, Unavailable> {
        let request = self.questions.session_now(credential, companions);
        self.ask_with(request, credential, companions, lane).await
    }

    async fn ask_with(
        &self,
        request: Request<Bytes>,
        credential: &Credential,
        companions: &Companions,
        lane: Lane,
    ) -> Result<Answer, Unavailable> {
        let api_key = match credential.api_key {
            Some(_) => ApiKey::Sent,
            None => ApiKey::NotSent,
        };
        let read = |response: Response<Bytes>| {
            let (head, body) = response.into_parts();
            classify(head.status, &head.headers, &body, &self.decoder, api_key)
        };
        let pause = &self.session_pause;
        self.call(request, companions, lane, pause, read).await
    }

    pub(crate) async fn ask_about(
        &self,
        question: &Question,
        credential: &Credential,
        companions: &Companions,
        lane: Lane,
    ) -> Result<Replied, Unavailable> {
        let request = self.questions.about(question, credential, companions)?;
        let read = |response: Response<Bytes>| {
            let (head, body) = response.into_parts();
            let reply = read_reply(question, head.status, &head.headers, &body)?;
            let set_cookies = head.headers.get_all(header::SET_COOKIE).iter().cloned();
            Ok(Replied {
                reply,
                set_cookies: set_cookies.collect(),
            })
        };
        let pause = &self.question_pause;
        self.call(request, companions, lane, pause, read).await
    }

    async fn call<T>(
        &self,
        request: Request<Bytes>,
        companions: &Companions,
        lane: Lane,
        pause: &Pause,
        read: impl Fn(Response<Bytes>) -> Result<T, Unavailable>,
    ) -> Result<T, Unavailable> {
        let permit = self.admit(pause, Instant::now())?;
        let result = self.within_deadline(request, lane, read).await;
        let now = Instant::now();
        if let Some(permit) = permit {
            let outcome = result
                .as_ref()
                .map_or_else(|error| error.cause.outcome(), |_| Outcome::Succeeded);
            permit.settle(outcome, now);
        }
        if result.is_ok() {
            *self
                .last_answer
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(now);
        }
        if let Some(wait) = result
            .as_ref()
            .err()
            .and_then(|error| pause_after(error, companions))
        {
            pause.begin(wait, now);
        }
        result
    }

    pub(crate) fn contact(&self, now: Instant) -> Contact {
        let last = *self
            .last_answer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let breaker = self.breaker.as_ref();
        Contact {
            breaker: breaker.map_or(BreakerState::Closed, |breaker| breaker.state(now)),
            paused_for: self.session_pause.rest(now),
            last: last.map(|last| now.saturating_duration_since(last)),
        }
    }

    /// Whether a call may be made at this moment.
    fn admit(&self, pause: &Pause, now: Instant) -> Result<Option<Permit>, Unavailable> {
        if let Some(rest) = pause.rest(now) {
            return Err(Unavailable::until(Cause::Paused, rest));
        }
        match &self.breaker {
            None => Ok(None),
            Some(breaker) => match breaker.admit(now) {
                Ok(permit) => Ok(Some(permit)),
                Err(rest) => Err(Unavailable::until(Cause::BreakerOpen, rest)),
            },
        }
    }

    async fn within_deadline<T>(
        &self,
        request: Request<Bytes>,
        lane: Lane,
        read: impl Fn(Response<Bytes>) -> Result<T, Unavailable>,
    ) -> Result<T, Unavailable> {
        let deadline = self.limits.deadline;
        let end = Instant::now() + deadline;
        let Ok(place) = timeout_at(end, self.lanes.enter(lane)).await else {
            return Err(Cause::Busy(deadline).into());
        };
        let result = timeout_at(end, self.attempts(&request, read)).await;
        drop(place);
        result.unwrap_or_else(|_| Err(Cause::Deadline(deadline).into()))
    }

    async fn attempts<T>(
        &self,
        request: &Request<Bytes>,
        read: impl Fn(Response<Bytes>) -> Result<T, Unavailable>,
    ) -> Result<T, Unavailable> {
        self.retries.begin();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let exchange = self
                .transport
                .exchange(request.clone(), self.limits.max_body);
            let response = or_panicked(exchange).await;
            let result = response.map_err(Unavailable::from).and_then(&read);
            let Err(unavailable) = &result else {
                return result;
            };
            match self.retries.next(attempts, &unavailable.cause) {
                Some(wait) => sleep(wait).await,
                None => return result,
            }
        }
    }
}

/// A transport that panics is one that failed: whoever waits is answered, whichever task carries the call.
pub(super) async fn or_panicked<T>(
    mut exchange: BoxFuture<'_, Result<T, Cause>>,
) -> Result<T, Cause> {
    poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| exchange.as_mut().poll(cx)))
            .unwrap_or(Poll::Ready(Err(Cause::Panicked)))
    })
    .await
}

/// After a 429 that names a time, nobody asks until then. One that counts by the client's address is about that client
/// alone.
fn pause_after(unavailable: &Unavailable, companions: &Companions) -> Option<Duration> {
    let is_about_everybody = unavailable.is_rate_limit() && companions.client_ip.is_none();
    unavailable.retry_after.filter(|_| is_about_everybody)
}
