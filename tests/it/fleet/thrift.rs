use std::time::Duration;

use futures_util::{StreamExt, stream};
use http::StatusCode;
use tower_better_auth::testing::{AuthServer, SignedIn, user};

use super::{PROCESSES, given, process::Process, until_heard};
use crate::{revocation::acts::Place, support::redis::RedisServer};

/// A request every ten seconds, for five minutes, in each process.
const REQUESTS: usize = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::cast_precision_loss, clippy::print_stdout)]
async fn three_processes_make_ninety_eight_percent_fewer_calls_than_they_get_requests() {
    let (redis, server) = (RedisServer::start().await, AuthServer::start().await);
    let processes: Vec<Process> = (0..PROCESSES)
        .map(|_| Process::start(server.url(), &redis.url()))
        .collect();
    let places: Vec<Place> = processes.iter().map(Process::place).collect();
    let sessions = given("FLEET_SESSIONS", 100);
    let people: Vec<SignedIn> = (0..sessions)
        .map(|number| server.sign_in(user(format!("user{number}"))))
        .collect();
    until_heard(&places).await;
    redis.order("CONFIG RESETSTAT").await;
    let before = used(&redis).await;
    server.forget_requests();

    // One place after the other, so that the second finds what the first was told.
    for place in &places {
        let visits = stream::iter(&people).for_each_concurrent(16, async |one| {
            let cookie = one.cookie().to_str().unwrap().to_owned();
            for _ in 0..REQUESTS {
                let seen = place.get(&cookie, "/me").await;
                assert_eq!(seen.status, StatusCode::OK);
            }
        });
        visits.await;
        // What is told is written in the background.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }

    let requests = sessions * REQUESTS * PROCESSES;
    let calls = server.session_calls();
    let fewer = 100.0 * (1.0 - calls as f64 / requests as f64);
    println!(
        "fleet: {sessions} sessions, {requests} requests to {PROCESSES} processes: {calls} calls, {fewer:.1} % fewer"
    );
    assert!(fewer >= 98.0);
    let looked = redis.count("getrange").await;
    let misses = u64::try_from(sessions * PROCESSES).unwrap();
    println!(
        "fleet: a miss in the first level costs {:.2} commands of Redis; a session takes {} bytes there",
        looked as f64 / misses as f64,
        (used(&redis).await - before) / u64::try_from(sessions).unwrap(),
    );
    // Where the machine is so busy that others are not heard for a moment, nobody looks.
    assert!(looked <= misses, "{looked}");
    if sessions >= 1000 {
        let bytes = of_a_million(&redis).await;
        println!(
            "fleet: a million sessions take {} MB in Redis",
            bytes / 1_000_000
        );
    }
}

/// What Redis needs for a million sessions like the ones that are there.
async fn of_a_million(redis: &RedisServer) -> u64 {
    const MANY: &str = "20000";
    const COPY: &[u8] = b"local value = redis.call('GET', KEYS[1]) \
        for number = 1, ARGV[2] do \
        local name = string.sub(KEYS[1], 1, -9) .. string.format('%02d_%05d', ARGV[1], number) \
        redis.call('SET', name, value, 'PX', 300000) end";
    let entries = redis.entries().await;
    let before = used(redis).await;
    for batch in 0..50 {
        let batch = batch.to_string();
        let arguments = [&entries[0], batch.as_bytes(), MANY.as_bytes()];
        let command = [&[&b"EVAL"[..], COPY, b"1"], &arguments[..]].concat();
        redis.run::<redis::Value>(&command).await.unwrap();
    }
    used(redis).await - before
}

async fn used(redis: &RedisServer) -> u64 {
    let memory: String = redis.run(&[b"INFO", b"memory"]).await.unwrap();
    let used = memory
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    used.unwrap().trim().parse().unwrap()
}
