//! The second level, which the processes of a fleet share, as the rest of the crate sees it.

use std::{
    fmt,
    hash::Hasher,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use crate::{types::AuthSession, verdict::BoxFuture};

/// What is no longer true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invalidation<'a> {
    Session(&'a str),
    User(&'a str),
    Everything,
}

/// The name of a credential in the second level: a keyed hash that all processes with one secret agree about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SharedKey(pub(super) [u8; 32]);

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKey(…)")
    }
}

/// How far a process has heard the revocations of all: the generation across processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(super) millis: u64,
    pub(super) number: u64,
}

/// What the second level knows.
#[derive(Debug)]
pub(crate) enum Looked {
    /// A session, and how long ago the auth server said so.
    Found(Arc<AuthSession>, Duration),
    /// Nothing is there.
    Nothing,
    /// It was not looked, or what is there is not believed.
    Unknown,
}

/// An answer of the auth server's, to be kept for other processes.
pub(crate) struct Shareable<'a> {
    pub(crate) session: &'a Arc<AuthSession>,
    /// When the auth server was asked, and how far revocations had been heard by then.
    pub(crate) asked_at: SystemTime,
    pub(crate) born: Position,
    /// For how long it may still be believed.
    pub(crate) rest: Duration,
}

/// What is done where another process has made a revocation known.
pub(crate) type OnRevocation = dyn Fn(Invalidation<'_>) + Send + Sync;

/// Whether every process has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// Everywhere that it has to be known, which is here where no other process is told of anything.
    Everywhere,
    /// Only here so far. It is tried again until it succeeds.
    NotYet,
}

/// A cache and revocations that several processes share. None of it ever fails a check: what cannot be had is not known.
pub(crate) trait Shared: Send + Sync {
    /// The name of a credential, which `hash_into` writes down without running its parts together.
    fn key(&self, hash_into: &mut dyn FnMut(&mut dyn Hasher)) -> SharedKey;

    /// To be taken before the auth server is asked.
    fn position(&self) -> Position;

    /// A session that the auth server was asked about no longer than `oldest` ago.
    fn look(&self, key: SharedKey, oldest: Duration, date: SystemTime) -> BoxFuture<'_, Looked>;

    /// Keeps an answer, in the background.
    fn keep(&self, key: SharedKey, answer: Shareable<'_>);

    /// Takes an answer away, in the background.
    fn forget(&self, key: SharedKey);

    /// Tells every process, in the background. The future waits until that is done: for a short while, or for `patience`
    /// where that is longer.
    fn tell(&self, what: Invalidation<'_>, patience: Duration) -> BoxFuture<'static, Spread>;

    /// What to do when another process tells. To be set once, before anything else.
    fn on_revocation(&self, revoke: Box<OnRevocation>);

    /// How long ago other processes were last heard.
    fn silence(&self, now: Instant) -> Option<Duration>;
}
