use std::{
    collections::{HashSet, VecDeque},
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, sleep, sleep_until};

use super::{
    connection::{Change, Line, PING_EVERY, Storage, Unheard},
    key::Touched,
};
use crate::{
    better_auth::{BetterAuth, ConfigError},
    observe::{self, Throttles},
    validate::{Invalidation, Validator},
};

/// How long after a change a user's sessions are forgotten for the second time: 500 milliseconds.
pub const SETTLED: Duration = Duration::from_millis(500);

/// The longest that a session is remembered while Redis is not heard: 5 seconds.
pub const UNHEARD_TTL: Duration = Duration::from_secs(5);

/// Watches Better Auth's Redis for as long as it is polled. Made by
/// [`BetterAuth::watch_secondary_storage`](crate::BetterAuth::watch_secondary_storage).
///
/// See the [module docs](crate::secondary_storage) for the rules. It never ends by itself, and connects anew by itself.
#[must_use = "spawn it: it watches while it is polled"]
pub struct SecondaryStorageWatch(Pin<Box<dyn Future<Output = Infallible> + Send>>);

impl BetterAuth {
    /// Forgets sessions that end or change in Better Auth's `secondaryStorage`, when that is Redis.
    ///
    /// With it, a [cache](crate::BetterAuthBuilder::cache) of minutes notices a sign-out, a ban or a new role within a
    /// second, and the auth server needs no plugin. Spawn what it returns, once for a handle.
    ///
    /// `prefix` is what the storage puts before its keys: `better-auth:` for `@better-auth/redis-storage`, unless its
    /// `keyPrefix` says otherwise; empty for a storage that you wrote by hand and that puts nothing there. The Redis user
    /// needs the commands `CLIENT`, `PING` and `MGET`. Give the address of the primary; a Redis Cluster cannot be watched.
    ///
    /// A `rediss://` URL has rustls use aws-lc, unless the program has installed a provider of cryptography before.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the URL is not one of a Redis server. Whether it is there is seen when the future runs, and
    /// said in the log.
    ///
    /// # Panics
    ///
    /// The future panics when it is polled outside a Tokio runtime.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use tower_better_auth::{BetterAuth, Cache};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let auth = BetterAuth::builder("http://localhost:3000")
    ///     .cache(Cache::ttl(Duration::from_secs(300)))
    ///     .build()?;
    /// tokio::spawn(auth.watch_secondary_storage("redis://localhost:6379", "better-auth:")?);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
    pub fn watch_secondary_storage(
        &self,
        url: impl AsRef<str>,
        prefix: impl AsRef<str>,
    ) -> Result<SecondaryStorageWatch, ConfigError> {
        let storage = Storage::parse(url.as_ref(), prefix.as_ref());
        let storage = storage.ok_or(ConfigError::SecondaryStorageUrl)?;
        let watch = Watch {
            validator: self.validator(),
            storage,
            echoes: VecDeque::new(),
            warnings: Throttles::default(),
        };
        Ok(SecondaryStorageWatch(Box::pin(watch.run())))
    }
}

struct Watch {
    validator: Arc<Validator>,
    storage: Storage,
    /// Who is forgotten once more, and when. Soonest first.
    echoes: VecDeque<(Instant, String)>,
    warnings: Throttles,
}

impl Watch {
    async fn run(mut self) -> Infallible {
        let mut heard = Instant::now();
        loop {
            let mut line = self.reach(heard).await;
            // Nobody knows what was missed.
            drop(self.validator.forget(&Invalidation::Everything));
            heard = Instant::now();
            let unheard = loop {
                match self.hear(&mut line).await {
                    Ok(()) => heard = Instant::now(),
                    Err(unheard) => break unheard,
                }
            };
            self.warn(&unheard);
            sleep(PING_EVERY).await;
        }
    }

    /// A connection, however long it takes, while nothing is remembered for longer than it may be.
    async fn reach(&self, heard: Instant) -> Line {
        let mut trusted_until = heard + UNHEARD_TTL;
        let connected = self.connect();
        tokio::pin!(connected);
        loop {
            tokio::select! {
                line = &mut connected => return line,
                () = sleep_until(trusted_until) => {
                    // In a fleet that cannot hear Redis, one says it for all.
                    let emptied = self.validator.emptied_at().map(|at| at + UNHEARD_TTL);
                    if emptied.is_none_or(|until| until <= trusted_until) {
                        drop(self.validator.forget(&Invalidation::Everything));
                    }
                    let emptied = self.validator.emptied_at().unwrap_or_else(Instant::now);
                    trusted_until = emptied + UNHEARD_TTL;
                }
            }
        }
    }

    async fn connect(&self) -> Line {
        loop {
            match self.storage.connect().await {
                Ok(line) => {
                    observe::secondary_storage_heard();
                    return line;
                }
                Err(unheard) => self.warn(&unheard),
            }
            sleep(PING_EVERY).await;
        }
    }

    /// Waits for what Redis says next, for it to say that it is there, or for somebody who is to be forgotten once more.
    async fn hear(&mut self, line: &mut Line) -> Result<(), Unheard> {
        let soonest = self.echoes.front().map(|(at, _)| *at);
        let changes = line.changes(soonest).await?;
        if changes.contains(&Change::Everything) {
            drop(self.validator.forget(&Invalidation::Everything));
        }
        for user in self.users(line, &changes).await? {
            drop(self.validator.forget(&Invalidation::User(&user)));
            self.echoes.push_back((Instant::now() + SETTLED, user));
        }
        self.echo(Instant::now());
        Ok(())
    }

    /// Each user that the changes are about, once.
    async fn users(&self, line: &mut Line, changes: &[Change]) -> Result<HashSet<String>, Unheard> {
        let (mut users, mut sessions) = (HashSet::new(), HashSet::new());
        for change in changes {
            let Change::Key(key) = change else {
                continue;
            };
            match Touched::of(key, &self.storage.prefix) {
                Touched::User(id) => {
                    users.insert(id.to_owned());
                }
                Touched::Session => {
                    sessions.insert(key.as_str());
                }
                Touched::Other => {}
            }
        }
        // One that is gone says nothing more, and the list of its user's sessions has changed as well.
        let sessions: Vec<&str> = sessions.into_iter().collect();
        users.extend(line.users(&sessions).await?);
        Ok(users)
    }

    fn echo(&mut self, now: Instant) {
        let due = self.echoes.partition_point(|(at, _)| *at <= now);
        for (_, user) in self.echoes.drain(..due) {
            drop(self.validator.forget(&Invalidation::User(&user)));
        }
    }

    fn warn(&self, unheard: &Unheard) {
        let kind = ("secondary_storage", "unheard");
        if let Some(left_out) = self.warnings.pass(kind, Instant::now()) {
            observe::secondary_storage_unheard(unheard, left_out);
        }
    }
}

impl Future for SecondaryStorageWatch {
    type Output = Infallible;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Infallible> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for SecondaryStorageWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecondaryStorageWatch")
            .finish_non_exhaustive()
    }
}
