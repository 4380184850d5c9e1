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
use crate::{observe::Origin, verdict::BoxFuture};

/// The calls under way.
pub(crate) struct Flights<T> {
    table: Arc<Mutex<Table<T>>>,
    weigh: fn(&T) -> Weight,
}

/// What an answer means for what other calls under the same key find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Nothing was found out.
    Nothing,
    /// It stands until a call that began later finds out something else.
    UntilNewer,
    /// It was found out before the call began, and says nothing against what any other call finds out.
    Older,
    /// It stands against every call that has begun by now.
    Final,
}

struct Table<T> {
    /// Of every key that somebody asks about.
    calls: HashMap<Key, Calls<T>, AsItIs>,
    /// Numbers the calls in the order in which they begin.
    count: u64,
}

/// All calls under one key.
struct Calls<T> {
    under_way: usize,
    /// The one that can be joined.
    flight: Option<Flight<T>>,
    /// Those up to this number have nothing to say any more.
    outdated: u64,
}

struct Flight<T> {
    number: u64,
    origin: Origin,
    answer: watch::Receiver<Option<T>>,
}

/// What is left to do for who has a place in a flight.
enum ToDo<T> {
    Link(Origin),
    Depart(watch::Sender<Option<T>>, Landing<T>),
}

/// A place in a flight. Dropped, it disturbs nobody.
#[derive(Debug)]
pub(crate) struct Joined<T> {
    answer: watch::Receiver<Option<T>>,
    /// Whether the flight began with it.
    pub(crate) is_first: bool,
}

impl<T: Clone + Send + Sync + 'static> IntoFuture for Joined<T> {
    /// `None` if the flight's task panicked.
    type Output = Option<T>;
    type IntoFuture = BoxFuture<'static, Option<T>>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move { self.answer.wait_for(Option::is_some).await.ok()?.clone() })
    }
}

impl<T> Default for Calls<T> {
    fn default() -> Self {
        Self {
            under_way: 0,
            flight: None,
            outdated: 0,
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    pub(crate) fn new(weigh: fn(&T) -> Weight) -> Self {
        let table = Table {
            calls: HashMap::with_hasher(AsItIs::default()),
            count: 0,
        };
        Self {
            table: Arc::new(Mutex::new(table)),
            weigh,
        }
    }

    /// Joins the flight under this key, or starts one. The answer is `None` if its task panicked.
    ///
    /// `keep` gets the answer before anybody else does, unless a better one is there.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub(crate) fn join<F>(
        &self,
        key: Key,
        start: impl FnOnce() -> F,
        keep: impl FnOnce(&T) + Send + 'static,
    ) -> Joined<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let (answer, to_do) = self.board(key, Origin::here());
        let is_first = match to_do {
            ToDo::Link(origin) => {
                origin.link();
                false
            }
            ToDo::Depart(sender, landing) => {
                self.depart(start(), keep, sender, landing);
                true
            }
        };
        Joined { answer, is_first }
    }

    /// Makes a call that joins nobody and that nobody joins. Given up with its future.
    ///
    /// What it finds out takes the flight under this key off the table, so that an older answer does not undo it; and
    /// `keep` gets it, unless a better one is there.
    pub(crate) async fn alone(
        &self,
        key: Key,
        call: impl Future<Output = T>,
        keep: impl FnOnce(&T),
    ) -> T {
        let landing = self.landing(&mut lock(&self.table), key);
        let answer = call.await;
        landing.land((self.weigh)(&answer), || keep(&answer));
        answer
    }

    /// Another hand on the same calls.
    pub(crate) fn share(&self) -> Self {
        Self {
            table: Arc::clone(&self.table),
            weigh: self.weigh,
        }
    }

    /// Nobody joins the flights that are under way now; they go on for those who have.
    ///
    /// What they find out is kept all the same, unless a call that began later was faster: whether it is still true is
    /// for `keep` to say. Otherwise nothing would ever be kept where somebody is revoked all the time.
    pub(crate) fn detach_all(&self) {
        for calls in lock(&self.table).calls.values_mut() {
            calls.flight = None;
        }
    }

    /// Takes a place in the flight under this key, or puts one on the table.
    ///
    /// What is left to do waits until the table is unlocked: it calls the runtime, which drops the flight at once if it has
    /// ended, and whoever watches spans.
    fn board(&self, key: Key, here: Origin) -> (watch::Receiver<Option<T>>, ToDo<T>) {
        let mut table = lock(&self.table);
        let calls = table.calls.get(&key);
        if let Some(flight) = calls.and_then(|calls| calls.flight.as_ref()) {
            return (flight.answer.clone(), ToDo::Link(flight.origin.clone()));
        }
        let (sender, answer) = watch::channel(None);
        let landing = self.landing(&mut table, key);
        table.calls.entry(key).or_default().flight = Some(Flight {
            number: landing.number,
            origin: here,
            answer: answer.clone(),
        });
        (answer, ToDo::Depart(sender, landing))
    }

