//! Whose turn it is to call: the places are bounded, and strangers cannot have them all.
//!
//! A made-up cookie costs a place for as long as the auth server takes over it, at the worst the whole deadline, also when
//! whoever sent it hung up long ago. So a quarter of the places is for credentials that were found active lately: however
//! many cookies somebody makes up, and however slow the server is over them, those who are signed in get theirs checked.
//!
//! Nor do they fill the memory: each who waits is a task and a socket. So those whom nobody knows wait in a line that has
//! an end. Those who are known are as few as there are sessions.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Whether a credential was found active lately. Decides about its place in the queue, and about nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Known,
    Unknown,
}

/// The most strangers that wait for one of their places: about as many as a Node process answers within
/// the deadline.
const MOST_WAITING: usize = 4096;

/// The calls that may be under way at once.
#[derive(Debug)]
pub(super) struct Lanes {
    places: Semaphore,
    /// As many of them as strangers may have.
    for_unknown: Semaphore,
    /// For strangers who wait for one of those.
    line: Semaphore,
}

/// The place of one call, given back when dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    _place: SemaphorePermit<'a>,
    _for_unknown: Option<SemaphorePermit<'a>>,
}

impl Lanes {
    pub(super) fn new(places: usize) -> Self {
        Self {
            places: Semaphore::new(places),
            for_unknown: Semaphore::new(most_for_unknown(places)),
            line: Semaphore::new(MOST_WAITING),
        }
    }

    /// Waits for a place, first come, first served. `None` at once where too many wait.
    ///
    /// A stranger queues for the common places only with a pass of its own in hand, so that no more than those passes
    /// ever stand before somebody known.
    ///
    /// # Cancel safety
    ///
    /// Whoever stops waiting leaves the queue, and gives back what it held.
    pub(super) async fn enter(&self, lane: Lane) -> Option<Place<'_>> {
        let for_unknown = match lane {
            Lane::Known => None,
            Lane::Unknown => Some(self.pass().await?),
        };
        Some(Place {
            _place: self.places.acquire().await.ok()?,
            _for_unknown: for_unknown,
        })
    }

    async fn pass(&self) -> Option<SemaphorePermit<'_>> {
        let _in_line = self.line.try_acquire().ok()?;
        self.for_unknown.acquire().await.ok()
    }
}

/// Three quarters, and at least one: of a single place nothing can be kept back.
fn most_for_unknown(places: usize) -> usize {
    let kept_back = places.div_ceil(4);
    (places - kept_back).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::{FutureExt, poll};
    use tokio::time::timeout;

    use super::*;

    /// As many places as can be had one after the other in this lane.
    async fn fill(lanes: &Lanes, lane: Lane) -> Vec<Place<'_>> {
        let mut places = Vec::new();
        while let Ok(place) = timeout(Duration::from_millis(1), lanes.enter(lane)).await {
            places.push(place.unwrap());
        }
        places
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_get_three_quarters_and_the_known_all() {
        for (places, expected) in [
            (1, 1),
            (2, 1),
            (3, 2),
            (4, 3),
            (5, 3),
            (8, 6),
            (64, 48),
            (100, 75),
        ] {
            let lanes = Lanes::new(places);
            let strangers = fill(&lanes, Lane::Unknown).await;
            assert_eq!(strangers.len(), expected, "{places}");
            assert_eq!(fill(&lanes, Lane::Known).await.len(), places - expected);
            drop(strangers);
            let known = fill(&lanes, Lane::Known).await;
            assert_eq!(known.len(), places);
            assert_eq!(fill(&lanes, Lane::Unknown).await.len(), 0, "{places}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_stops_waiting_holds_up_nobody() {
        for lane in [Lane::Known, Lane::Unknown] {
            let lanes = Lanes::new(4);
            let full = fill(&lanes, Lane::Known).await;
            // One is given up while it waits for the common places, with its pass in hand.
            assert_eq!(fill(&lanes, Lane::Unknown).await.len(), 0);
            assert_eq!(fill(&lanes, lane).await.len(), 0);
            drop(full);
            assert_eq!(fill(&lanes, Lane::Unknown).await.len(), 3, "{lane:?}");
            assert_eq!(fill(&lanes, Lane::Known).await.len(), 4, "{lane:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_line_of_strangers_has_an_end_and_moves_on() {
        let lanes = Lanes::new(4);
        let mut places = fill(&lanes, Lane::Unknown).await;
        assert_eq!(places.len(), 3);
        let mut line = Vec::new();
        for _ in 0..MOST_WAITING {
            let mut stranger = Box::pin(lanes.enter(Lane::Unknown));
            assert!(poll!(&mut stranger).is_pending());
            line.push(stranger);
        }
        let late = lanes.enter(Lane::Unknown).now_or_never();
        assert!(late.unwrap().is_none());
        // Who is known stands in another.
        let known = lanes.enter(Lane::Known).now_or_never();
        assert!(known.unwrap().is_some());
        // One gets a place, one gives up, and two may come.
        drop(places.pop());
        assert!(line.remove(0).await.is_some());
        drop(line.pop());
        for may_wait in [true, true, false] {
            let mut stranger = Box::pin(lanes.enter(Lane::Unknown));
            assert_eq!(poll!(&mut stranger).is_pending(), may_wait);
            line.push(stranger);
        }
    }

    #[test]
    fn as_many_places_as_there_can_be_overflow_nothing() {
        let lanes = Lanes::new(Semaphore::MAX_PERMITS);
        assert_eq!(lanes.places.available_permits(), Semaphore::MAX_PERMITS);
    }
}
