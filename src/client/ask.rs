//! One check: whether to call at all, and what follows from how it went.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use tokio::time::Instant;
use tracing::Instrument;

use super::{
    Answer, CookieCache, Decoder, Questions, Transport,
    attempts::Progress,
    breaker::{Breaker, BreakerPolicy, BreakerState, Outcome, Permit},
    classify::{ApiKey, classify},
    error::{Asked, Cause, Unavailable},
    lanes::{Lane, Lanes},
    pause::Pause,
    reply::read_reply,
    retry::Retries,
};
use crate::{
    credential::{Companions, Credential},
    observe::{self, Call},
    question::{Question, Refresh, Reply},
};

/// Asks one auth server.
pub(crate) struct Client {
    pub(super) questions: Questions,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) decoder: Decoder,
    pub(super) limits: Limits,
    breaker: Option<Arc<Breaker>>,
    pub(super) retries: Retries,
    pub(super) lanes: Lanes,
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

/// What the auth server was heard to say.
pub(crate) struct Told<T> {
    pub(crate) answer: Result<T, Unavailable>,
    /// Of its last answer, also of one that is not believed.
    pub(crate) status: Option<StatusCode>,
    /// The lines of that answer, whatever they say.
    pub(crate) set_cookies: Vec<HeaderValue>,
}

impl<T> Told<T> {
    pub(crate) fn nothing(why: Unavailable) -> Self {
        Self {
            answer: Err(why),
            status: None,
            set_cookies: Vec::new(),
        }
    }
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
        refresh: Refresh,
        lane: Lane,
    ) -> Told<Answer> {
        let request = self.questions.session(credential, companions, refresh);
        self.ask_with(request, credential, companions, lane).await
    }

    /// Asks who it is at this moment, past the cookie cache.
    pub(crate) async fn ask_now(
        &self,
        credential: &Credential,
        companions: &Companions,
        lane: Lane,
    ) -> Told<Answer> {
        let request = self.questions.session_now(credential, companions);
        self.ask_with(request, credential, companions, lane).await
    }

    async fn ask_with(
        &self,
        request: Request<Bytes>,
        credential: &Credential,
        companions: &Companions,
        lane: Lane,
    ) -> Told<Answer> {
        let api_key = match credential.api_key {
            Some(_) => ApiKey::Sent,
            None => ApiKey::NotSent,
        };
        let read = |response: Response<Bytes>| {
            let (head, body) = response.into_parts();
            classify(head.status, &head.headers, &body, &self.decoder, api_key)
        };
        self.call(Asked::Session, request, companions, lane, read)
            .await
    }

    pub(crate) async fn ask_about(
        &self,
        question: &Question,
        credential: &Credential,
        companions: &Companions,
        lane: Lane,
    ) -> Told<Reply> {
        let request = match self.questions.about(question, credential, companions) {
            Ok(request) => request,
            Err(invalid) => return Told::nothing(invalid.into()),
        };
        let read = |response: Response<Bytes>| {
            let (head, body) = response.into_parts();
            read_reply(question, head.status, &head.headers, &body)
        };
        let asked = Asked::about(question);
        self.call(asked, request, companions, lane, read).await
    }

    /// Makes the call, and says what became of it to whoever watches.
    pub(super) async fn call<T>(
        &self,
        asked: Asked,
        request: Request<Bytes>,
        companions: &Companions,
        lane: Lane,
        read: impl Fn(Response<Bytes>) -> Result<T, Unavailable>,
    ) -> Told<T> {
        let call = Call::begin(asked.name());
        let mut progress = Progress::default();
        let answer = self
            .call_if_admitted(asked, request, companions, lane, read, &mut progress)
            .instrument(call.span())
            .await;
        let cause = answer.as_ref().err().map(|error| error.cause.name());
        call.end(progress.status, progress.attempts, cause);
        if observe::has_metrics() {
            observe::breaker(self.contact(Instant::now()).breaker.level());
        }
        Told {
            answer,
            status: progress.status,
            set_cookies: progress.set_cookies,
        }
    }

    async fn call_if_admitted<T>(
        &self,
        asked: Asked,
        request: Request<Bytes>,
        companions: &Companions,
        lane: Lane,
        read: impl Fn(Response<Bytes>) -> Result<T, Unavailable>,
        progress: &mut Progress,
    ) -> Result<T, Unavailable> {
        let cookie_cache = CookieCache::sent_with(&request);
        let pause = self.pause(asked, companions);
        let permit = self.admit(pause, Instant::now())?;
        let result = self.within_deadline(request, lane, read, progress).await;
        let now = Instant::now();
        if let Some(permit) = permit {
            let outcome = result.as_ref().map_or_else(
                |error| error.cause.outcome(asked, cookie_cache),
                |_| Outcome::Succeeded,
            );
            permit.settle(outcome, now);
        }
        if result.is_ok() {
            *self
                .last_answer
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(now);
        }
        if let (Some(pause), Some(wait)) = (pause, result.as_ref().err().and_then(pause_after)) {
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

    /// What a 429 to this call is about, and stops: calls to that path which name no client. One that names a client is
    /// counted as that client's.
    ///
    /// People ask for their devices now and then, and each of those paths has a counter of its own: one that is full says
    /// nothing about the others.
    fn pause(&self, asked: Asked, companions: &Companions) -> Option<&Pause> {
        let pause = match asked {
            Asked::Session => Some(&self.session_pause),
            Asked::MemberRole | Asked::Permission => Some(&self.question_pause),
            Asked::Sessions | Asked::Revocation | Asked::SignOut => None,
        };
        pause.filter(|_| companions.client_ip.is_none())
    }

    /// Whether a call may be made at this moment.
    fn admit(&self, pause: Option<&Pause>, now: Instant) -> Result<Option<Permit>, Unavailable> {
        if let Some(rest) = pause.and_then(|pause| pause.rest(now)) {
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
}

/// After a 429 that names a time, nobody asks until then.
fn pause_after(unavailable: &Unavailable) -> Option<Duration> {
    unavailable
        .retry_after
        .filter(|_| unavailable.is_rate_limit())
}
