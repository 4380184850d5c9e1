//! An auth server that cannot be asked, for a while or for good.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use tower_better_auth::{
    defaults::{LEASE_INTERVAL, LEASE_OUTAGE},
    lease::Ended,
    testing::{AuthServer, Fault, user},
};

use super::{DAY, MINUTE, SECOND, lease, wait};

#[tokio::test(start_paused = true)]
async fn one_that_is_shorter_than_what_is_tolerated_ends_nothing() {
    let server = AuthServer::in_process();
    let auth = server.builder().build().unwrap();
    let ada = server.sign_in(user("ada"));
    let mut lease = lease(&auth, &ada).await;
    for _ in 0..10 {
        server.fail_with(Fault::DatabaseDown);
        assert!(timeout(LEASE_OUTAGE - SECOND, lease.ended()).await.is_err());
        server.recover();
        assert!(timeout(2 * LEASE_INTERVAL, lease.ended()).await.is_err());
    }
    server.revoke(&ada);
    assert_eq!(lease.ended().await, Ended::SignedOut);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_longer_ends_it_when_its_time_is_over_and_not_before() {
    for fault in [Fault::DatabaseDown, Fault::status(429), Fault::Disconnect] {
        for tolerated in [LEASE_OUTAGE, 10 * SECOND, 30 * MINUTE] {
            let server = AuthServer::in_process();
            let auth = server.builder().build().unwrap();
            let ada = server.sign_in(user("ada"));
            let lease = lease(&auth, &ada).await;
            let lease = if tolerated == LEASE_OUTAGE {
                lease
            } else {
                lease.tolerate_outage(tolerated)
            };
            server.fail_with(fault.clone());
            let (ended, after) = wait(lease).await.unwrap();
            assert_eq!(ended, Ended::Unavailable);
            // From the first check that failed on.
            let (from, until) = (
                tolerated + LEASE_INTERVAL * 9 / 10,
                tolerated + 2 * LEASE_INTERVAL,
            );
            assert!(from <= after && after <= until, "{tolerated:?}: {after:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn none_is_tolerated_where_that_is_what_was_asked_for() {
    let server = AuthServer::in_process();
    let auth = server.builder().build().unwrap();
    let ada = server.sign_in(user("ada"));
    let lease = lease(&auth, &ada).await.tolerate_outage(Duration::ZERO);
    server.fail_with(Fault::DatabaseDown);
    let (ended, after) = wait(lease).await.unwrap();
    assert_eq!(ended, Ended::Unavailable);
    assert!(after < 2 * LEASE_INTERVAL, "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_sign_out_during_one_is_noticed_after_it() {
    let server = AuthServer::in_process();
    let auth = server.builder().build().unwrap();
    let ada = server.sign_in(user("ada"));
    let waiting = wait(lease(&auth, &ada).await.tolerate_outage(DAY));
    server.fail_with(Fault::DatabaseDown);
    server.revoke(&ada);
    auth.invalidate_session(ada.session_id()).await;
    sleep(10 * MINUTE).await;
    assert!(!waiting.is_finished());
    server.recover();
    let (ended, after) = waiting.await.unwrap();
    assert_eq!(ended, Ended::SignedOut);
    assert!(after <= 10 * MINUTE + 2 * LEASE_INTERVAL, "{after:?}");
}
