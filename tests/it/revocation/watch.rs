//! Watching Redis, key by key, and what is remembered while it is not heard.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{task::JoinHandle, time::sleep};
use tower_better_auth::{
    BetterAuth, Cache, ConfigError,
    secondary_storage::{PING_EVERY, SETTLED, UNHEARD_TTL},
};

use super::TTL;
use crate::support::{
    answer,
    app::App,
    lateness::{Lateness, Mark, Took},
    log,
    mock::Mock,
    redis::RedisServer,
};

/// Much longer than a change takes to arrive, and than it takes to be forgotten once more.
const AFTER_ALL: Duration = Duration::from_millis(800);

const TOKEN: &str = "DApjGEpC3uGvxuTKeYDwhrIySx8eCQOU";

/// An application in which a session of `u1` is remembered.
struct World {
    redis: RedisServer,
    mock: Mock,
    app: App,
    auth: BetterAuth,
    watch: JoinHandle<std::convert::Infallible>,
    lateness: Lateness,
}

impl World {
    async fn new(prefix: &str) -> Self {
        let (redis, mock) = (RedisServer::start().await, Mock::new());
        let builder = mock.builder().cache(Cache::ttl(TTL));
        let auth = builder.build().unwrap();
        let watch = auth.watch_secondary_storage(redis.url(), prefix);
        let world = Self {
            app: App::required(auth.clone()),
            auth,
            watch: tokio::spawn(watch.unwrap()),
            redis,
            mock,
            lateness: Lateness::start(),
        };
        world.redis.until_watched().await;
        // A new connection has everything forgotten.
        sleep(Duration::from_millis(100)).await;
        world.get_me().await;
        world
    }

    async fn get_me(&self) {
        self.app.get_as(&answer::cookie(), "/me").await.assert_ok();
    }

    /// Whether the session is asked for anew.
    async fn has_forgotten(&self) -> bool {
        let before = self.mock.count();
        self.get_me().await;
        self.mock.count() > before
    }

    /// How long it takes until the session is forgotten.
    async fn until_forgotten(&self) -> Took {
        self.until_forgotten_since(self.lateness.mark()).await
    }

    async fn until_forgotten_since(&self, mark: Mark) -> Took {
        let began = Instant::now();
        while !self.has_forgotten().await {
            assert!(began.elapsed() < 30 * AFTER_ALL, "it is not forgotten");
            sleep(Duration::from_millis(5)).await;
        }
        self.lateness.since(mark)
    }
}

fn stored(user: &str) -> String {
    json!({"session": {"id": "s1", "token": TOKEN}, "user": {"id": user}}).to_string()
}

#[tokio::test]
async fn a_change_of_a_users_sessions_has_the_user_forgotten_and_other_changes_have_not() {
    for prefix in ["better-auth:", ""] {
        let world = World::new(prefix).await;
        let key = |name: &str| format!("{prefix}{name}");
        let (list, token) = (key("active-sessions-u1"), key(TOKEN));
        let (u1, u2) = (stored("u1"), stored("u2"));
        let others: &[&[&str]] = &[
            &["SET", &token, &u2],
            &["DEL", &token],
            &["SET", &token, "no JSON"],
            &["SET", &key("active-sessions-u2"), "[]"],
            &["SET", &key("verification:u1"), &u1],
            &["INCR", &key("127.0.0.1|/get-session")],
            &["RPUSH", &key("list"), "x"],
            &["SET", "another:active-sessions-u1", "[]"],
        ];
        for change in others {
            world.redis.execute(change).await;
            sleep(Duration::from_millis(50)).await;
            assert!(!world.has_forgotten().await, "{change:?}");
        }
        let changes: &[&[&str]] = &[
            &["SET", &list, "[]"],
            &["EXPIRE", &list, "1000"],
            &["DEL", &list],
            &["SET", &key("revoked-sessions-before-u1"), "1"],
            &["SET", &token, &u1],
            &["SETEX", &token, "1000", &u1],
            &["FLUSHDB"],
            &["FLUSHALL"],
        ];
        for change in changes {
            world.redis.execute(change).await;
            let took = world.until_forgotten().await;
            let is_soon = took.is_below(Duration::from_secs(1));
            assert!(is_soon, "{change:?}: {took:?}");
            // What was forgotten for the second time is not taken for the first time of the next.
            sleep(AFTER_ALL).await;
            world.get_me().await;
        }
    }
}

#[tokio::test]
async fn a_user_is_forgotten_once_more_when_better_auth_must_be_through() {
    let world = World::new("better-auth:").await;
    let list = ["SET", "better-auth:active-sessions-u1", "[]"];
    let limit = Instant::now() + 30 * AFTER_ALL;
    loop {
        let changed = Instant::now();
        world.redis.execute(&list).await;
        world.until_forgotten().await;
        if changed.elapsed() < SETTLED {
            break;
        }
        assert!(Instant::now() < limit, "it is forgotten late");
        // So late that it may have been forgotten twice by now.
        sleep(AFTER_ALL).await;
        world.get_me().await;
    }
    let took = world.until_forgotten().await;
    assert!(took.is_below(2 * SETTLED), "{took:?}");
    sleep(AFTER_ALL).await;
    assert!(!world.has_forgotten().await);
}

