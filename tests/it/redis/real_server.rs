//! Two processes, a real Better Auth server, and a real Redis.

use std::time::Instant;

use serde_json::json;
use tokio::time::sleep;
use tower_better_auth::{BetterAuth, Cache};

use super::{MILLI, TTL, listening, redis, until_entries};
use crate::support::{node::BetterAuthServer, redis::RedisServer};

#[tokio::test]
async fn a_sign_out_that_one_process_makes_known_holds_in_the_other() {
    let (server, redis_server) = (
        BetterAuthServer::shared(json!({})),
        RedisServer::start().await,
    );
    let builder = || {
        let cached = BetterAuth::builder(server.url()).cache(Cache::ttl(TTL));
        cached.redis(redis(redis_server.url()))
    };
    let (auth, first) = listening(builder()).await;
    let (_, second) = listening(builder()).await;
    let ada = server.sign_up("ada").await;
    let session = first.get_as(&ada.cookie, "/session").await;
    until_entries(&redis_server, 1).await;
    second.get_as(&ada.cookie, "/me").await.assert_ok();
    server.post("sign-out", &ada.cookie, &json!({})).await;
    // Nobody has said so yet.
    second.get_as(&ada.cookie, "/me").await.assert_ok();
    let id = session.body["session"]["id"].as_str().unwrap();
    auth.invalidate_session(id).await;
    first.get_as(&ada.cookie, "/me").await.assert_invalid();
    let begun = Instant::now();
    while second.get_as(&ada.cookie, "/me").await.status != 401 {
        assert!(begun.elapsed() < 1000 * MILLI, "it is still let in");
        sleep(MILLI).await;
    }
}
