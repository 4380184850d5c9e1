//! Watching Redis, key by key, and what is remembered while it is not heard.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{task::JoinHandle, time::sleep};
use tower_better_auth::{
    BetterAuth, Cache, ConfigError,
    secondary_storage::{PING_EVERY, SETTLED, UNHEARD_TTL},
};

use super::TTL;
use crate::support::{answer, app::App, log, mock::Mock, redis::RedisServer};

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
    async fn until_forgotten(&self) -> Duration {
        let began = Instant::now();
        while !self.has_forgotten().await {
            assert!(began.elapsed() < 30 * AFTER_ALL, "it is not forgotten");
            sleep(Duration::from_millis(5)).await;
        }
        began.elapsed()
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
            let time = world.until_forgotten().await;
            assert!(time < Duration::from_secs(1), "{change:?}: {time:?}");
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
    world.redis.execute(&list).await;
    world.until_forgotten().await;
    let time = world.until_forgotten().await;
    assert!(time < 2 * SETTLED, "{time:?}");
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
    assert!(world.until_forgotten().await < UNHEARD_TTL / 2);
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
            let time = world.until_forgotten().await;
            assert!(time > UNHEARD_TTL / 2, "{time:?}");
            assert!(time < UNHEARD_TTL + AFTER_ALL, "{time:?}");
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
    // As another process says it, which watches as well.
    world.auth.invalidate_all().await;
    world.get_me().await;
    let time = world.until_forgotten().await;
    assert!(time > UNHEARD_TTL * 4 / 5, "{time:?}");
    assert!(time < UNHEARD_TTL + AFTER_ALL, "{time:?}");
}

#[tokio::test]
async fn redis_is_asked_several_times_a_second_whether_it_is_there() {
    assert_eq!(PING_EVERY, Duration::from_millis(250));
    assert_eq!(SETTLED, Duration::from_millis(500));
    let world = World::new("better-auth:").await;
    let before = world.redis.count("ping").await;
    sleep(4 * PING_EVERY).await;
    let after = world.redis.count("ping").await - before;
    assert!((2..=5).contains(&after), "{after}");
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
    let (result, log) = log::of(async {
        let redis = RedisServer::start().await;
        let url = redis.url().replace("//", "//default:hunter2@");
        redis.order("CONFIG SET requirepass hunter2").await;
        let watch = auth.watch_secondary_storage(&url, "better-auth:").unwrap();
        let watch = tokio::spawn(watch);
        sleep(Duration::from_millis(500)).await;
        let set = ["SET", &format!("better-auth:{TOKEN}"), "x"];
        redis.execute_with_password("hunter2", &set).await;
        sleep(Duration::from_millis(500)).await;
        redis.kill();
        sleep(Duration::from_millis(2500)).await;
        watch.abort();
    });
    assert_eq!(result, ());
    let warnings = log.lines().filter(|line| line.contains("WARN")).count();
    assert!((2..=4).contains(&warnings), "{log}");
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
