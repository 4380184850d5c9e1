//! Sessions of connections that stay open: a WebSocket, server-sent events, a long stream.
//!
//! A request is checked once, when it comes. What stays open after that goes on though the user signs out, is banned, or the
//! session ends. A [`Lease`] goes on checking, and says when it is over.
//!
//! 1. It asks the auth server about every [minute](crate::defaults::LEASE_INTERVAL), past every cache, and never prolongs a
//!    session.
//! 2. It asks at once when this process revokes the session, or is [told](crate::guide::revocations) that it is revoked.
//! 3. It ends with the session's own time, without asking, unless a check has found a later end.
//! 4. An auth server that cannot be asked ends it only after a [time](crate::defaults::LEASE_OUTAGE).
//!
//! See the [guide](crate::guide::connections).

mod ended;
mod guarded;
mod open;
mod schedule;
#[cfg(feature = "ws")]
mod websocket;

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use self::schedule::{Due, Schedule};
pub use self::{ended::Ended, guarded::Guarded};
use crate::{
    chance::chance,
    observe,
    types::AuthSession,
    verdict::{Again, Ask, BoxFuture, Ring, Verdict, Watch},
};

/// Says when the session of an open connection is over. See the [module docs](self) for its rules.
///
/// Made by [`CurrentSession::lease`](crate::CurrentSession::lease) or [`BetterAuth::lease`](crate::BetterAuth::lease).
/// It does something only while it is polled: [wait](Self::ended) for it next to whatever the connection does, or let
/// it [guard](Self::guard) a stream.
///
/// # Security
///
/// It keeps the credential of the request in memory for as long as it lives, because it asks with it.
#[must_use = "a lease does nothing unless it is waited for"]
pub struct Lease {
    session: Arc<AuthSession>,
    /// `None` where there is nothing to ask with, and the lease over.
    again: Option<Again>,
    /// Made when it is first waited for.
    watch: Option<Watch>,
    schedule: Schedule,
    timer: Option<Pin<Box<Sleep>>>,
    check: Option<Check>,
    /// Rang while a check was under way, which may know nothing of it.
    rang: Option<Ring>,
    ended: Option<Ended>,
}

/// A check under way.
struct Check {
    asked: Instant,
    verdict: BoxFuture<'static, Verdict>,
}

impl Lease {
    fn new(session: &Arc<AuthSession>, again: Again) -> Self {
        let rest = rest(session, again.asker());
        Self {
            watch: Some(again.watch(session)),
            again: Some(again),
            ..Self::with(session, rest)
        }
    }

    /// One that nobody can be asked about any more.
    fn over(session: &Arc<AuthSession>) -> Self {
        Self {
            ended: Some(Ended::Unavailable),
            ..Self::with(session, Duration::ZERO)
        }
    }

    fn with(session: &Arc<AuthSession>, rest: Duration) -> Self {
        Self {
            session: Arc::clone(session),
            again: None,
            watch: None,
            schedule: Schedule::new(Instant::now(), rest, chance()),
            timer: None,
            check: None,
            rang: None,
            ended: None,
        }
    }

    /// How long it goes on before it asks again, a tenth more or less.
    ///
    /// For as long, a sign-out that nobody [tells](crate::BetterAuth::invalidate_session) this process of can go unnoticed.
    /// A session that ends sooner than twice that time is asked about earlier. At least a second. Defaults to 60 seconds.
    pub fn every(mut self, interval: Duration) -> Self {
        self.schedule.set_every(interval, Instant::now(), chance());
        self
    }

    /// How long the auth server may be unavailable before the lease is [over](Ended::Unavailable).
    ///
    /// Counted from the first check that failed, and until one is answered. Zero: the first that fails ends it. Whatever
    /// is set, the session's own end ends it as well. Defaults to 5 minutes.
    pub fn tolerate_outage(mut self, outage: Duration) -> Self {
        self.schedule.set_bears(outage);
        self
    }

    /// The session, as the last check found it.
    #[must_use]
    pub fn session(&self) -> &AuthSession {
        &self.session
    }

