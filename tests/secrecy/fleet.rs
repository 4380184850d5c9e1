//! Redis: what processes share there, and what they say of it. Its URL has a password, and its keys can be tokens.

use std::time::Duration;

use serde_json::json;
use tokio::time::{sleep, timeout};
use tower_better_auth::{
    BetterAuth, BetterAuthBuilder, Cache, Redis, secondary_storage::PING_EVERY, testing::AuthServer,
};

use super::{
    acts::{headers, sign_in, token},
    seen::Seen,
    support::redis::RedisServer,
};

const PATIENCE: Duration = Duration::from_secs(20);
const PASSWORD: &str = "cGFzc3dvcmQtb2YtcmVkaXM";
const SECRET: &str = "c2VjcmV0LW9mLXRoZS1mbGVldC0zMi1ieXRlcw";
const OTHER_SECRET: &str = "b3RoZXItc2VjcmV0LW9mLWFub3RoZXItZmxlZXQ";

/// That Redis was heard, was not believed, and was away.
pub(crate) const SPOKEN: &[&str] = &[
    ":session:",
    "shared cache: ",
    "a revocation was not written by a process with this secret",
    "secondary storage is heard",
    "secondary storage is not heard",
];

pub(crate) async fn all(server: &AuthServer, seen: &Seen) {
    for secret in [PASSWORD, SECRET, OTHER_SECRET] {
        seen.keep(secret);
    }
    let redis = RedisServer::start().await;
    redis
        .order(&format!("ACL SETUSER fleet on >{PASSWORD} ~* &* +@all"))
        .await;
    let url = |user: &str| format!("redis://{user}:{PASSWORD}@127.0.0.1:{}", redis.port());
    let ada = sign_in(server, "ada", seen);
    let process = |url: String, secret| process(server, Redis::new(url, secret), seen);
    let fleet = [
        process(url("fleet"), SECRET),
        process(url("fleet"), SECRET),
        process(url("fleet"), OTHER_SECRET),
        process(url("nobody"), SECRET),
    ];
    // What a process shares begins with its first check, and when it hears the others.
    for auth in &fleet {
        seen.outcome(&auth.validate(&headers(&sign_in(server, "ada", seen))).await);
    }
    let hear = || async { fleet[..3].iter().all(hears) };
    until("the others are heard", hear).await;
    for auth in &fleet {
        seen.outcome(&auth.validate(&headers(&ada)).await);
    }
    until("an entry is shared", || async {
        !redis.entries().await.is_empty()
    })
    .await;
    for auth in &fleet {
        let other = sign_in(server, "ada", seen);
        seen.outcome(&auth.validate(&headers(&other)).await);
        seen.outcome(
            &auth
                .revoke_session(&headers(&ada), other.session_id())
                .await,
        );
        seen.debug(&auth.readiness());
    }
    for key in redis.entries().await {
        seen.debug(&String::from_utf8_lossy(&key));
        seen.note(&String::from_utf8_lossy(&redis.get(&key).await));
    }
    let keys = redis.keys().await;
    seen.debug(
        &keys
            .iter()
            .map(|key| String::from_utf8_lossy(key))
            .collect::<Vec<_>>(),
    );
    watched(server, &redis, &url("fleet"), seen).await;
    mistakes(server, &fleet[0], seen);
}

fn process(server: &AuthServer, redis: Redis, seen: &Seen) -> BetterAuth {
    let redis = redis.timeout(Duration::from_secs(2));
    seen.debug(&redis);
    let builder = cached(server).redis(redis);
    seen.debug(&builder);
    builder.build().unwrap()
}

fn cached(server: &AuthServer) -> BetterAuthBuilder {
    BetterAuth::builder(server.url()).cache(Cache::ttl(Duration::from_secs(60)))
}

/// Better Auth's own Redis, in which the token of a session is the name of a key.
async fn watched(server: &AuthServer, redis: &RedisServer, url: &str, seen: &Seen) {
    let auth = cached(server).build().unwrap();
    let watch = auth.watch_secondary_storage(url, "better-auth:").unwrap();
    seen.debug(&watch);
    let watch = tokio::spawn(watch);
    redis.until_watched().await;
    let ada = sign_in(server, "ada", seen);
    let check = || async { seen.outcome(&auth.validate(&headers(&ada)).await) };
    check().await;
    let key = format!("better-auth:{}", token(&ada));
    let session = json!({"session": {"token": token(&ada)}, "user": {"id": "ada"}});
    for stored in [session.to_string(), "no JSON".to_owned()] {
        redis.execute(&["SET", &key, &stored]).await;
    }
    redis.execute(&["DEL", &key]).await;
    redis.order("SET better-auth:active-sessions-ada []").await;
    let calls = server.session_calls();
    until("the user is forgotten", || async {
        check().await;
        server.session_calls() > calls
    })
    .await;
    redis.kill();
    sleep(2 * PING_EVERY).await;
    check().await;
    watch.abort();
}

fn mistakes(server: &AuthServer, auth: &BetterAuth, seen: &Seen) {
    for url in [
        format!("http://fleet:{PASSWORD}@localhost"),
        PASSWORD.to_owned(),
    ] {
        let redis = Redis::new(url.clone(), SECRET);
        seen.error(&cached(server).redis(redis).build().unwrap_err());
        seen.error(&auth.watch_secondary_storage(url, "").unwrap_err());
    }
    let short = Redis::new("redis://localhost", &SECRET[..16]);
    seen.error(&cached(server).redis(short).build().unwrap_err());
}

fn hears(auth: &BetterAuth) -> bool {
    auth.readiness().last_heard.is_some()
}

async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let held = async {
        while !holds().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, held).await.expect(what);
}
