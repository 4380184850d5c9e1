//! Hears what other processes revoke, and notices when it cannot.
//!
//! # Heard
//!
//! Others are heard at a moment if a read that was sent then was answered, every entry in the answer was taken note of,
//! the entry before them was still there, and Redis took a write. The last two are what makes silence mean that nobody
//! has said anything: entries may have been lost, or nobody may have been able to add one.
//!
//! # A gap
//!
//! If the last entry that was read is gone, Redis was emptied, or has forgotten writes, and what else is gone nobody can
//! tell: everything is void, here and in every process that hears of it. So that it is never gone for age, somebody adds
//! an entry that says nothing before it is old.

use std::{
    convert::Infallible,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use redis::{RedisError, Value, cmd, streams::StreamReadReply};
use tokio::time::{Instant, sleep};

use super::{
    connection::Link,
    core::{Core, Listening, cause},
    message::{Message, What},
};
use crate::{
    cache::{Invalidation, Position},
    observe,
};

/// The most entries in one answer. How long one may be only Redis bounds, with `proto-max-bulk-len`: unlike a value, an entry
/// of a stream is to be had whole or not at all.
const BATCH: usize = 1000;

/// Between two attempts to connect: doubled from the first to the last.
const WAITS: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];

/// How long the probe stays, in milliseconds, when nobody writes it any more.
const PROBE: u64 = 60_000;

/// By how much Redis's clock may be ahead: a day.
const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// Why others are not heard.
enum Deafness {
    Redis(RedisError),
    /// An answer that Redis does not give.
    Odd,
    /// Entries may have been lost.
    Gap,
}

impl From<RedisError> for Deafness {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}

impl Core {
    /// Goes on for as long as somebody holds the handle.
    pub(super) async fn listen(&self) {
        let mut wait = WAITS[0];
        loop {
            let begun = Instant::now();
            let Err(deafness) = self.listen_until_deaf().await;
            observe::bus(false);
            match deafness {
                Deafness::Gap => {
                    self.trouble("revocations may have been lost", "gap");
                    self.start_over();
                }
                Deafness::Redis(error) => {
                    self.trouble("other processes are not heard", &cause(&error));
                }
                Deafness::Odd => self.trouble("other processes are not heard", "odd answer"),
            }
            let silence = self.hearing.silence(Instant::now());
            if silence.is_some_and(|silence| silence < begun.elapsed()) {
                wait = WAITS[0];
            }
            sleep(wait).await;
            wait = (wait * 2).min(WAITS[1]);
        }
    }

    async fn listen_until_deaf(&self) -> Result<Infallible, Deafness> {
        let mut link = self.server.connect_to_wait().await?;
        self.connect().await?;
        loop {
            self.turn(&mut link).await?;
            if self.take_suspicion() {
                self.connect().await?;
            }
        }
    }

    /// Hears what there is, or waits a little for something.
    async fn turn(&self, link: &mut Link) -> Result<(), Deafness> {
        let Some(last) = self.listening().cursor() else {
            return self.begin(link).await;
        };
        let asked = Instant::now();
        let is_all = self.read(link, last, Some(self.turn)).await?;
        if !self.is_there(link, last).await? {
            return Err(Deafness::Gap);
        }
        self.probe(link).await?;
        if is_all {
            self.hearing.heard(asked);
            observe::bus(true);
        }
        self.say_something(link).await
    }

    /// Reads the stream from its beginning. An empty one begins with everything: what was there nobody can tell.
    async fn begin(&self, link: &mut Link) -> Result<(), Deafness> {
        let mut last = Position::START;
        while !self.read(link, last, None).await? {
            last = self.listening().cursor.unwrap_or(last);
        }
        last = self.listening().cursor.unwrap_or(last);
        let is_for_all = self.listening().has_to_be_told(self.keep);
        if last == Position::START || is_for_all {
            self.tell(link, &What::Everything).await?;
            self.read(link, last, Some(self.turn)).await?;
            if self.listening().cursor <= Some(last) {
                return Err(Deafness::Odd);
            }
        }
        self.listening().gap = None;
        Ok(())
    }

