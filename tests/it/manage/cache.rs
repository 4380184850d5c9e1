//! What is remembered of a session goes before it is revoked, and what came meanwhile goes after.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, task::JoinHandle};

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
        let done = sign_out_the_phone(&house, by).await;
        assert_eq!(done, "ok", "{by}");
        assert!(!is_still_in(&house).await, "{by}");
    }
}

/// The phone is signed out by the laptop, or by itself; gives what came of it.
async fn sign_out_the_phone(house: &House, by: &str) -> String {
    let (auth, laptop) = (&house.auth, headers(&house.laptop));
    match by {
        REVOKE => {
            let id = house.phone.session_id();
            outcome(auth.revoke_session(&laptop, id).await)
        }
        REVOKE_OTHERS => outcome(auth.revoke_other_sessions(&laptop).await),
        _ => outcome(auth.sign_out(&headers(&house.phone)).await),
    }
}

/// The same, until the auth server has been asked for it, which then takes two seconds.
async fn begin_to_sign_out_the_phone(house: &Arc<House>, by: &'static str) -> JoinHandle<String> {
    let arrived = Arc::new(Notify::new());
    let notify = Arc::clone(&arrived);
    house.meanwhile.on(by, move || notify.notify_one());
    house.server.answer_after(Duration::from_secs(2));
    let of_task = Arc::clone(house);
    let revoking = tokio::spawn(async move { sign_out_the_phone(&of_task, by).await });
    arrived.notified().await;
    house.server.answer_after(Duration::ZERO);
    revoking
}

#[tokio::test(start_paused = true)]
async fn who_comes_while_it_is_revoked_is_not_let_in_on_what_was_remembered() {
    for by in [REVOKE, REVOKE_OTHERS, SIGN_OUT] {
        let house = Arc::new(House::open());
        assert!(is_still_in(&house).await);
        let revoking = begin_to_sign_out_the_phone(&house, by).await;
        house.server.forget_requests();
        assert!(is_still_in(&house).await, "{by}");
        let calls = house.server.session_calls_of(&house.phone);
        assert_eq!(calls, 1, "{by}: it was asked for anew");
        assert_eq!(revoking.await.unwrap(), "ok", "{by}");
        // What was found out meanwhile is forgotten as well.
        assert!(!is_still_in(&house).await, "{by}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_has_the_device_signed_out_all_the_same() {
    for by in [REVOKE, REVOKE_OTHERS, SIGN_OUT] {
        let house = Arc::new(House::open());
        let revoking = begin_to_sign_out_the_phone(&house, by).await;
        assert!(is_still_in(&house).await, "{by}");
        revoking.abort();
        tokio::time::sleep(Duration::from_secs(3)).await;
        house.server.forget_requests();
        assert!(!is_still_in(&house).await, "{by}");
        let calls = house.server.session_calls_of(&house.phone);
        assert_eq!(calls, 1, "{by}: nothing was remembered");
    }
}
