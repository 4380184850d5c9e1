//! What happens to the server.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::dice::Dice;
use crate::support::node::{BetterAuthServer, Database};

#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// SIGKILL, and a start at the same address a while later.
    Kill,
    /// SIGKILL, and a start at once.
    Restart,
    /// SIGSTOP and SIGCONT.
    Stop,
    /// Every answer takes that long.
    Slow(Duration),
    DatabaseThrows,
    DatabaseHangs,
}

/// A fault, for how long, and the peace before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Episode {
    pub(super) peace: Duration,
    pub(super) fault: Fault,
    pub(super) span: Duration,
}

impl Episode {
    /// The next one of this seed.
    pub(super) fn next(dice: &mut Dice) -> Self {
        let fault = match dice.number(0..6) {
            0 => Fault::Kill,
            1 => Fault::Restart,
            2 => Fault::Stop,
            3 => Fault::Slow(dice.millis(50..1500)),
            4 => Fault::DatabaseThrows,
            _ => Fault::DatabaseHangs,
        };
        Self {
            peace: dice.millis(500..2500),
            fault,
            span: dice.millis(100..3000),
        }
    }
}

/// Since when the server is broken, and until when it was.
#[derive(Default)]
pub(super) struct Outages {
    now: Mutex<Option<Instant>>,
    last_end: Mutex<Option<Instant>>,
    pub(super) count: AtomicU64,
}

impl Outages {
    fn begin(&self) {
        *self.now.lock().unwrap() = Some(Instant::now());
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    fn end(&self) {
        *self.last_end.lock().unwrap() = Some(Instant::now());
        *self.now.lock().unwrap() = None;
    }

    /// Whether a request that began then and ends now met an outage.
    pub(super) fn met_since(&self, began: Instant) -> bool {
        self.now.lock().unwrap().is_some()
            || self
                .last_end
                .lock()
                .unwrap()
                .is_some_and(|end| end >= began)
    }
}

impl Fault {
    /// Breaks the server for that long, and gives how many requests had arrived.
    pub(super) async fn strike(
        self,
        server: &BetterAuthServer,
        span: Duration,
        outages: &Outages,
        meanwhile: impl AsyncFnOnce(),
    ) -> u64 {
        let arrived = server.take_count().await;
        outages.begin();
        match self {
            Self::Kill => {
                server.kill();
                tokio::time::sleep(span).await;
                tokio::task::block_in_place(|| server.restart());
            }
            Self::Restart => tokio::task::block_in_place(|| server.restart()),
            Self::Stop => {
                server.pause();
                tokio::time::sleep(span).await;
                server.resume();
            }
            Self::Slow(delay) => {
                server.delay(delay).await;
                tokio::join!(tokio::time::sleep(span), meanwhile());
                server.delay(Duration::ZERO).await;
            }
            Self::DatabaseThrows | Self::DatabaseHangs => {
                let mode = match self {
                    Self::DatabaseThrows => Database::Throw,
                    _ => Database::Hang,
                };
                server.database(mode).await;
                tokio::join!(tokio::time::sleep(span), meanwhile());
                server.database(Database::Ok).await;
            }
        }
        outages.end();
        arrived
    }
}