    /// Waits until it is over, and says why.
    ///
    /// # Panics
    ///
    /// When polled outside a Tokio runtime, or in one without a timer.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a check that is under way goes on meanwhile. After the end it says the same again.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_better_auth::{CurrentSession, lease::Ended};
    ///
    /// async fn count(session: CurrentSession) -> String {
    ///     let mut lease = session.lease();
    ///     let mut second = tokio::time::interval(std::time::Duration::from_secs(1));
    ///     for count in 0.. {
    ///         tokio::select! {
    ///             ended = lease.ended() => return format!("{count} seconds, then {ended}"),
    ///             _ = second.tick() => {}
    ///         }
    ///     }
    ///     unreachable!("nobody lives that long")
    /// }
    /// ```
    pub fn ended(&mut self) -> impl Future<Output = Ended> + Send + '_ {
        poll_fn(|cx| self.poll_ended(cx))
    }

    /// Lets a stream go on until the lease is over, and then ends it: for server-sent events.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use axum::response::sse::{Event, Sse};
    /// use futures_util::{Stream, stream};
    /// use tower_better_auth::CurrentSession;
    ///
    /// async fn news(session: CurrentSession) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    ///     let news = stream::pending();
    ///     Sse::new(session.lease().guard(news))
    /// }
    /// # let _ = axum::Router::<()>::new().route("/", axum::routing::get(news));
    /// ```
    pub fn guard<S>(self, stream: S) -> Guarded<S> {
        Guarded::new(self, stream)
    }

    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        loop {
            if let Some(ended) = self.ended {
                return Poll::Ready(ended);
            }
            let now = Instant::now();
            if let Some(Poll::Ready(ring)) = self.watch.as_ref().map(|watch| watch.poll_rung(cx)) {
                self.rang = self.rang.max(Some(ring));
            }
            // A check under way is let finish: where many revoke at once, none would.
            if self.check.is_none()
                && let Some(ring) = self.rang.take()
            {
                self.schedule.hurry(now, ring == Ring::ForAll, chance());
            }
            match self.schedule.due(now) {
                Due::End => self.end(Ended::Expired),
                Due::Check if self.check.is_none() => {
                    self.check = self.again.as_ref().map(|again| Check {
                        asked: now,
                        verdict: again.ask_now(),
                    });
                }
                Due::Check | Due::Nothing => match self.poll_check(cx) {
                    Some((verdict, asked)) => self.heard(verdict, asked),
                    None if self.poll_timer(cx).is_pending() => return Poll::Pending,
                    None => {}
                },
            }
        }
    }

    /// The verdict, and when it was asked for.
    fn poll_check(&mut self, cx: &mut Context<'_>) -> Option<(Verdict, Instant)> {
        let Check { asked, verdict } = self.check.as_mut()?;
        match verdict.as_mut().poll(cx) {
            Poll::Ready(verdict) => {
                let heard = (verdict, *asked);
                self.check = None;
                Some(heard)
            }
            Poll::Pending => None,
        }
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let next = self.schedule.next(self.check.is_some());
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(next)));
        if timer.deadline() != next {
            timer.as_mut().reset(next);
        }
        timer.as_mut().poll(cx)
    }

    fn heard(&mut self, verdict: Verdict, asked: Instant) {
        match (verdict, &self.again) {
            (Verdict::Active(session), Some(again)) => {
                let rest = rest(&session, again.asker());
                self.session = session;
                let now = Instant::now();
                self.schedule.goes_on(asked, now, rest, chance());
            }
            (Verdict::Unavailable { .. }, Some(_)) => {
                if !self.schedule.bears(Instant::now(), chance()) {
                    self.end(Ended::Unavailable);
                }
            }
            (Verdict::Banned(_), _) => self.end(Ended::Banned),
            (Verdict::SignedOut | Verdict::Anonymous, Some(again))
                if rest(&self.session, again.asker()).is_zero() =>
            {
                self.end(Ended::Expired);
            }
            _ => self.end(Ended::SignedOut),
        }
    }

    /// Lets go of the credential as well.
    fn end(&mut self, ended: Ended) {
        observe::lease_ended(ended.reason());
        self.ended = Some(ended);
        (self.again, self.watch, self.check, self.timer) = (None, None, None, None);
    }
}

/// How long a session goes on.
fn rest(session: &AuthSession, asker: &dyn Ask) -> Duration {
    let expires_at = session.session.expires_at;
    expires_at.duration_since(asker.now()).unwrap_or_default()
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