    /// Takes note of the next entries; whether these were all.
    async fn read(
        &self,
        link: &mut Link,
        after: Position,
        wait: Option<Duration>,
    ) -> Result<bool, Deafness> {
        let mut read = cmd("XREAD");
        read.arg("COUNT").arg(BATCH);
        if let Some(wait) = wait {
            let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            read.arg("BLOCK").arg(millis.max(1));
        }
        read.arg("STREAMS").arg(&self.stream).arg(after.id());
        let reply: Option<StreamReadReply> = link.run(&read).await?;
        // Behind an entry of the far future, Redis would take no other.
        let latest = millis(SystemTime::now() + AHEAD);
        let mut count = 0;
        for entry in reply
            .into_iter()
            .flat_map(|it| it.keys)
            .flat_map(|it| it.ids)
        {
            let at = Position::parse(&entry.id).filter(|at| *at > after && at.millis < latest);
            let at = at.ok_or(Deafness::Odd)?;
            let sealed = entry.map.get("m").and_then(|value| match value {
                Value::BulkString(bytes) => Some(bytes.as_slice()),
                _ => None,
            });
            self.hear(at, sealed);
            count += 1;
        }
        Ok(count < BATCH)
    }

    fn hear(&self, at: Position, sealed: Option<&[u8]>) {
        let plain = sealed.and_then(|sealed| self.seals.bus.open(&self.stream, sealed));
        let message: Option<Message> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        self.listening().hear(at, message.as_ref(), self.keep);
        let Some(Message { origin, what }) = message else {
            observe::revocation("unreadable");
            let what = "a revocation was not written by a process with this secret";
            self.trouble(what, "unreadable");
            return;
        };
        if let Some(what) = what.invalidation().filter(|_| origin != self.origin) {
            observe::revocation("heard");
            self.revoke_here(what);
        }
    }

    async fn is_there(&self, link: &mut Link, last: Position) -> Result<bool, Deafness> {
        let mut range = cmd("XRANGE");
        range.arg(&self.stream).arg(last.id()).arg(last.id());
        match link.run(&range).await? {
            Value::Array(entries) => Ok(!entries.is_empty()),
            _ => Err(Deafness::Odd),
        }
    }

    async fn probe(&self, link: &mut Link) -> Result<(), Deafness> {
        let mut set = cmd("SET");
        set.arg(&self.probe).arg(1).arg("PX").arg(PROBE);
        link.run::<Value>(&set).await?;
        Ok(())
    }

    /// Before the last entry is so old that the next one drives it out.
    async fn say_something(&self, link: &mut Link) -> Result<(), Deafness> {
        let is_old = self
            .listening()
            .has_been_quiet(self.keep / 2, Instant::now());
        if is_old {
            self.tell(link, &What::Nothing).await?;
        }
        Ok(())
    }

    async fn tell(&self, link: &mut Link, what: &What) -> Result<(), Deafness> {
        if let Some(add) = self.add(what) {
            link.run::<Value>(&add).await?;
        }
        Ok(())
    }

    /// Everything is void, and the stream is read from its beginning.
    fn start_over(&self) {
        self.hearing.lost();
        {
            let mut listening = self.listening();
            *listening = Listening {
                gap: listening.cursor,
                ..Listening::default()
            };
        }
        self.revoke_here(Invalidation::Everything);
    }
}

