//! The second level of one handle, and the tasks that go on for as long as somebody holds it.

use std::{
    hash::Hasher,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::{
    runtime::Handle,
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::{
    connection::Server,
    core::Core,
    plan::{Plan, Scope},
};
use crate::{
    cache::{
        Hearing, Invalidation, Looked, Position, Shareable, Shared, SharedKey, Spread,
        shared::OnRevocation,
    },
    verdict::BoxFuture,
};

pub(super) struct Level {
    core: Arc<Core>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Level {
    pub(super) fn new(server: Server, plan: &Plan<'_>, scope: &Scope<'_>) -> (Self, Arc<Hearing>) {
        let core = Arc::new(Core::new(server, plan, scope));
        let hearing = Arc::clone(&core.hearing);
        let tasks = Mutex::default();
        (Self { core, tasks }, hearing)
    }

    /// Starts the tasks where there is a runtime to carry them, and none that still does.
    fn ensure_tasks(&self) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if tasks.is_empty() || tasks.iter().any(JoinHandle::is_finished) {
            tasks.drain(..).for_each(|task| task.abort());
            let core = Arc::clone(&self.core);
            tasks.push(runtime.spawn(async move { core.listen().await }));
            let core = Arc::clone(&self.core);
            tasks.push(runtime.spawn(async move { core.publish().await }));
        }
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        let tasks = self.tasks.get_mut().unwrap_or_else(PoisonError::into_inner);
        tasks.drain(..).for_each(|task| task.abort());
    }
}

impl Shared for Level {
    fn key(&self, hash_into: &mut dyn FnMut(&mut dyn Hasher)) -> SharedKey {
        self.core.seals.name(hash_into)
    }

    fn position(&self) -> Position {
        self.ensure_tasks();
        self.core.listening().heard
    }

    fn look(&self, key: SharedKey, oldest: Duration, date: SystemTime) -> BoxFuture<'_, Looked> {
        Box::pin(self.core.look(key, oldest, date))
    }

    fn keep(&self, key: SharedKey, answer: Shareable<'_>) {
        self.core.keep(key, &answer);
    }

    fn forget(&self, key: SharedKey) {
        self.core.forget(key);
    }

    fn tell(&self, what: Invalidation<'_>, patience: Duration) -> BoxFuture<'static, Spread> {
        let delivered = self.core.outbox.push(what.into());
        self.ensure_tasks();
        let patience = self.core.timeout.max(patience);
        Box::pin(async move {
            if Handle::try_current().is_err() {
                // There is nobody to deliver it, and no clock to wait by.
                return Spread::NotYet;
            }
            match timeout(patience, delivered).await {
                Ok(Ok(())) => Spread::Everywhere,
                Ok(Err(_)) | Err(_) => Spread::NotYet,
            }
        })
    }

    fn on_revocation(&self, revoke: Box<OnRevocation>) {
        // Set once, by the validator that this was made for.
        let _ = self.core.on_revocation.set(revoke);
    }

    fn silence(&self, now: Instant) -> Option<Duration> {
        self.core.hearing.silence(now)
    }
}
