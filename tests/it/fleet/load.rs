use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::time::sleep;

use super::{Fleet, given};
use crate::support::node::SignedIn;

const CLIENTS: usize = 8;

/// What the clients have seen.
#[derive(Default)]
struct Seen {
    admitted: AtomicU64,
    refused: AtomicU64,
    wrong: AtomicU64,
    errors: AtomicU64,
}

impl Fleet {
    /// One request after another, of somebody who stays and somebody who has long gone, to each process in turn.
    async fn visit(&self, stays: &SignedIn, gone: &SignedIn, seen: &Seen, end: Instant) {
        let mut turn = 0;
        while Instant::now() < end {
            turn += 1;
            let place = &self.world.places[turn % self.world.places.len()];
            let (who, right) = if turn % 4 == 0 {
                (gone, 401)
            } else {
                (stays, 200)
            };
            let count = match place.get(&who.cookie, "/me").await.status.as_u16() {
                200 if right == 200 => &seen.admitted,
                401 if right == 401 => &seen.refused,
                200 | 401 => &seen.wrong,
                _ => &seen.errors,
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::print_stdout)]
async fn a_redis_that_is_killed_and_comes_back_under_load_gives_nobody_a_wrong_answer() {
    let fleet = Fleet::start().await;
    let (stays, gone) = (
        fleet.world.remembered("ada").await,
        fleet.world.remembered("grace").await,
    );
    fleet.world.do_as(&gone, "sign-out", json!({})).await;
    fleet.world.until_refused("sign-out", &gone).await;

    let seen = Seen::default();
    let times = given("FLEET_ROUNDS", 1);
    let round = Duration::from_secs(3);
    let end = Instant::now() + round * u32::try_from(times).unwrap() + Duration::from_secs(1);
    let clients = (0..CLIENTS).map(|_| fleet.visit(&stays, &gone, &seen, end));
    let faults = async {
        for _ in 0..times {
            sleep(round / 3).await;
            fleet.redis.kill();
            sleep(round / 3).await;
            fleet.redis.restart().await;
            sleep(round / 3).await;
        }
    };
    join(join_all(clients), faults).await;
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (admitted, refused) = (count(&seen.admitted), count(&seen.refused));
    let (wrong, errors) = (count(&seen.wrong), count(&seen.errors));
    println!(
        "fleet: Redis killed {times} times under load: {} requests, {wrong} wrong answers, {errors} errors",
        admitted + refused + wrong + errors
    );
    assert!(admitted > 0 && refused > 0);
    assert_eq!((wrong, errors), (0, 0));
}
