use super::{Fleet, given};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_or_changes_at_better_auth_counts_in_every_process_within_a_second() {
    let fleet = Fleet::start().await;
    fleet.world.every_act(given("FLEET_ROUNDS", 3)).await;
    fleet.world.judge("fleet: 3 processes");
}
