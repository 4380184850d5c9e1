//! One call at a time for one credential.
//!
//! Each is carried by a task of its own with its own deadline: whoever started it may hang up without disturbing those
//! who wait with them. They take the answer from a channel; if the task panics the channel closes, and they know.
//!
//! moka has `try_get_with`. It is not used, because there the first caller carries the call: one that is no longer polled
//! stalls all others, one that hangs up makes the next begin anew, and what was invalidated meanwhile comes back.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::{Key, key::AsItIs};

/// The calls under way.
pub(crate) struct Flights<T> {
    table: Arc<Mutex<Table<T>>>,
}

struct Table<T> {
    flights: HashMap<Key, Flight<T>, AsItIs>,
    /// Tells a flight from a later one under the same key.
    count: u64,
}

struct Flight<T> {
    number: u64,
    answer: watch::Receiver<Option<T>>,
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    pub(crate) fn new() -> Self {
        let table = Table {
            flights: HashMap::with_hasher(AsItIs::default()),
            count: 0,
        };
        Self {
            table: Arc::new(Mutex::new(table)),
        }
    }

    /// Joins the flight under this key, or starts one. The answer is `None` if its task panicked.
    ///
    /// `keep` gets the answer of a flight that is still on the table, before anybody else does.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub(crate) fn join<F>(
        &self,
        key: Key,
        start: impl FnOnce() -> F,
        keep: impl FnOnce(&T) + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send + 'static
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut table = self.table();
        let mut answer = match table.flights.get(&key) {
            Some(flight) => flight.answer.clone(),
            None => self.depart(&mut table, key, start(), keep),
        };
        drop(table);
        async move { answer.wait_for(Option::is_some).await.ok()?.clone() }
    }

    /// Nobody joins the flights that are under way now; they go on for those who have.
    pub(crate) fn detach_all(&self) {
        self.table().flights.clear();
    }

    /// Takes the flight under this key off the table, so that its answer is not kept, and keeps a better one.
    pub(crate) fn overrule(&self, key: Key, keep: impl FnOnce()) {
        let mut table = self.table();
        table.flights.remove(&key);
        keep();
    }

    fn depart<F>(
        &self,
        table: &mut Table<T>,
        key: Key,
        flight: F,
        keep: impl FnOnce(&T) + Send + 'static,
    ) -> watch::Receiver<Option<T>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        table.count += 1;
        let number = table.count;
        let (sender, answer) = watch::channel(None);
        let landing = Landing {
            table: Arc::clone(&self.table),
            key,
            number,
        };
        let waiting = answer.clone();
        table.flights.insert(key, Flight { number, answer });
        tokio::spawn(async move {
            let answer = flight.await;
            // First off the table, then the answer: whoever comes after the answer asks anew.
            landing.land(|| keep(&answer));
            sender.send_replace(Some(answer));
        });
        waiting
    }

    fn table(&self) -> MutexGuard<'_, Table<T>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a flight off the table, also when its task panics or its runtime ends.
struct Landing<T> {
    table: Arc<Mutex<Table<T>>>,
    key: Key,
    number: u64,
}

impl<T> Landing<T> {
    /// Off the table; `keep` runs if nobody has taken it off before, and before anybody else can put something there.
    fn land(&self, keep: impl FnOnce()) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let flight = table.flights.get(&self.key);
        if flight.is_some_and(|flight| flight.number == self.number) {
            table.flights.remove(&self.key);
            keep();
        }
    }
}

impl<T> Drop for Landing<T> {
    fn drop(&mut self) {
        self.land(|| {});
    }
}

#[cfg(test)]
mod tests {
    use std::{
        hash::Hasher,
        sync::{
            OnceLock,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use tokio::time::sleep;

    use super::*;
    use crate::cache::Keys;

    fn key(name: &str) -> Key {
        static KEYS: OnceLock<Keys> = OnceLock::new();
        KEYS.get_or_init(Keys::random)
            .key(|hasher| hasher.write(name.as_bytes()))
    }

    async fn slow(calls: Arc<AtomicUsize>) -> usize {
        let number = calls.fetch_add(1, Ordering::SeqCst) + 1;
        sleep(Duration::from_secs(1)).await;
        number
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_at_once_make_one_call() {
        let (flights, calls) = (Flights::new(), Arc::new(AtomicUsize::new(0)));
        let join = |_| flights.join(key("a"), || slow(Arc::clone(&calls)), |_| {});
        let waiting: Vec<_> = (0..1000).map(join).collect();
        for answer in waiting {
            assert_eq!(answer.await, Some(1));
        }
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        assert!(flights.table().flights.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_started_it_may_hang_up() {
        let (flights, calls) = (Flights::new(), Arc::new(AtomicUsize::new(0)));
        let first = flights.join(key("a"), || slow(Arc::clone(&calls)), |_| {});
        let second = flights.join(key("a"), || slow(Arc::clone(&calls)), |_| {});
        drop(first);
        assert_eq!(second.await, Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn other_keys_fly_by_themselves_and_the_next_one_asks_anew() {
        let (flights, calls) = (Flights::new(), Arc::new(AtomicUsize::new(0)));
        let a = flights.join(key("a"), || slow(Arc::clone(&calls)), |_| {});
        let b = flights.join(key("b"), || slow(Arc::clone(&calls)), |_| {});
        assert_eq!((a.await, b.await), (Some(1), Some(2)));
        let again = flights.join(key("a"), || slow(Arc::clone(&calls)), |_| {});
        assert_eq!(again.await, Some(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_told_to_all_and_the_next_one_asks_anew() {
        let flights: Flights<usize> = Flights::new();
        let panics = || async { panic!("on purpose") };
        let join = |_| flights.join(key("a"), panics, |_| {});
        let waiting = [0, 1].map(join);
        for answer in waiting {
            assert_eq!(answer.await, None);
        }
        assert_eq!(
            flights.join(key("a"), || async { 7 }, |_| {}).await,
            Some(7)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_detached_flight_is_not_joined_and_leaves_the_next_one_on_the_table() {
        let (flights, calls) = (Flights::new(), Arc::new(AtomicUsize::new(0)));
        let before = flights.join(key("a"), || slow(Arc::clone(&calls)), |_| {});
        flights.detach_all();
        sleep(Duration::from_millis(500)).await;
        let after = flights.join(key("a"), || slow(Arc::clone(&calls)), |_| {});
        assert_eq!(before.await, Some(1));
        assert_eq!(flights.table().flights.len(), 1);
        assert_eq!(after.await, Some(2));
    }
}
