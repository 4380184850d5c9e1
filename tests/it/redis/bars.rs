//! What sharing costs, and how fast revocations are: measured, and held.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::sleep;

use super::{MILLI, builder, get, listening, process, redis, until_entries};
use crate::support::{
    app::App,
    mock::{Act, Mock},
    redis::RedisServer,
};

/// What processes say to each other, and what connections say when they open.
const OF_THE_BUS: [&str; 6] = ["xread", "xrange", "set", "info", "ping", "hello"];

#[tokio::test]
async fn a_hit_in_the_second_level_is_one_round_trip_and_one_in_the_first_is_none() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (_, first) = process(&mock, &server).await;
    let (_, second) = process(&mock, &server).await;
    get(&first).await.assert_ok();
    until_entries(&server, 1).await;
    server.order("CONFIG RESETSTAT").await;
    for _ in 0..10 {
        get(&second).await.assert_ok();
    }
    let stats: String = server.run(&[b"INFO", b"commandstats"]).await.unwrap();
    let ours = stats.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let is_tests = name.starts_with("config") || name.starts_with("client");
        let is_ours = !is_tests && !OF_THE_BUS.contains(&name);
        is_ours.then(|| (name.to_owned(), rest.split(',').next().unwrap().to_owned()))
    });
    let ours: Vec<_> = ours.collect();
    assert_eq!(ours, [("getrange".to_owned(), "1".to_owned())]);
}

/// Middle, 99th of a hundred, and longest.
fn percentiles(mut times: Vec<Duration>) -> [Duration; 3] {
    times.sort();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    [at(50), at(99), at(100)]
}

#[tokio::test]
async fn a_revocation_in_one_of_three_processes_is_seen_by_the_others_within_milliseconds() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let mut fleet = Vec::new();
    for _ in 0..3 {
        // With a decoder of one's own, nobody is remembered as signed out.
        let own = builder(&mock, redis(server.url()).namespace("own"));
        let own = own.decode_with(|body| Ok(serde_json::from_slice(body)?));
        fleet.push(listening(own).await);
    }
    let mut times = Vec::new();
    for round in 0..100 {
        mock.does(Act::signed_in());
        for (_, app) in &fleet {
            get(app).await.assert_ok();
        }
        mock.does(Act::signed_out());
        let (auth, _) = &fleet[round % 3];
        let begun = Instant::now();
        let others = [&fleet[(round + 1) % 3].1, &fleet[(round + 2) % 3].1];
        let seen = others.map(|app| until_refused(app, begun));
        let ((), seen) = tokio::join!(auth.invalidate_user("u1"), join_all(seen));
        times.extend(seen);
    }
    let [middle, p99, longest] = percentiles(times);
    eprintln!("revocations: middle {middle:?}, p99 {p99:?}, longest {longest:?}");
    assert!(middle < 50 * MILLI, "{middle:?}");
    assert!(p99 < 1000 * MILLI, "{p99:?}");
}

async fn until_refused(app: &App, begun: Instant) -> Duration {
    while get(app).await.status != 401 {
        assert!(begun.elapsed() < 20_000 * MILLI, "it is still let in");
        sleep(MILLI).await;
    }
    begun.elapsed()
}

#[tokio::test]
async fn a_look_takes_a_fraction_of_the_time_out_that_is_set_by_default() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (_, first) = process(&mock, &server).await;
    let (_, second) = listening(builder(&mock, redis(server.url()))).await;
    let cookies: Vec<_> = (0..100)
        .map(|number| format!("better-auth.session_token=somebody{number}.s"))
        .collect();
    for cookie in &cookies {
        first.get_as(cookie, "/me").await.assert_ok();
    }
    until_entries(&server, 100).await;
    let before = mock.count();
    let mut times = Vec::new();
    for cookie in &cookies {
        let begun = Instant::now();
        second.get_as(cookie, "/me").await.assert_ok();
        times.push(begun.elapsed());
    }
    assert_eq!(mock.count(), before);
    let [middle, p99, longest] = percentiles(times);
    eprintln!("second level: middle {middle:?}, p99 {p99:?}, longest {longest:?}");
    assert!(middle < tower_better_auth::Redis::TIMEOUT / 2, "{middle:?}");
}
