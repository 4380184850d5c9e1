//! Against the server of `examples/better-auth` and its plugin: from the answer to an act to the moment when it counts
//! here, where sessions are remembered for five minutes.

use std::time::{Duration, Instant};

use axum::Router;
use http::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;
use tower_better_auth::{BetterAuth, Cache, webhooks::Revocations};

use super::{
    SECRET, TTL,
    acts::{BAR, Place, World, app},
};
use crate::support::node::BetterAuthServer;
#[cfg(feature = "redis")]
use crate::support::redis::RedisServer;

/// How often each act is measured.
const ROUNDS: usize = 10;

impl World {
    /// One that is told by webhooks.
    async fn told() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = BetterAuthServer::example(&receiver(&listener), "");
        let auth = remembering(&server);
        serve(listener, auth.revocations(SECRET).unwrap());
        Self::here(server, auth)
    }

    /// One that watches Better Auth's Redis.
    #[cfg(feature = "redis")]
    async fn watching(redis: &RedisServer) -> Self {
        let server = BetterAuthServer::example("", &redis.url());
        let auth = remembering(&server);
        let watch = auth.watch_secondary_storage(redis.url(), "better-auth:");
        tokio::spawn(watch.unwrap());
        redis.until_watched().await;
        Self::here(server, auth)
    }

    fn here(server: BetterAuthServer, auth: BetterAuth) -> Self {
        Self::new(server, vec![Place::Here(app(auth))])
    }
}

fn remembering(server: &BetterAuthServer) -> BetterAuth {
    let builder = BetterAuth::builder(server.url()).cache(Cache::ttl(TTL));
    builder.build().unwrap()
}

fn receiver(listener: &TcpListener) -> String {
    let address = listener.local_addr().unwrap();
    format!("http://{address}/hooks/better-auth")
}

fn serve(listener: TcpListener, revocations: Revocations) {
    let app = Router::new().route_service("/hooks/better-auth", revocations);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_or_changes_at_better_auth_counts_here_within_a_second() {
    let world = World::told().await;
    world.every_act(ROUNDS).await;
    world.judge("webhooks");
}

#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_or_changes_in_better_auths_redis_counts_here_within_a_second() {
    let redis = RedisServer::start().await;
    let world = World::watching(&redis).await;
    world.every_act(ROUNDS).await;
    world.judge("redis");
}

#[tokio::test]
async fn a_receiver_that_is_away_holds_up_nobody_and_is_told_when_it_is_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, url) = (listener.local_addr().unwrap(), receiver(&listener));
    drop(listener);
    let server = BetterAuthServer::example(&url, "");
    let auth = remembering(&server);
    let world = World::here(server, auth.clone());
    let ada = world.remembered("ada").await;
    let began = Instant::now();
    world.do_as(&ada, "sign-out", json!({})).await;
    assert!(began.elapsed() < BAR, "{:?}", began.elapsed());
    world.remember(&ada).await;
    let listener = TcpListener::bind(address).await.unwrap();
    serve(listener, auth.revocations(SECRET).unwrap());
    world.until_refused("sign-out", &ada).await;
}

#[tokio::test]
async fn a_server_that_starts_again_has_everything_forgotten() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = receiver(&listener);
    let server = BetterAuthServer::example(&url, "");
    let auth = remembering(&server);
    serve(listener, auth.revocations(SECRET).unwrap());
    let world = World::here(server, auth);
    // What it is told at the start may come after the first session.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ada = world.remembered("ada").await;
    world.server.kill();
    world.remember(&ada).await;
    let _restarted = BetterAuthServer::example(&url, "");
    let is_forgotten = async |place: &Place| {
        place.get(&ada.cookie, "/me").await.status == StatusCode::SERVICE_UNAVAILABLE
    };
    world.until("everything", is_forgotten).await;
}
