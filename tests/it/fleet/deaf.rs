use std::time::Duration;

use serde_json::json;

use super::{Fleet, given};
use crate::support::lateness::Lateness;

/// The default of `Redis::isolated_ttl`.
const ISOLATED_TTL: Duration = Duration::from_secs(1);

/// What a busy machine takes to send and answer a request.
const SLACK: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::print_stdout)]
async fn processes_that_cannot_hear_each_other_are_behind_for_no_longer_than_the_isolated_ttl() {
    let fleet = Fleet::start().await;
    let rounds = given("FLEET_ROUNDS", 1);
    let lateness = Lateness::start();
    let mut late = Duration::ZERO;
    for _ in 0..rounds {
        let ada = fleet.world.remembered("ada").await;
        fleet.redis.kill();
        // Each has asked anew as late as it can have.
        fleet.world.remember(&ada).await;
        fleet.world.do_as(&ada, "sign-out", json!({})).await;
        let signed_out = lateness.mark();
        fleet.world.until_refused("sign-out", &ada).await;
        late = late.max(lateness.since(signed_out).late);
        fleet.redis.restart().await;
        fleet.until_heard().await;
    }
    let longest = fleet.world.longest();
    println!(
        "fleet: Redis away: {rounds} sign-outs noticed after {longest:.1?} at the latest; the bound is {ISOLATED_TTL:?}"
    );
    assert!(
        longest < ISOLATED_TTL + SLACK + late,
        "{longest:?}, late by {late:?}"
    );
}
