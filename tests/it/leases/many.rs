//! Thousands of leases at once.

use tokio::{task::JoinSet, time::Instant};
use tower_better_auth::lease::Ended;

use super::{MINUTE, SECOND};
use crate::support::{
    answer,
    mock::{Act, Mock, settle},
};

const COUNT: usize = 1000;

/// Opens that many for one session each; gives what becomes of them.
async fn open(mock: &Mock) -> (tower_better_auth::BetterAuth, JoinSet<(Ended, Instant)>) {
    let auth = mock.builder().max_concurrency(16).build().unwrap();
    let cookie = answer::cookie().parse().unwrap();
    let headers = http::HeaderMap::from_iter([(http::header::COOKIE, cookie)]);
    let mut leases = JoinSet::new();
    for _ in 0..COUNT {
        let mut lease = auth.lease(&headers).await.unwrap();
        leases.spawn(async move { (lease.ended().await, Instant::now()) });
    }
    settle().await;
    (auth, leases)
}

#[tokio::test(start_paused = true)]
async fn a_thousand_ask_a_thousand_times_a_minute_and_not_all_at_once() {
    let mock = Mock::new();
    let (_auth, leases) = open(&mock).await;
    mock.takes(SECOND / 10);
    let before = mock.count();
    tokio::time::sleep(10 * MINUTE).await;
    let asked = mock.count() - before;
    assert!((COUNT * 9..=COUNT * 11).contains(&asked), "{asked}");
    assert!(mock.most_at_once() <= 16);
    assert_eq!(leases.len(), COUNT);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_that_are_revoked_together_are_over_within_seconds_and_no_stampede() {
    let mock = Mock::new();
    let (auth, leases) = open(&mock).await;
    mock.does(Act::signed_out());
    mock.takes(SECOND / 100);
    let begin = Instant::now();
    let before = mock.count();
    auth.invalidate_all().await;
    let ended = leases.join_all().await;
    assert_eq!(mock.count() - before, COUNT);
    assert!(mock.most_at_once() <= 16);
    let times: Vec<_> = ended.iter().map(|(_, at)| *at - begin).collect();
    assert!(ended.iter().all(|(ended, _)| *ended == Ended::SignedOut));
    assert!(times.iter().max().unwrap() <= &(3 * SECOND), "{times:?}");
    let first_half_second = times.iter().filter(|time| **time < SECOND / 2).count();
    assert!(first_half_second < COUNT / 2, "{first_half_second}");
}

#[tokio::test(start_paused = true)]
async fn leases_that_are_let_go_ask_nothing_more() {
    let mock = Mock::new();
    let (auth, mut leases) = open(&mock).await;
    leases.shutdown().await;
    let before = mock.count();
    auth.invalidate_all().await;
    tokio::time::sleep(10 * MINUTE).await;
    assert_eq!(mock.count(), before);
}
