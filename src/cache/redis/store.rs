//! Entries: looked up within the time-out, and written in the background.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use redis::{ErrorKind, RedisError, cmd};
use tokio::{
    runtime::Handle,
    time::{Instant, timeout},
};

use super::{
    connection::PATIENCE,
    core::{Core, cause},
    entry::{self, Disbelief, Moment},
};
use crate::{
    cache::{Looked, Position, Shareable, SharedKey},
    observe,
    types::AuthSession,
};

/// No entry is that long.
const LONGEST: usize = 1024 * 1024;

/// How a look ended, for whoever counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Hit,
    Nothing,
    /// Too old, revoked, or of a session that has ended.
    Stale,
    /// Of a clock or a stream that is ahead.
    Ahead,
    /// What no process of the fleet has written.
    Unreadable,
    Failed,
    /// Nobody looked: others are not heard, or a look has just failed.
    Skipped,
}

impl Ending {
    fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Nothing => "nothing",
            Self::Stale => "stale",
            Self::Ahead => "ahead",
            Self::Unreadable => "unreadable",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl From<Disbelief> for Ending {
    fn from(disbelief: Disbelief) -> Self {
        match disbelief {
            Disbelief::Old | Disbelief::Revoked | Disbelief::Over => Self::Stale,
            Disbelief::FromTheFuture => Self::Ahead,
        }
    }
}

impl Core {
    pub(super) async fn look(&self, key: SharedKey, oldest: Duration, date: SystemTime) -> Looked {
        let found = self.find(key, oldest, date).await;
        let ending = found
            .as_ref()
            .map_or_else(|ending| *ending, |_| Ending::Hit);
        observe::shared_look(ending.name());
        match found {
            Ok((session, age)) => Looked::Found(session, age),
            Err(Ending::Nothing) => Looked::Nothing,
            Err(_) => Looked::Unknown,
        }
    }

    async fn find(
        &self,
        key: SharedKey,
        oldest: Duration,
        date: SystemTime,
    ) -> Result<(Arc<AuthSession>, Duration), Ending> {
        let name = self.entry(key);
        let bytes = self.get(&name).await?;
        if bytes.is_empty() {
            return Err(Ending::Nothing);
        }
        let readable = Some(bytes).filter(|bytes| bytes.len() <= LONGEST);
        let Some(entry) = readable.and_then(|it| entry::read(&self.seals.values, &name, &it))
        else {
            self.trouble(
                "an entry was not written by a process with this secret",
                "unreadable",
            );
            return Err(Ending::Unreadable);
        };
        let (since, heard) = {
            let listening = self.listening();
            (listening.since, listening.heard)
        };
        let moment = Moment {
            date,
            oldest,
            since,
            heard,
            is_revoked: &|session, born| self.is_revoked(session, born),
        };
        Ok(entry.judge(&moment)?)
    }

    /// What is to be told counts before what has been told: it moves from the one to the other.
    fn is_revoked(&self, session: &AuthSession, born: Position) -> bool {
        self.outbox.is_about(session) || self.listening().marks.is_revoked(session, born)
    }

    /// One round trip, within the time-out. No more than shows that a value is too long; nothing of one that is not there.
    async fn get(&self, name: &str) -> Result<Vec<u8>, Ending> {
        let now = Instant::now();
        if !self.hearing.is_up(now) || self.is_paused(now) {
            return Err(Ending::Skipped);
        }
        let mut link = self.link().ok_or(Ending::Skipped)?;
        let mut get = cmd("GETRANGE");
        get.arg(name).arg(0).arg(LONGEST);
        match timeout(self.timeout, link.run(&get)).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) if is_about_the_value(&error) => {
                self.trouble(
                    "an entry was not written by a process with this secret",
                    &cause(&error),
                );
                Err(Ending::Unreadable)
            }
            Ok(Err(error)) => Err(self.failed(&cause(&error))),
            Err(_) => Err(self.failed("timeout")),
        }
    }

    fn failed(&self, cause: &str) -> Ending {
        self.trouble("an entry could not be looked up", cause);
        self.pause(Instant::now());
        Ending::Failed
    }

    pub(super) fn keep(self: &Arc<Self>, key: SharedKey, answer: &Shareable<'_>) {
        let name = self.entry(key);
        let Ok(millis) = u64::try_from(answer.rest.as_millis()) else {
            return;
        };
        if let Some(bytes) = entry::write(&self.seals.values, &name, answer) {
            let mut set = cmd("SET");
            set.arg(name).arg(bytes).arg("PX").arg(millis.max(1));
            self.write(set);
        }
    }

    pub(super) fn forget(self: &Arc<Self>, key: SharedKey) {
        let mut delete = cmd("DEL");
        delete.arg(self.entry(key));
        self.write(delete);
    }

    /// In the background, where Redis takes writes and not too many are under way.
    fn write(self: &Arc<Self>, command: redis::Cmd) {
        let is_up = self.hearing.is_up(Instant::now());
        let place = Arc::clone(&self.writes).try_acquire_owned();
        if let (true, Some(mut link), Ok(place), Ok(runtime)) =
            (is_up, self.link(), place, Handle::try_current())
        {
            let core = Arc::clone(self);
            runtime.spawn(async move {
                let _place = place;
                let written = timeout(PATIENCE, link.run::<redis::Value>(&command)).await;
                match written {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => core.trouble("an entry could not be written", &cause(&error)),
                    Err(_) => core.trouble("an entry could not be written", "timeout"),
                }
            });
        }
    }
}

/// Whether Redis is well, and what lies there is not an entry.
fn is_about_the_value(error: &RedisError) -> bool {
    error.kind() == ErrorKind::UnexpectedReturnType || error.code() == Some("WRONGTYPE")
}
