//! The validator and its reference, side by side.

use std::{fmt, future::pending, sync::Arc, task::Poll};

use bytes::Bytes;
use http::{Extensions, Response};
use tokio::sync::oneshot;

use super::{
    dice::Dice,
    reference::Reference,
    server::{self, Server},
    setup::{client, headers, policy, seconds},
    terms::{Answer, CallId, Credential, DEADLINE, Expected, Kind, Stage, TTL, user_of},
    witness::poll,
};
use crate::{
    cache::{Cache, SessionCache, Trust},
    client::Transport,
    clock::Clock,
    question::Refresh,
    validate::{Invalidation, Validator},
    verdict::{Ask, BoxFuture, Verdict},
};

/// Browsers at once; each signs in anew now and then.
const BROWSERS: usize = 5;
const WAITING: usize = 12;

pub(super) struct Episode {
    pub(super) validator: Arc<Validator>,
    pub(super) server: Arc<Server>,
    pub(super) reference: Reference,
    pub(super) places: usize,
    /// The credential of each browser; one of them is made up.
    pub(super) browsers: Vec<Credential>,
    /// Whether the session of each credential is there at the server.
    pub(super) sessions: Vec<bool>,
    pub(super) held: Vec<Held>,
    pub(super) waiting: Vec<Waiting>,
    pub(super) requests: usize,
    pub(super) is_told: bool,
}

/// A call that has arrived, and what the server has made up its mind to say.
pub(super) struct Held {
    pub(super) call: CallId,
    pub(super) decided: Option<Answer>,
    pub(super) answer: oneshot::Sender<Response<Bytes>>,
}

pub(super) struct Waiting {
    pub(super) request: usize,
    pub(super) credential: Credential,
    pub(super) call: CallId,
    /// What lay behind when it came.
    pub(super) past: u64,
    pub(super) verdict: BoxFuture<'static, Verdict>,
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {} of {}", self.request, self.credential)
    }
}

impl Episode {
    pub(super) fn new(dice: &mut Dice, is_told: bool) -> Self {
        let server = Arc::new(Server::default());
        let places = dice.one_of(&[1, 2, 3, 4, 64]);
        let has_breaker = !dice.one_in(4);
        let trust = dice.one_of(&[Trust::ForAMoment, Trust::ForAMoment, Trust::Never]);
        let has_cache = !dice.one_in(4);
        let mut reference = Reference::default();
        reference.has_cache = has_cache;
        reference.keeps_signed_out = trust == Trust::ForAMoment;
        reference.order.has_breaker = has_breaker;
        let transport: Arc<dyn Transport> = Arc::<Server>::clone(&server);
        let cache = has_cache.then(|| {
            let policy = Cache::ttl(seconds(TTL)).capacity(1000);
            SessionCache::new(policy, seconds(DEADLINE), trust).with_spread(|| 0.0)
        });
        let client = client(transport, places, has_breaker);
        let validator = Validator::new(policy(), None, client, cache, Clock::System, seconds(1));
        Self {
            validator: Arc::new(validator),
            server,
            reference,
            places,
            browsers: (0..BROWSERS).collect(),
            sessions: (0..BROWSERS).map(|browser| browser > 0).collect(),
            held: Vec::new(),
            waiting: Vec::new(),
            requests: 0,
            is_told,
        }
    }

    pub(super) async fn step(&mut self, dice: &mut Dice) {
        match dice.below(100) {
            0..34 => self.request(dice),
            34..41 => self.live(dice),
            41..48 => self.hang_up(dice),
            48..56 => self.decide(dice),
            56..76 => self.deliver(dice),
            76..78 => self.invalidate(dice),
            78..80 => self.revoke(dice),
            80..83 => self.sign_in(dice),
            83 if dice.one_in(3) => self.pass(dice.below(30) as u64).await,
            _ => self.pass(1).await,
        }
        self.settle().await;
        if self.waiting.len() > WAITING {
            self.drop_waiting(0);
            self.settle().await;
        }
    }

    pub(super) fn tell(&self, step: impl FnOnce() -> String) {
        if self.is_told {
            eprintln!("{:>4} {}", self.reference.now, step());
        }
    }

    fn browser(&self, dice: &mut Dice) -> Credential {
        dice.one_of(&self.browsers)
    }

    fn request(&mut self, dice: &mut Dice) {
        let credential = self.browser(dice);
        let request = self.next_request();
        let past = self.reference.past(credential);
        let expected = self.reference.request(credential, request);
        self.tell(|| format!("request {request} of {credential}: {expected:?}"));
        let headers = headers(credential, request);
        let found = self.validator.look(&headers, &Extensions::new());
        let validator = Arc::clone(&self.validator);
        let waiting = |call, verdict| Waiting {
            request,
            credential,
            call,
            past,
            verdict,
        };
        match (found, expected) {
            (Ok(verdict), Expected::Now(expected)) => {
                self.check(&waiting(0, Box::pin(pending())), &verdict, expected);
            }
            (Err(inquiry), Expected::With(call)) => {
                let verdict = async move { validator.ask(&inquiry, Refresh::Never).await.verdict };
                self.wait(waiting(call, Box::pin(verdict)));
            }
            (found, expected) => {
                let verdict = found.ok();
                panic!("request {request} found {verdict:?} in place of {expected:?}");
            }
        }
    }

