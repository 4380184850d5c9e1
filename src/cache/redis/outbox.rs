//! What others have yet to be told.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, oneshot};

use super::message::What;
use crate::types::AuthSession;

/// The most revocations that wait. One more, and all of them become one: everything.
const CAPACITY: usize = 1024;

/// In the order in which they came. Nothing leaves it before it has been delivered.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queue: Mutex<Queue>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    letters: VecDeque<Letter>,
    count: u64,
}

#[derive(Debug)]
struct Letter {
    number: u64,
    what: What,
    /// Those who wait until it is delivered.
    senders: Vec<oneshot::Sender<()>>,
}

impl Outbox {
    /// The answer comes when it has been delivered.
    pub(super) fn push(&self, what: What) -> oneshot::Receiver<()> {
        let (sender, delivered) = oneshot::channel();
        let mut queue = self.queue();
        let (what, mut senders) = if queue.letters.len() < CAPACITY {
            (what, Vec::new())
        } else {
            let all = queue.letters.drain(..).flat_map(|letter| letter.senders);
            // Most have been given up: in a long outage they would be without end.
            let waiting = all.filter(|sender| !sender.is_closed()).collect();
            (What::Everything, waiting)
        };
        senders.push(sender);
        queue.count += 1;
        let number = queue.count;
        queue.letters.push_back(Letter {
            number,
            what,
            senders,
        });
        drop(queue);
        self.wake.notify_one();
        delivered
    }

    /// The oldest letters, with their numbers. Waits for one.
    pub(super) async fn peek(&self, most: usize) -> Vec<(u64, What)> {
        loop {
            let letters: Vec<_> = {
                let queue = self.queue();
                let letters = queue.letters.iter().take(most);
                letters
                    .map(|letter| (letter.number, letter.what.clone()))
                    .collect()
            };
            if !letters.is_empty() {
                return letters;
            }
            self.wake.notified().await;
        }
    }

    /// These are delivered. One that has become part of another since is delivered with that.
    pub(super) fn delivered(&self, numbers: &[u64]) {
        let mut queue = self.queue();
        queue.letters.retain_mut(|letter| {
            let is_delivered = numbers.contains(&letter.number);
            if is_delivered {
                for sender in letter.senders.drain(..) {
                    // Whoever does not wait any more need not hear of it.
                    let _ = sender.send(());
                }
            }
            !is_delivered
        });
    }

    /// Whether something about this session waits.
    pub(super) fn is_about(&self, session: &AuthSession) -> bool {
        let queue = self.queue();
        queue.letters.iter().any(|letter| match &letter.what {
            What::Session(id) => *id == session.session.id,
            What::User(id) => *id == session.user.id,
            What::Everything => true,
            What::Nothing => false,
        })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(number: usize) -> What {
        What::User(format!("u{number}"))
    }

    fn session() -> AuthSession {
        let answer = json!({
            "user": {"id": "u1"},
            "session": {"id": "s1", "expiresAt": "2099-11-27T09:32:22.106Z"},
        });
        serde_json::from_value(answer).unwrap()
    }

    #[tokio::test]
    async fn what_is_not_delivered_stays_and_what_is_is_told() {
        let outbox = Outbox::default();
        let mut first = outbox.push(user(1));
        let mut second = outbox.push(user(2));
        let letters = outbox.peek(10).await;
        assert_eq!(letters, [(1, user(1)), (2, user(2))]);
        assert_eq!(outbox.peek(1).await, [(1, user(1))]);
        outbox.delivered(&[1]);
        assert_eq!(first.try_recv(), Ok(()));
        assert!(second.try_recv().is_err());
        assert_eq!(outbox.peek(10).await, [(2, user(2))]);
    }

    #[tokio::test]
    async fn too_many_become_everything_and_nobody_is_told_too_early() {
        let outbox = Outbox::default();
        let mut waiting: Vec<_> = (0..CAPACITY).map(|it| outbox.push(user(it))).collect();
        let under_way: Vec<u64> = outbox.peek(3).await.iter().map(|(it, _)| *it).collect();
        waiting.push(outbox.push(user(CAPACITY)));
        let letters = outbox.peek(10).await;
        assert_eq!(letters, [(CAPACITY as u64 + 1, What::Everything)]);
        outbox.delivered(&under_way);
        assert!(waiting.iter_mut().all(|it| it.try_recv().is_err()));
        outbox.delivered(&[letters[0].0]);
        assert!(waiting.iter_mut().all(|it| it.try_recv().is_ok()));
    }

    #[test]
    fn those_who_gave_up_take_no_room_however_long_nothing_is_delivered() {
        let outbox = Outbox::default();
        for number in 0..10 * CAPACITY {
            drop(outbox.push(user(number)));
        }
        let queue = outbox.queue();
        let senders = queue.letters.iter().map(|letter| letter.senders.len());
        assert!(senders.sum::<usize>() <= CAPACITY);
    }

    #[test]
    fn it_knows_what_is_about_a_session() {
        for (what, expected) in [
            (user(1), true),
            (user(2), false),
            (What::Session("s1".into()), true),
            (What::Session("u1".into()), false),
            (What::Everything, true),
            (What::Nothing, false),
        ] {
            let outbox = Outbox::default();
            drop(outbox.push(what.clone()));
            assert_eq!(outbox.is_about(&session()), expected, "{what:?}");
            outbox.delivered(&[1]);
            assert!(!outbox.is_about(&session()));
        }
    }
}
