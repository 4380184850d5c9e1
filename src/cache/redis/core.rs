//! What requests and tasks of one handle share.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::RedisError;
use tokio::{sync::Semaphore, time::Instant};

use super::{
    connection::{Link, Server},
    marks::Marks,
    message::{Message, What},
    outbox::Outbox,
    plan::{Plan, Scope},
    seal::{Seals, VERSION},
};
use crate::{
    cache::{Hearing, Invalidation, Position, SharedKey, shared::OnRevocation},
    observe::{self, Throttles},
};

/// Marks are kept for longer than anything can be older than, by this much: clocks do not run alike.
pub(super) const SLACK: Duration = Duration::from_secs(60);

/// The most that a process waits for others in one go, so that it soon notices when it cannot hear them.
const TURN: Duration = Duration::from_millis(250);

/// For how long nobody looks after a look that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// The most writes under way. What finds no place is not shared.
const WRITES: usize = 64;

pub(super) struct Core {
    pub(super) server: Server,
    pub(super) seals: Seals,
    /// Where revocations stand.
    pub(super) stream: String,
    /// Written to find out whether Redis takes writes.
    pub(super) probe: String,
    entries: String,
    /// Made up by this process.
    pub(super) origin: u64,
    pub(super) hearing: Arc<Hearing>,
    listening: Mutex<Listening>,
    pub(super) outbox: Outbox,
    link: Mutex<Option<Link>>,
    is_suspect: AtomicBool,
    paused_until: Mutex<Option<Instant>>,
    pub(super) writes: Arc<Semaphore>,
    pub(super) on_revocation: OnceLock<Box<OnRevocation>>,
    pub(super) timeout: Duration,
    /// How long a revocation can matter.
    pub(super) keep: Duration,
    /// How long one waits for others in one go.
    pub(super) turn: Duration,
    warnings: Throttles,
}

/// What was heard.
#[derive(Default)]
pub(super) struct Listening {
    pub(super) marks: Marks,
    /// How far the stream was read; `None` when it has to be read from its beginning.
    pub(super) cursor: Option<Position>,
    /// The first entry that was read: what stood before it nobody knows.
    pub(super) since: Position,
    /// The last entry that a process of the fleet has written.
    pub(super) heard: Position,
    /// When the last entry came.
    pub(super) last: Option<Instant>,
    /// When marks were last let go of, by Redis's clock.
    pub(super) forgotten: u64,
    /// The entry that was read last before entries may have been missed.
    pub(super) gap: Option<Position>,
}

impl Core {
    pub(super) fn new(server: Server, plan: &Plan<'_>, scope: &Scope<'_>) -> Self {
        let within = format!("{} {}", scope.has_own_decoder, scope.address);
        let prefix = format!("{}:v{VERSION}", plan.namespace);
        let shortest = Duration::from_millis(10);
        Self {
            server,
            seals: Seals::new(plan.secret, plan.namespace).within(within.as_bytes()),
            // In braces: one node of a cluster has both.
            stream: format!("{{{prefix}:bus}}:revocations"),
            probe: format!("{{{prefix}:bus}}:probe"),
            entries: format!("{prefix}:session:"),
            origin: RandomState::new().hash_one(0_u8),
            hearing: Arc::new(Hearing::new(plan.isolated_ttl, Instant::now())),
            listening: Mutex::default(),
            outbox: Outbox::default(),
            link: Mutex::default(),
            is_suspect: AtomicBool::new(false),
            paused_until: Mutex::default(),
            writes: Arc::new(Semaphore::new(WRITES)),
            on_revocation: OnceLock::new(),
            timeout: plan.timeout,
            keep: scope.ttl + scope.deadline + SLACK,
            turn: (plan.isolated_ttl / 4).clamp(shortest, TURN),
            warnings: Throttles::default(),
        }
    }

    /// The key of an entry in Redis.
    pub(super) fn entry(&self, key: SharedKey) -> String {
        let hex = key.0.iter().map(|byte| format!("{byte:02x}"));
        self.entries.clone() + &hex.collect::<String>()
    }

    pub(super) fn listening(&self) -> MutexGuard<'_, Listening> {
        lock(&self.listening)
    }

    /// An entry of the stream, sealed.
    pub(super) fn sealed(&self, what: &What) -> Option<Vec<u8>> {
        let message = Message {
            origin: self.origin,
            what: what.clone(),
        };
        let plain = serde_json::to_vec(&message).ok()?;
        self.seals.bus.seal(&self.stream, &plain)
    }

    pub(super) fn revoke_here(&self, what: Invalidation<'_>) {
        if let Some(revoke) = self.on_revocation.get() {
            revoke(what);
        }
    }

    /// The connection for requests, where there is one.
    pub(super) fn link(&self) -> Option<Link> {
        lock(&self.link).clone()
    }

    /// Opens the connection for requests anew.
    pub(super) async fn connect(&self) -> Result<(), RedisError> {
        let link = self.server.connect().await?;
        *lock(&self.link) = Some(link);
        Ok(())
    }

    pub(super) fn is_paused(&self, now: Instant) -> bool {
        lock(&self.paused_until).is_some_and(|until| now < until)
    }

    /// After a look that failed nobody looks for a while, and the connection is looked after.
    pub(super) fn pause(&self, now: Instant) {
        *lock(&self.paused_until) = Some(now + PAUSE);
        self.is_suspect.store(true, Ordering::SeqCst);
    }

    /// Whether the connection for requests has to be opened anew.
    pub(super) fn take_suspicion(&self) -> bool {
        self.is_suspect.swap(false, Ordering::SeqCst)
    }

    /// Says in the log what does not work, at most once a second.
    pub(super) fn trouble(&self, what: &'static str, cause: &str) {
        if let Some(left_out) = self.warnings.pass(("redis", what), Instant::now()) {
            observe::redis_trouble(what, cause, left_out);
        }
    }
}

/// What went wrong, in Redis's own word where there is one. Never more of what it says.
pub(super) fn cause(error: &RedisError) -> String {
    let word = error.code();
    word.unwrap_or_else(|| error.category()).to_owned()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