    fn live(&mut self, dice: &mut Dice) {
        let credential = self.browser(dice);
        let request = self.next_request();
        let past = self.reference.past(credential);
        let call = self.reference.live(credential, request);
        self.tell(|| format!("live check {request} of {credential}: call {call}"));
        let inquiry = self
            .validator
            .inquire(&headers(credential, request), &Extensions::new());
        let validator = Arc::clone(&self.validator);
        self.wait(Waiting {
            request,
            credential,
            call,
            past,
            verdict: Box::pin(async move { validator.ask_now(&inquiry).await }),
        });
    }

    fn next_request(&mut self) -> usize {
        self.requests += 1;
        self.requests
    }

    fn wait(&mut self, mut waiting: Waiting) {
        match poll(&mut waiting.verdict) {
            Poll::Pending => self.waiting.push(waiting),
            Poll::Ready(verdict) => self.look_at(vec![(waiting, verdict)]),
        }
    }

    fn hang_up(&mut self, dice: &mut Dice) {
        if !self.waiting.is_empty() {
            let index = dice.below(self.waiting.len());
            self.drop_waiting(index);
        }
    }

    fn drop_waiting(&mut self, index: usize) {
        let waiting = self.waiting.swap_remove(index);
        self.tell(|| format!("request {} hangs up", waiting.request));
        if self.reference.calls[waiting.call].kind == Kind::Live {
            self.reference.give_up(waiting.call);
        }
    }

    /// The server makes up its mind about a call, by what is true at this moment.
    fn decide(&mut self, dice: &mut Dice) {
        if self.held.is_empty() {
            return;
        }
        let index = dice.below(self.held.len());
        let credential = self.reference.calls[self.held[index].call].credential;
        let answer = match dice.below(10) {
            0 => Answer::Fault,
            1 if dice.one_in(2) => Answer::Nonsense,
            1 if dice.one_in(4) => Answer::LeaveMeAlone {
                seconds: 1 + dice.below(4) as u64,
            },
            2 if dice.one_in(4) => Answer::Over,
            _ if !self.sessions[credential] => Answer::SignedOut,
            _ => Answer::Active {
                rest: dice.one_of(&[3600, 3600, 3600, 12, 4]),
            },
        };
        if self.held[index].decided.is_none() {
            let call = self.held[index].call;
            self.tell(|| format!("the server decides on call {call}: {answer:?}"));
            self.held[index].decided = Some(answer);
        }
    }

    fn deliver(&mut self, dice: &mut Dice) {
        if self.held.is_empty() {
            return;
        }
        let index = dice.below(self.held.len());
        if self.held[index].decided.is_none() {
            return self.decide(dice);
        }
        let held = self.held.swap_remove(index);
        let Some(answer) = held.decided else { return };
        self.tell(|| format!("call {} is answered: {answer:?}", held.call));
        let call = &self.reference.calls[held.call];
        let response = server::response(answer, call.credential, held.call);
        if held.answer.send(response).is_ok() {
            self.reference.answer(held.call, answer);
        } else {
            assert!(matches!(call.stage, Stage::Over(_)));
        }
    }

    fn invalidate(&mut self, dice: &mut Dice) {
        let credential = self.browser(dice);
        match dice.below(5) {
            0 => {
                self.tell(|| "invalidate all".to_owned());
                self.reference.invalidate_all();
                drop(self.validator.invalidate(&Invalidation::Everything));
            }
            1 | 2 => {
                let user = user_of(credential);
                self.tell(|| format!("invalidate user {user}"));
                self.reference.invalidate_user(user);
                let id = format!("u{user}");
                drop(self.validator.invalidate(&Invalidation::User(&id)));
            }
            _ => {
                self.tell(|| format!("invalidate session {credential}"));
                self.reference.invalidate_session(credential);
                let id = format!("s{credential}");
                drop(self.validator.invalidate(&Invalidation::Session(&id)));
            }
        }
    }

    fn revoke(&mut self, dice: &mut Dice) {
        let credential = self.browser(dice);
        self.tell(|| format!("{credential} is revoked at the server"));
        self.sessions[credential] = false;
    }

    /// A browser whose session is gone gets a new one.
    fn sign_in(&mut self, dice: &mut Dice) {
        let browser = 1 + dice.below(BROWSERS - 1);
        if !self.sessions[self.browsers[browser]] {
            self.browsers[browser] = self.sessions.len();
            self.sessions.push(true);
        }
    }
}
