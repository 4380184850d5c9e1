//! Who is refused, and how.

use http::HeaderMap;
use tower_better_auth::testing::user;

use super::{House, SESSION, everything, headers, outcome};
use crate::support::log;

const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn whoever_is_not_signed_in_is_refused_as_everywhere() {
    let house = House::open();
    house.server.revoke(&house.laptop);
    let banned = house.server.sign_in(user("mallory").banned());
    for (headers, expected, calls) in [
        (HeaderMap::new(), "401 UNAUTHENTICATED", 0),
        (headers(&house.laptop), "401 INVALID_SESSION", 4),
        (headers(&banned), "403 USER_BANNED", 4),
    ] {
        house.asked();
        for (what, outcome) in everything(&house, &headers).await {
            assert_eq!(outcome, expected, "{what}");
        }
        assert_eq!(house.asked(), vec![SESSION; calls], "{expected}");
    }
}

#[tokio::test]
async fn a_sign_in_of_yesterday_has_to_be_repeated_for_the_list_and_for_nothing_else() {
    let house = House::open();
    house.server.advance(DAY);
    let not_fresh = "403 SESSION_NOT_FRESH".to_owned();
    let expected = [
        ("list", not_fresh.clone()),
        ("revoke", not_fresh),
        ("revoke others", "ok".to_owned()),
        ("sign out", "ok".to_owned()),
    ];
    let laptop = headers(&house.laptop);
    assert_eq!(everything(&house, &laptop).await, expected);
    assert!(!house.is_in(&house.phone).await);
}

#[tokio::test]
async fn it_is_asked_from_the_origin_that_was_set() {
    let house = House::open();
    let signed_out = house.auth.sign_out(&headers(&house.laptop)).await;
    assert_eq!(outcome(signed_out), "ok");
    let requests = house.server.requests();
    let sign_out = requests
        .iter()
        .find(|request| request.uri.path().ends_with("/sign-out"));
    assert_eq!(sign_out.unwrap().headers["origin"], house.server.url());
}

#[test]
fn an_origin_that_the_auth_server_does_not_trust_is_a_mistake_and_the_log_names_the_fix() {
    let (outcomes, log) = log::of(async {
        let house = House::with(|builder| builder.origin("https://elsewhere.example"));
        everything(&house, &headers(&house.laptop)).await
    });
    let misconfigured = "500 AUTH_MISCONFIGURED".to_owned();
    let expected = [
        ("list", "ok".to_owned()),
        ("revoke", misconfigured.clone()),
        ("revoke others", misconfigured.clone()),
        ("sign out", misconfigured),
    ];
    assert_eq!(outcomes, expected);
    assert!(log.contains("`trustedOrigins`"), "{log}");
}

#[tokio::test]
async fn whoever_has_just_signed_out_elsewhere_is_signed_out_also_where_they_are_remembered() {
    let house = House::open();
    assert!(house.is_in(&house.laptop).await);
    house.server.revoke(&house.laptop);
    let listed = house.auth.list_sessions(&headers(&house.laptop)).await;
    assert_eq!(outcome(listed), "401 INVALID_SESSION");
    assert!(!house.is_in(&house.laptop).await);
}
