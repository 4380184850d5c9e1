//! What is remembered of a session goes before it is revoked, and what came meanwhile goes after.

use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;

use super::{House, REVOKE, REVOKE_OTHERS, SIGN_OUT, headers, outcome};

/// What a device that is signed out elsewhere sees, if it was remembered before.
async fn is_still_in(house: &House) -> bool {
    house.is_in(&house.phone).await
}

#[tokio::test]
async fn a_device_that_was_remembered_is_out_at_once() {
    for by in [REVOKE, REVOKE_OTHERS, SIGN_OUT] {
        let house = House::open();
        assert!(is_still_in(&house).await, "{by}");
        let (auth, laptop) = (&house.auth, headers(&house.laptop));
        let phone = headers(&house.phone);
        let done = match by {
            REVOKE => outcome(auth.revoke_session(&laptop, house.phone.session_id()).await),
            REVOKE_OTHERS => outcome(auth.revoke_other_sessions(&laptop).await),
            _ => outcome(auth.sign_out(&phone).await),
        };
        assert_eq!(done, "ok", "{by}");
        assert!(!is_still_in(&house).await, "{by}");
    }
}

/// A revocation whose call to the auth server lasts until the test says so.
async fn held_up(
    house: &House,
    path: &'static str,
) -> (tokio::task::JoinHandle<String>, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let (auth, laptop) = (house.auth.clone(), headers(&house.laptop));
    let id = house.phone.session_id().to_owned();
    let of_server = Arc::clone(&gate);
    house
        .meanwhile
        .on(path, move || of_server.arrived.notify_one());
    house.server.answer_after(Duration::from_secs(2));
    let revoking = tokio::spawn(async move { outcome(auth.revoke_session(&laptop, &id).await) });
    gate.arrived.notified().await;
    house.server.answer_after(Duration::ZERO);
    (revoking, gate)
}

#[derive(Default)]
struct Gate {
    arrived: Notify,
}

#[tokio::test(start_paused = true)]
async fn who_comes_while_it_is_revoked_is_not_let_in_on_what_was_remembered() {
    let house = House::open();
    assert!(is_still_in(&house).await);
    let (revoking, _gate) = held_up(&house, REVOKE).await;
    house.server.forget_requests();
    assert!(is_still_in(&house).await);
    assert_eq!(
        house.server.session_calls_of(&house.phone),
        1,
        "it was asked for anew"
    );
    assert_eq!(revoking.await.unwrap(), "ok");
    // What was found out meanwhile is forgotten as well.
    assert!(!is_still_in(&house).await);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_has_the_device_signed_out_all_the_same() {
    let house = House::open();
    let (revoking, _gate) = held_up(&house, REVOKE).await;
    assert!(is_still_in(&house).await);
    revoking.abort();
    tokio::time::sleep(Duration::from_secs(3)).await;
    house.server.forget_requests();
    assert!(!is_still_in(&house).await);
    assert_eq!(
        house.server.session_calls_of(&house.phone),
        1,
        "nothing was remembered"
    );
}