    fn depart<F>(
        &self,
        flight: F,
        keep: impl FnOnce(&T) + Send + 'static,
        sender: watch::Sender<Option<T>>,
        landing: Landing<T>,
    ) where
        F: Future<Output = T> + Send + 'static,
    {
        let weigh = self.weigh;
        tokio::spawn(async move {
            let answer = flight.await;
            // First off the table, then the answer: whoever comes after the answer asks anew.
            landing.land(weigh(&answer), || keep(&answer));
            sender.send_replace(Some(answer));
        });
    }

    fn landing(&self, table: &mut Table<T>, key: Key) -> Landing<T> {
        table.count += 1;
        table.calls.entry(key).or_default().under_way += 1;
        Landing {
            table: Arc::clone(&self.table),
            key,
            number: table.count,
        }
    }
}

fn lock<T>(table: &Mutex<Table<T>>) -> MutexGuard<'_, Table<T>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Calls<T> {
    /// Nobody joins a flight any more that began no later than this.
    fn close(&mut self, number: u64) {
        if self.flight.as_ref().is_some_and(|it| it.number <= number) {
            self.flight = None;
        }
    }
}

/// Takes a call off the table, also when its task panics or its runtime ends.
struct Landing<T> {
    table: Arc<Mutex<Table<T>>>,
    key: Key,
    number: u64,
}

impl<T> Landing<T> {
    /// `keep` runs if the answer counts, and before anybody else can put something on the table.
    fn land(self, weight: Weight, keep: impl FnOnce()) {
        let mut table = lock(&self.table);
        let latest = table.count;
        let Some(calls) = table.calls.get_mut(&self.key) else {
            return;
        };
        let counts = match weight {
            Weight::Nothing => false,
            Weight::UntilNewer | Weight::Older => self.number > calls.outdated,
            Weight::Final => true,
        };
        if counts {
            let outdated = match weight {
                Weight::Final => latest,
                Weight::UntilNewer => self.number,
                Weight::Nothing | Weight::Older => 0,
            };
            calls.outdated = calls.outdated.max(outdated);
            calls.close(self.number.max(outdated));
            keep();
        }
    }
}