fn millis(date: SystemTime) -> u64 {
    let since = date.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Listening {
    /// From where to read on; `None` if the stream has to be read from its beginning.
    fn cursor(&self) -> Option<Position> {
        self.cursor.filter(|_| self.gap.is_none())
    }

    /// Whether the gap is one that others have to hear of, now that the stream is read. Not if somebody has told since, and
    /// not if the entry is gone for age: then it was this process that was away.
    fn has_to_be_told(&self, keep: Duration) -> bool {
        let (Some(gap), Some(newest)) = (self.gap, self.cursor) else {
            return self.gap.is_some();
        };
        let is_old = u128::from(newest.millis.saturating_sub(gap.millis)) > keep.as_millis();
        !is_old && !self.marks.is_everything_void_at(gap)
    }

    /// `None` is an entry that no process of the fleet has written.
    fn hear(&mut self, at: Position, message: Option<&Message>, keep: Duration) {
        if self.cursor.is_none() {
            self.since = at;
        }
        self.cursor = Some(at);
        self.last = Some(Instant::now());
        if let Some(message) = message {
            self.heard = at;
            self.marks.mark(at, &message.what);
            self.forget(u64::try_from(keep.as_millis()).unwrap_or(u64::MAX));
        }
    }

    /// Lets go, now and then, of marks that nothing can be older than.
    fn forget(&mut self, keep: u64) {
        if self.heard.millis.saturating_sub(self.forgotten) >= keep {
            self.forgotten = self.heard.millis;
            self.marks
                .forget_before(self.heard.millis.saturating_sub(keep));
        }
    }

    fn has_been_quiet(&self, span: Duration, now: Instant) -> bool {
        self.last.is_some_and(|last| now >= last + span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Position {
        Position { millis, number: 0 }
    }

    fn nothing() -> Message {
        Message {
            origin: 1,
            what: What::Nothing,
        }
    }

    #[test]
    fn what_no_process_of_the_fleet_wrote_is_passed_over_and_not_heard() {
        let mut listening = Listening::default();
        listening.hear(at(7), Some(&nothing()), Duration::ZERO);
        listening.hear(at(8), None, Duration::ZERO);
        assert_eq!((listening.cursor(), listening.heard), (Some(at(8)), at(7)));
    }

    #[test]
    fn with_a_gap_the_stream_is_read_from_its_beginning_until_everything_is_void() {
        let mut listening = Listening {
            gap: Some(at(5)),
            ..Listening::default()
        };
        listening.hear(at(7), Some(&nothing()), Duration::ZERO);
        assert_eq!(listening.cursor(), None);
        listening.gap = None;
        assert_eq!(listening.cursor(), Some(at(7)));
    }

    #[test]
    fn others_hear_of_a_gap_unless_it_was_told_since_or_this_process_was_away_for_long() {
        let everything = Message {
            what: What::Everything,
            ..nothing()
        };
        let keep = Duration::from_millis(100);
        for (gap, heard, expected) in [
            (None, &nothing(), false),
            (Some(at(50)), &nothing(), true),
            (Some(at(100)), &nothing(), true),
            (Some(at(99)), &nothing(), true),
            (Some(at(250)), &nothing(), true),
            (Some(at(99)), &everything, false),
            (Some(at(250)), &everything, true),
        ] {
            let mut listening = Listening {
                gap,
                ..Listening::default()
            };
            listening.hear(at(150), Some(heard), keep);
            assert_eq!(listening.has_to_be_told(keep), expected, "{gap:?}");
            listening.hear(at(251), Some(&nothing()), keep);
            let is_near = gap.is_some_and(|gap| gap.millis >= 151);
            assert_eq!(listening.has_to_be_told(keep), is_near, "{gap:?}");
        }
        let unread = Listening {
            gap: Some(at(5)),
            ..Listening::default()
        };
        assert!(unread.has_to_be_told(keep));
    }

    #[tokio::test(start_paused = true)]
    async fn it_has_been_quiet_when_nothing_came_for_long_enough() {
        let (mut listening, second) = (Listening::default(), Duration::from_secs(1));
        assert!(!listening.has_been_quiet(second, Instant::now()));
        listening.hear(at(7), Some(&nothing()), Duration::ZERO);
        let now = Instant::now();
        assert!(!listening.has_been_quiet(second, now + second * 9 / 10));
        assert!(listening.has_been_quiet(second, now + second));
    }
}
