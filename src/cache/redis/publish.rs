//! Tells others what is no longer true, until they can know.

use std::time::Duration;

use redis::{Cmd, RedisError, cmd, pipe};
use tokio::time::{sleep, timeout};

use super::{
    connection::{Link, PATIENCE},
    core::{Core, cause},
    message::What,
};
use crate::{cache::Position, observe};

/// The most letters in one go.
const BATCH: usize = 128;

/// Between two attempts: doubled from the first to the last.
const WAITS: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];

impl Core {
    /// Goes on for as long as somebody holds the handle.
    pub(super) async fn publish(&self) {
        let mut wait = WAITS[0];
        loop {
            let letters = self.outbox.peek(BATCH).await;
            let Some(link) = self.link() else {
                // The other task connects.
                sleep(WAITS[0] / 10).await;
                continue;
            };
            match self.deliver(link, &letters).await {
                Ok(()) => wait = WAITS[0],
                Err(cause) => {
                    observe::revocation("failed");
                    self.trouble("revocations could not be told to other processes", &cause);
                    sleep(wait).await;
                    wait = (wait * 2).min(WAITS[1]);
                }
            }
        }
    }

    async fn deliver(&self, mut link: Link, letters: &[(u64, What)]) -> Result<(), String> {
        let mut commands = pipe();
        for (_, what) in letters {
            commands.add_command(self.add(what).ok_or("no random numbers")?);
        }
        let added = timeout(PATIENCE, link.run_all::<Vec<String>>(&commands));
        let ids = added.await.map_err(|_| "timeout")?;
        let ids = ids.map_err(|error: RedisError| cause(&error))?;
        let positions: Option<Vec<_>> = ids.iter().map(|id| Position::parse(id)).collect();
        let positions = positions.filter(|it| it.len() == letters.len());
        let positions = positions.ok_or("not the id of an entry")?;
        {
            // First the marks: whoever looks in between finds one of the two.
            let marks = &mut self.listening().marks;
            for (position, (_, what)) in positions.into_iter().zip(letters) {
                marks.mark(position, what);
                observe::revocation("told");
            }
        }
        let numbers: Vec<u64> = letters.iter().map(|(number, _)| *number).collect();
        self.outbox.delivered(&numbers);
        Ok(())
    }

    /// Puts an entry at the end of the stream, and lets go of those that cannot matter any more.
    pub(super) fn add(&self, what: &What) -> Option<Cmd> {
        let sealed = self.sealed(what)?;
        let oldest = self.oldest_that_matters();
        let mut add = cmd("XADD");
        add.arg(&self.stream);
        if oldest > 0 {
            add.arg("MINID").arg("~").arg(oldest);
        }
        add.arg("*").arg("m").arg(sealed);
        Some(add)
    }

    /// By Redis's clock, as far as it was heard.
    pub(super) fn oldest_that_matters(&self) -> u64 {
        let keep = u64::try_from(self.keep.as_millis()).unwrap_or(u64::MAX);
        self.listening().heard.millis.saturating_sub(keep)
    }
}
