//! Three processes, one Redis, one Better Auth: what is revoked anywhere is refused everywhere, with a ttl of five minutes.
//!
//! Quick here; `tests/fleet` takes longer and prints the figures.

mod deaf;
mod load;
mod process;
mod revoked;
mod thrift;

use std::{env, iter, time::Duration};

use tower_better_auth::{BetterAuthBuilder, Cache, Redis};

use self::process::Process;
use crate::{
    revocation::acts::{Place, World},
    support::{node::BetterAuthServer, redis::RedisServer},
};

const TTL: Duration = Duration::from_secs(5 * 60);

/// The secret of the fleet.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

const PROCESSES: usize = 3;

/// A number that `tests/fleet` gives, or the one for a quick run.
fn given(name: &str, quick: usize) -> usize {
    let given = env::var(name).ok().and_then(|text| text.parse().ok());
    given.unwrap_or(quick)
}

fn sharing(builder: BetterAuthBuilder, redis: &str) -> BetterAuthBuilder {
    builder
        .cache(Cache::ttl(TTL))
        .redis(Redis::new(redis, SECRET))
}

/// Processes of their own, before one Better Auth whose plugin tells the first of them.
struct Fleet {
    world: World,
    redis: RedisServer,
    _processes: Vec<Process>,
}

impl Fleet {
    async fn start() -> Self {
        let redis = RedisServer::start().await;
        let (server, first) = told(&redis);
        let others = (1..PROCESSES).map(|_| Process::start(server.url(), &redis.url()));
        let processes: Vec<Process> = iter::once(first).chain(others).collect();
        let places = processes.iter().map(Process::place).collect();
        let fleet = Self {
            world: World::new(server, places),
            redis,
            _processes: processes,
        };
        fleet.until_heard().await;
        fleet
    }

    async fn until_heard(&self) {
        until_heard(&self.world.places).await;
    }
}

/// Better Auth, and the process that its plugin tells. Each has to know where the other is.
fn told(redis: &RedisServer) -> (BetterAuthServer, Process) {
    for _ in 0..5 {
        let address = process::free_address();
        let receiver = format!("http://{address}/hooks/better-auth");
        let server = BetterAuthServer::example(&receiver, "");
        if let Some(process) = Process::start_at(&address, server.url(), &redis.url()) {
            return (server, process);
        }
        // Somebody else was faster to take the port.
    }
    panic!("no process of the fleet gets ready: what it says stands above");
}

/// Waits until every process hears the others.
async fn until_heard(places: &[Place]) {
    let is_heard = async |place: &Place| {
        let seen = place
            .get("better-auth.session_token=nobody.s", "/heard")
            .await;
        seen.body == true
    };
    let waits = places.iter().map(async |place| {
        while !is_heard(place).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let waits = futures_util::future::join_all(waits);
    let limit = Duration::from_secs(20);
    let heard = tokio::time::timeout(limit, waits).await;
    heard.expect("every process hears the others");
}
