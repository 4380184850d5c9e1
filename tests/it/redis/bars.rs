//! What sharing costs, and how fast revocations are: measured, and held.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{MILLI, builder, get, listening, process, redis, until_entries};
use crate::support::{
    app::App,
    mock::{Act, Mock},
    redis::RedisServer,
};

#[tokio::test]
async fn a_hit_in_the_second_level_is_one_round_trip_and_one_in_the_first_is_none() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (_, first) = process(&mock, &server).await;
    let (_, second) = process(&mock, &server).await;
    get(&first).await.assert_ok();
    until_entries(&server, 1).await;
    // What processes say to each other goes on meanwhile.
    const OF_THE_BUS: [&str; 3] = ["xread", "xrange", "set"];
    server.order("CONFIG RESETSTAT").await;
    for _ in 0..10 {
        get(&second).await.assert_ok();
    }
    let stats: String = server.run(&[b"INFO", b"commandstats"]).await.unwrap();
    let ours = stats.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let is_tests = name.starts_with("config") || name.starts_with("client");
        let is_ours = !is_tests && !OF_THE_BUS.contains(&name) && !["info", "ping", "hello"].contains(&name);
        is_ours.then(|| (name.to_owned(), rest.split(',').next().unwrap().to_owned()))
    });
    let ours: Vec<_> = ours.collect();
    assert_eq!(ours, [("get".to_owned(), "1".to_owned())]);
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
    mock.plays(|call| {
        let cookie = call.headers()["cookie"].to_str().unwrap();
        match cookie.contains("gone") {
            true => Act::signed_out(),
            false => Act::signed_in(),
        }
    });
    let mut fleet = Vec::new();
    for _ in 0..3 {
        fleet.push(process(&mock, &server).await);
    }
    let mut times = Vec::new();
    for round in 0..100 {
        for (_, app) in &fleet {
            get(app).await.assert_ok();
        }
        let before = mock.count();
        let begun = Instant::now();
        fleet[round % 3].0.invalidate_user("u1").await;
        // Each of the others asks the auth server anew, or takes what another was told since.
        for (number, (auth, _)) in fleet.iter().enumerate() {
            if number != round % 3 {
                times.push(until_forgotten(auth, begun).await);
            }
        }
        assert!(mock.count() > before || round > 0);
        sleep(MILLI).await;
    }
    let [middle, p99, longest] = percentiles(times);
    println!("revocations: middle {middle:?}, p99 {p99:?}, longest {longest:?}");
    assert!(middle < 50 * MILLI, "{middle:?}");
    assert!(p99 < 1000 * MILLI, "{p99:?}");
}

/// When a session is not remembered any more: a check of it without asking says so.
async fn until_forgotten(auth: &tower_better_auth::BetterAuth, begun: Instant) -> Duration {
    let app = App::optional(auth.clone());
    loop {
        let seen = get(&app).await;
        seen.assert_ok();
        if auth.readiness().cached_sessions == 0 || seen.body["name"] != "Ada" {
            return begun.elapsed();
        }
        if begun.elapsed() > 20 * Duration::from_secs(1) {
            return begun.elapsed();
        }
        sleep(MILLI / 4).await;
    }
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
    println!("second level: middle {middle:?}, p99 {p99:?}, longest {longest:?}");
    assert!(middle < tower_better_auth::Redis::TIMEOUT / 2, "{middle:?}");
}