#[tokio::test]
async fn many_changes_at_once_are_all_noticed() {
    let world = World::new("better-auth:").await;
    let mut words = vec!["MSET".to_owned()];
    for number in 0..2000 {
        words.push(format!("better-auth:{TOKEN}{number}"));
        words.push(stored(if number == 1234 { "u1" } else { "u2" }));
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    world.redis.execute(&words).await;
    world.until_forgotten().await;
}

#[tokio::test]
async fn what_is_told_while_redis_is_away_is_made_up_for_when_it_is_back() {
    let world = World::new("better-auth:").await;
    world.redis.kill();
    sleep(Duration::from_millis(50)).await;
    assert!(!world.has_forgotten().await);
    world.redis.restart().await;
    let took = world.until_forgotten().await;
    assert!(took.is_below(UNHEARD_TTL / 2), "{took:?}");
    world.redis.until_watched().await;
    sleep(Duration::from_millis(100)).await;
    world.get_me().await;
    let list = ["SET", "better-auth:active-sessions-u1", "[]"];
    world.redis.execute(&list).await;
    world.until_forgotten().await;
}

#[tokio::test]
async fn while_redis_is_not_heard_nothing_is_remembered_for_longer_than_five_seconds() {
    assert_eq!(UNHEARD_TTL, Duration::from_secs(5));
    // A connection that is gone, and one that is open and silent.
    for is_silent in [false, true] {
        let world = World::new("better-auth:").await;
        if is_silent {
            world.redis.pause();
        } else {
            world.redis.kill();
        }
        for _ in 0..2 {
            let took = world.until_forgotten().await;
            assert!(took.is_above(UNHEARD_TTL / 2), "{took:?}");
            assert!(took.is_below(UNHEARD_TTL + AFTER_ALL), "{took:?}");
        }
        if is_silent {
            world.redis.resume();
            world.until_forgotten().await;
        }
    }
}

#[tokio::test]
async fn while_redis_is_not_heard_one_of_many_processes_says_it_for_all() {
    let world = World::new("better-auth:").await;
    world.redis.kill();
    world.until_forgotten().await;
    sleep(UNHEARD_TTL * 3 / 5).await;
    let said = world.lateness.mark();
    // As another process says it, which watches as well.
    world.auth.invalidate_all().await;
    world.get_me().await;
    let took = world.until_forgotten_since(said).await;
    assert!(took.elapsed > UNHEARD_TTL * 4 / 5, "{took:?}");
    assert!(took.is_below(UNHEARD_TTL + AFTER_ALL), "{took:?}");
}

#[tokio::test]
async fn redis_is_asked_several_times_a_second_whether_it_is_there() {
    assert_eq!(PING_EVERY, Duration::from_millis(250));
    assert_eq!(SETTLED, Duration::from_millis(500));
    let world = World::new("better-auth:").await;
    let (began, before) = (Instant::now(), world.redis.count("ping").await);
    let mut now = before;
    // As late as the watch, which is polled in between.
    for _ in 0..4 {
        sleep(PING_EVERY).await;
        now = world.redis.count("ping").await;
    }
    let (pings, elapsed) = (now - before, began.elapsed());
    let most = 1 + elapsed.as_millis() / PING_EVERY.as_millis();
    assert!(
        pings >= 2 && u128::from(pings) <= most,
        "{pings} in {elapsed:?}"
    );
}

#[tokio::test]
async fn a_watch_that_is_dropped_watches_no_more() {
    let world = World::new("better-auth:").await;
    assert!(world.redis.is_watched().await);
    world.watch.abort();
    let limit = Instant::now() + 10 * AFTER_ALL;
    while world.redis.is_watched().await {
        assert!(Instant::now() < limit, "it goes on");
        sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_redis_that_is_away_is_a_warning_a_second_with_the_fix_and_no_token_is_logged() {
    let auth = Mock::new().handle();
    let (away, log) = log::of(async {
        let redis = RedisServer::start().await;
        redis.order("ACL SETUSER eve on >hunter2 ~* &* +@all").await;
        let url = redis.url().replace("//", "//eve:hunter2@");
        let watch = auth.watch_secondary_storage(&url, "better-auth:").unwrap();
        let watch = tokio::spawn(watch);
        redis.until_watched().await;
        let set = ["SET", &format!("better-auth:{TOKEN}"), "x"];
        redis.execute(&set).await;
        sleep(Duration::from_millis(500)).await;
        redis.kill();
        let began = Instant::now();
        // In steps, so that a machine that is late gives the watch its turns.
        for _ in 0..25 {
            sleep(Duration::from_millis(100)).await;
        }
        watch.abort();
        began.elapsed()
    });
    let warnings = log.lines().filter(|line| line.contains("WARN")).count();
    let most = usize::try_from(away.as_secs()).unwrap() + 2;
    assert!((2..=most).contains(&warnings), "in {away:?}: {log}");
    assert!(log.contains("secondary storage is heard"), "{log}");
    assert!(log.contains("the rights of its user"), "{log}");
    assert!(!log.contains(TOKEN) && !log.contains("hunter2"), "{log}");
}

#[test]
fn a_url_that_is_none_of_redis_is_an_error_that_names_the_fix() {
    let auth = Mock::new().handle();
    for url in [
        "",
        "localhost:6379",
        "http://localhost",
        "redis://:hunter2@localhost:x",
    ] {
        let error = auth.watch_secondary_storage(url, "").unwrap_err();
        assert!(matches!(error, ConfigError::SecondaryStorageUrl), "{url}");
        let text = format!("{error} {error:?}");
        assert!(text.contains("redis://localhost:6379"), "{text}");
        assert!(!text.contains("hunter2"));
    }
}