impl<T> Drop for Landing<T> {
    fn drop(&mut self) {
        let mut table = lock(&self.table);
        let Some(calls) = table.calls.get_mut(&self.key) else {
            return;
        };
        calls.under_way -= 1;
        if calls.under_way == 0 {
            table.calls.remove(&self.key);
        } else if calls
            .flight
            .as_ref()
            .is_some_and(|it| it.number == self.number)
        {
            calls.flight = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        hash::Hasher,
        sync::{
            OnceLock,
            atomic::{AtomicUsize, Ordering},
            mpsc,
        },
        thread,
        time::Duration,
    };

    use tokio::{
        join,
        runtime::Builder,
        sync::oneshot,
        time::{sleep, timeout},
    };
    use tracing::{Subscriber, info_span, span::Id, subscriber::with_default};
    use tracing_subscriber::{
        Layer,
        layer::{Context, SubscriberExt},
        registry,
    };

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
        let (flights, calls) = (
            Flights::new(|_| Weight::UntilNewer),
            Arc::new(AtomicUsize::new(0)),
        );
        let join = |_| flights.join(key("a"), || slow(Arc::clone(&calls)), |_| {});
        let waiting: Vec<_> = (0..1000).map(join).collect();
        for answer in waiting {
            assert_eq!(answer.await, Some(1));
        }
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        assert!(lock(&flights.table).calls.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_started_it_may_hang_up() {
        let (flights, calls) = (
            Flights::new(|_| Weight::UntilNewer),
            Arc::new(AtomicUsize::new(0)),
        );
        let first = flights.join(key("a"), || slow(Arc::clone(&calls)), |_| {});
        let second = flights.join(key("a"), || slow(Arc::clone(&calls)), |_| {});
        drop(first);
        assert_eq!(second.await, Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn other_keys_fly_by_themselves_and_the_next_one_asks_anew() {
        let (flights, calls) = (
            Flights::new(|_| Weight::UntilNewer),
            Arc::new(AtomicUsize::new(0)),
        );
        let a = flights.join(key("a"), || slow(Arc::clone(&calls)), |_| {});
        let b = flights.join(key("b"), || slow(Arc::clone(&calls)), |_| {});
        assert_eq!((a.await, b.await), (Some(1), Some(2)));
        let again = flights.join(key("a"), || slow(Arc::clone(&calls)), |_| {});
        assert_eq!(again.await, Some(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_told_to_all_and_the_next_one_asks_anew() {
        let flights: Flights<usize> = Flights::new(|_| Weight::UntilNewer);
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
        let (flights, calls) = (
            Flights::new(|_| Weight::UntilNewer),
            Arc::new(AtomicUsize::new(0)),
        );
        let before = flights.join(key("a"), || slow(Arc::clone(&calls)), |_| {});
        flights.detach_all();
        sleep(Duration::from_millis(500)).await;
        let after = flights.join(key("a"), || slow(Arc::clone(&calls)), |_| {});
        assert_eq!(before.await, Some(1));
        assert!(can_be_joined(&flights, key("a")));
        assert_eq!(after.await, Some(2));
    }

    fn can_be_joined<T>(flights: &Flights<T>, key: Key) -> bool {
        let table = lock(&flights.table);
        let calls = table.calls.get(&key);
        calls.is_some_and(|calls| calls.flight.is_some())
    }

    /// Two flights, the first of which was taken off the table; what is kept when they land in this order.
    async fn kept_of_two(take_off: fn(&Flights<usize>), order: [usize; 2]) -> Vec<usize> {
        let flights = Flights::new(|_| Weight::UntilNewer);
        let kept = Arc::new(Mutex::new(Vec::new()));
        let join = |number| {
            let (land, landing) = oneshot::channel();
            let kept = Arc::clone(&kept);
            let keep = move |it: &usize| kept.lock().unwrap().push(*it);
            let joined = flights.join(key("a"), || told(landing, number), keep);
            Some((land, joined))
        };
        let first = join(1);
        take_off(&flights);
        let mut calls = [first, join(2)];
        for number in order {
            let (land, joined) = calls[number - 1].take().unwrap();
            land.send(()).unwrap();
            assert_eq!(joined.await, Some(number));
        }
        assert!(lock(&flights.table).calls.is_empty());
        kept.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn what_a_detached_flight_finds_out_is_kept_unless_a_newer_one_was_faster() {
        assert_eq!(kept_of_two(Flights::detach_all, [1, 2]).await, [1, 2]);
        assert_eq!(kept_of_two(Flights::detach_all, [2, 1]).await, [2]);
    }

    /// A call that finds out `answer` when `landing` is told.
    async fn told(landing: oneshot::Receiver<()>, answer: usize) -> usize {
        landing.await.unwrap();
        answer
    }

    /// Two calls alone, of which the second lands first: what is kept.
    async fn kept(first: usize, second: usize) -> Vec<usize> {
        let weigh = |answer: &usize| match answer {
            0 => Weight::Nothing,
            1..10 => Weight::UntilNewer,
            10.. => Weight::Final,
        };
        let (flights, kept) = (Flights::new(weigh), Mutex::new(Vec::new()));
        let keep = |answer: &usize| kept.lock().unwrap().push(*answer);
        let (land_first, landing) = oneshot::channel();
        let first = flights.alone(key("a"), told(landing, first), keep);
        let second = flights.alone(key("a"), async { second }, keep);
        let both = async {
            second.await;
            land_first.send(()).unwrap();
        };
        join!(biased; first, both);
        assert!(lock(&flights.table).calls.is_empty());
        kept.into_inner().unwrap()
    }

    #[tokio::test]
    async fn the_answer_of_an_older_call_is_not_kept_over_that_of_a_newer_one() {
        assert_eq!(kept(1, 2).await, [2]);
        assert_eq!(kept(1, 10).await, [10]);
        assert_eq!(kept(10, 1).await, [1, 10]);
        assert_eq!(kept(1, 0).await, [1]);
        assert_eq!(kept(0, 1).await, [1]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_found_out_alone_takes_the_flight_off_the_table_and_nothing_does_not() {
        for (answer, is_there) in [(Weight::Nothing, true), (Weight::UntilNewer, false)] {
            let flights = Flights::new(|weight: &Weight| *weight);
            let shared = flights.join(key("a"), pending, |_| {});
            flights.alone(key("a"), async { answer }, |_| {}).await;
            assert_eq!(can_be_joined(&flights, key("a")), is_there);
            drop(shared);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_alone_that_is_given_up_leaves_nothing_behind() {
        let flights: Flights<usize> = Flights::new(|_| Weight::UntilNewer);
        let call = flights.alone(key("a"), pending(), |_| {});
        assert!(timeout(Duration::from_secs(1), call).await.is_err());
        assert!(lock(&flights.table).calls.is_empty());
    }

    /// Whoever watches spans, and uses the calls meanwhile.
    struct Nosy(Arc<Flights<usize>>);

    impl<S: Subscriber> Layer<S> for Nosy {
        fn on_follows_from(&self, _: &Id, _: &Id, _: Context<'_, S>) {
            assert!(can_be_joined(&self.0, key("a")));
        }
    }

    #[test]
    fn whoever_watches_spans_is_not_called_with_the_table_locked() {
        let (tell, told) = mpsc::channel();
        // In a thread, for one that never comes back.
        thread::spawn(move || {
            let flights = Arc::new(Flights::new(|_| Weight::UntilNewer));
            let runtime = Builder::new_current_thread().build().unwrap();
            let _here = runtime.enter();
            let nosy = registry().with(Nosy(Arc::clone(&flights)));
            with_default(nosy, || {
                let _request = info_span!("request").entered();
                let join = || flights.join(key("a"), pending, |_| {}).is_first;
                tell.send([join(), join()]).unwrap();
            });
        });
        let seen = told.recv_timeout(Duration::from_secs(20));
        assert_eq!(seen, Ok([true, false]));
    }
}
