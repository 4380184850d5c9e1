//! Between requests and a sink of the application's: a bounded queue, and a thread for the sink alone.
//!
//! A thread, and not a task: a sink that blocks then holds up no runtime, and events that happen outside of one arrive
//! as well. It ends when the last clone of the handle is gone and the queue is empty.

use std::{
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use tokio::time::Instant;

use super::AuditEvent;
use crate::observe::{TARGET, metrics, throttle::Throttles};

/// The most events that wait for the sink. Further ones are lost, and counted.
pub(crate) const CAPACITY: usize = 1024;

pub(crate) type AuditSink =
    dyn FnMut(AuditEvent) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + Send;

/// Takes events, and never makes anybody wait.
#[derive(Debug)]
pub(crate) struct Mailbox {
    queue: SyncSender<AuditEvent>,
    lost: Arc<Lost>,
}

/// Why an event did not arrive.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Full,
    Failed,
    Panicked,
}

/// How many did not, said at most once a second.
#[derive(Debug, Default)]
struct Lost {
    total: AtomicU64,
    lines: Throttles,
}

impl Mailbox {
    pub(super) fn open(sink: Box<AuditSink>) -> Self {
        let (queue, events) = sync_channel(CAPACITY);
        let lost = Arc::new(Lost::default());
        let of_thread = Arc::clone(&lost);
        let thread = thread::Builder::new().name("better-auth-audit".to_owned());
        if let Err(error) = thread.spawn(move || deliver(&events, sink, &of_thread)) {
            // The queue has no other end then: every event is counted as lost.
            tracing::error!(target: TARGET, %error, "no thread for the audit sink: audit events are lost");
        }
        Self { queue, lost }
    }

    pub(super) fn put(&self, event: AuditEvent) {
        if self.queue.try_send(event).is_err() {
            self.lost.note(Loss::Full, None);
        }
    }
}

fn deliver(events: &Receiver<AuditEvent>, mut sink: Box<AuditSink>, lost: &Lost) {
    for event in events {
        // The sink is called again after a panic: what it holds is its own business.
        match catch_unwind(AssertUnwindSafe(|| sink(event))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => lost.note(Loss::Failed, Some(&*error)),
            Err(_) => lost.note(Loss::Panicked, None),
        }
    }
}

impl Lost {
    fn note(&self, loss: Loss, error: Option<&dyn Display>) {
        metrics::audit_lost();
        let total = self.total.fetch_add(1, Ordering::Relaxed) + 1;
        let why = match loss {
            Loss::Full => "the sink is too slow",
            Loss::Failed => "the sink failed",
            Loss::Panicked => "the sink panicked",
        };
        if let Some(left_out) = self.lines.pass(("audit", why), Instant::now()) {
            let error = error.map(tracing::field::display);
            tracing::warn!(target: TARGET, why, error, total, left_out, "an audit event was lost");
        }
    }
}
