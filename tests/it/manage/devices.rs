//! The list, and the device that is signed out.

use tower_better_auth::testing::{Fault, session, user};

use super::{House, LIST, REVOKE, REVOKE_OTHERS, SESSION, headers, outcome};
use crate::support::log;

#[tokio::test]
async fn the_devices_of_the_user_are_listed_and_those_of_others_are_not() {
    let house = House::open();
    let devices = house.auth.list_sessions(&headers(&house.laptop)).await;
    let devices = devices.unwrap();
    let ids: Vec<_> = devices.iter().map(|device| device.id.as_str()).collect();
    assert_eq!(ids, [house.laptop.session_id(), house.phone.session_id()]);
    let (laptop, phone) = (&devices[0], &devices[1]);
    assert!(laptop.is_current && !phone.is_current);
    assert_eq!(laptop.user_agent.as_deref(), Some("Laptop"));
    assert_eq!(laptop.ip_address.as_deref(), Some("192.0.2.7"));
    assert_eq!(phone.ip_address, None);
    assert!(laptop.created_at.is_some() && laptop.created_at < Some(laptop.expires_at));
    assert_eq!(house.asked(), [SESSION, LIST]);
}

#[tokio::test]
async fn one_device_is_signed_out_and_the_others_stay() {
    let house = House::open();
    let laptop = headers(&house.laptop);
    let id = house.phone.session_id();
    assert_eq!(outcome(house.auth.revoke_session(&laptop, id).await), "ok");
    assert_eq!(house.asked(), [SESSION, LIST, REVOKE]);
    assert!(!house.is_in(&house.phone).await);
    assert!(house.is_in(&house.laptop).await);
    assert!(house.is_in(&house.eve).await);
    let again = house.auth.revoke_session(&laptop, id).await;
    assert_eq!(outcome(again), "404 SESSION_NOT_FOUND");
}

#[tokio::test]
async fn a_session_of_somebody_else_is_not_found_and_stays() {
    let house = House::open();
    let laptop = headers(&house.laptop);
    for id in [house.eve.session_id(), "unknown", ""] {
        house.asked();
        let revoked = house.auth.revoke_session(&laptop, id).await;
        assert_eq!(outcome(revoked), "404 SESSION_NOT_FOUND", "{id}");
        assert_eq!(house.asked(), [SESSION, LIST], "{id}");
    }
    assert!(house.is_in(&house.eve).await);
}

#[tokio::test]
async fn what_a_confused_server_lists_of_others_is_neither_shown_nor_revoked() {
    let house = House::open();
    let laptop = headers(&house.laptop);
    let of_eve = format!(
        r#"[{{"id":"{}","userId":"eve","token":"t","expiresAt":"2099-01-01T00:00:00.000Z"}}]"#,
        house.eve.session_id()
    );
    let confuse = || {
        let (server, list) = (house.server.clone(), Fault::json(of_eve.clone()));
        house.meanwhile.on(LIST, move || server.fail_next(1, list));
    };
    confuse();
    assert_eq!(house.auth.list_sessions(&laptop).await.unwrap(), []);
    confuse();
    house.asked();
    let revoked = house.auth.revoke_session(&laptop, house.eve.session_id());
    assert_eq!(outcome(revoked.await), "404 SESSION_NOT_FOUND");
    assert_eq!(house.asked(), [SESSION, LIST]);
}

#[tokio::test]
async fn all_other_devices_are_signed_out_at_once() {
    let house = House::open();
    let laptop = headers(&house.laptop);
    let revoked = house.auth.revoke_other_sessions(&laptop).await;
    assert_eq!(outcome(revoked), "ok");
    assert_eq!(house.asked(), [SESSION, REVOKE_OTHERS]);
    assert!(!house.is_in(&house.phone).await);
    assert!(house.is_in(&house.laptop).await);
    assert!(house.is_in(&house.eve).await);
}

#[tokio::test]
async fn the_own_session_can_be_revoked_like_any_other() {
    let house = House::open();
    let laptop = headers(&house.laptop);
    let id = house.laptop.session_id();
    assert_eq!(outcome(house.auth.revoke_session(&laptop, id).await), "ok");
    assert!(!house.is_in(&house.laptop).await);
    assert!(house.is_in(&house.phone).await);
}

#[tokio::test]
async fn an_admin_who_acts_as_the_user_is_not_listed_as_a_device() {
    let house = House::open();
    let admin = session().user(user("ada")).impersonated_by("root");
    let admin = house.server.sign_in(admin);
    for headers in [headers(&house.laptop), headers(&admin)] {
        let devices = house.auth.list_sessions(&headers).await.unwrap();
        assert!(devices.iter().all(|device| device.id != admin.session_id()));
        assert_eq!(devices.len(), 2);
    }
}

#[test]
fn no_token_is_in_the_list_in_the_log_or_in_an_answer() {
    let (seen, log) = log::of(async {
        let house = House::open();
        let laptop = headers(&house.laptop);
        let devices = house.auth.list_sessions(&laptop).await.unwrap();
        let written = serde_json::to_string(&devices).unwrap();
        let id = house.phone.session_id();
        house.auth.revoke_session(&laptop, id).await.unwrap();
        let tokens = [&house.phone, &house.laptop].map(|device| {
            let cookie = device.cookie().to_str().unwrap().to_owned();
            let (_, value) = cookie.split_once('=').unwrap();
            value.split_once('.').unwrap().0.to_owned()
        });
        // A list that is not to be believed is not quoted either.
        let (server, token) = (house.server.clone(), &tokens[0]);
        let odd = Fault::json(format!(r#"[{{"id":["{token}"],"token":"{token}"}}]"#));
        house.meanwhile.on(LIST, move || server.fail_next(1, odd));
        let refused = house.auth.list_sessions(&laptop).await.unwrap_err();
        let signed_out = house.auth.sign_out(&laptop).await.unwrap();
        let seen = format!("{devices:?} {written} {refused:?} {signed_out:?}");
        (seen, tokens)
    });
    let (seen, tokens) = seen;
    assert!(log.contains("list of sessions"), "{log}");
    for token in tokens {
        assert_eq!(token.len(), 32);
        assert!(!seen.contains(&token), "{seen}");
        assert!(!log.contains(&token), "{log}");
    }
}
