//! An auth server that cannot be asked is a 503, at whichever step: never a 401, and never a sign-out that is none.

use std::time::Duration;

use futures_util::poll;
use http::{HeaderMap, header};
use tower_better_auth::{defaults::DEADLINE, testing::Fault};

use super::{House, LIST, REVOKE, REVOKE_OTHERS, SESSION, SIGN_OUT, everything, headers, outcome};
use crate::support::{
    answer,
    mock::{Act, Mock, settle},
};

const UNAVAILABLE: &str = "503 AUTH_SERVICE_UNAVAILABLE";

fn faults() -> Vec<Fault> {
    let json = |status, body: &str| Fault::answer(status, "application/json", body);
    vec![
        Fault::DatabaseDown,
        Fault::Disconnect,
        Fault::CutOff,
        Fault::status(404),
        Fault::status(429),
        Fault::status(500),
        Fault::status(302),
        Fault::answer(200, "text/html", "<p>Sign in</p>"),
        json(200, ""),
        json(200, "{}"),
        json(200, "true"),
        json(200, r#"[{"id":"s","userId":"ada"}]"#),
        json(200, r#"{"status":false,"success":false}"#),
        json(201, r#"{"status":true,"success":true}"#),
        json(403, r#"{"code":"FORBIDDEN"}"#),
    ]
}

#[tokio::test]
async fn an_auth_server_that_is_down_from_the_start_is_a_503() {
    for fault in faults() {
        let house = House::open();
        house.server.fail_with(fault.clone());
        for (what, outcome) in everything(&house, &headers(&house.laptop)).await {
            assert_eq!(outcome, UNAVAILABLE, "{what} {fault:?}");
        }
        house.server.recover();
        assert!(house.is_in(&house.laptop).await, "{fault:?}");
        assert!(house.is_in(&house.phone).await, "{fault:?}");
    }
}

/// `null` is a word of `get-session`, and of nothing else.
#[tokio::test]
async fn an_auth_server_that_goes_down_on_the_way_is_a_503_and_ends_nothing() {
    let null = Fault::answer(200, "application/json", "null");
    let unauthorized = Fault::answer(401, "application/json", r#"{"code":"UNAUTHORIZED"}"#);
    for fault in faults().into_iter().chain([null, unauthorized]) {
        for (path, steps) in [
            (LIST, &["list", "revoke"][..]),
            (REVOKE, &["revoke"]),
            (REVOKE_OTHERS, &["revoke others"]),
            (SIGN_OUT, &["sign out"]),
        ] {
            for step in steps {
                let house = House::open();
                let (server, from) = (house.server.clone(), fault.clone());
                house.meanwhile.on(path, move || server.fail_with(from));
                let (auth, laptop) = (&house.auth, headers(&house.laptop));
                let outcome = match *step {
                    "list" => outcome(auth.list_sessions(&laptop).await),
                    "revoke" => {
                        let phone = house.phone.session_id();
                        outcome(auth.revoke_session(&laptop, phone).await)
                    }
                    "revoke others" => outcome(auth.revoke_other_sessions(&laptop).await),
                    _ => outcome(auth.sign_out(&laptop).await),
                };
                assert_eq!(outcome, UNAVAILABLE, "{step} {path} {fault:?}");
                house.server.recover();
                assert!(house.is_in(&house.laptop).await || *step == "sign out");
            }
        }
    }
}

/// Better Auth says `{"success":true}` to a sign-out that its database never heard of.
#[tokio::test]
async fn a_sign_out_that_the_database_never_heard_of_is_a_503_and_the_session_goes_on() {
    let house = House::open();
    let server = house.server.clone();
    house.meanwhile.on(SIGN_OUT, move || {
        // For the sign-out alone: whoever asks afterwards is answered.
        server.fail_next(1, Fault::DatabaseDown);
    });
    let signed_out = house.auth.sign_out(&headers(&house.laptop)).await;
    assert_eq!(outcome(signed_out), UNAVAILABLE);
    assert_eq!(house.asked(), [SESSION, SIGN_OUT, SESSION]);
    assert!(house.is_in(&house.laptop).await);
    assert_eq!(
        outcome(house.auth.sign_out(&headers(&house.laptop)).await),
        "ok"
    );
    assert!(!house.is_in(&house.laptop).await);
}

/// Better Auth counts calls by path.
#[tokio::test]
async fn a_rate_limit_of_one_endpoint_holds_up_no_other() {
    let house = House::open();
    let server = house.server.clone();
    let retry_after = Duration::from_secs(20);
    let limited = Fault::RateLimited { retry_after };
    house
        .meanwhile
        .on(LIST, move || server.fail_next(1, limited));
    let laptop = headers(&house.laptop);
    assert_eq!(
        outcome(house.auth.list_sessions(&laptop).await),
        UNAVAILABLE
    );
    assert_eq!(outcome(house.auth.list_sessions(&laptop).await), "ok");
    assert_eq!(outcome(house.auth.sign_out(&laptop).await), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_nobody_polls_gives_back_its_place_when_its_time_is_over() {
    let mock = Mock::new();
    mock.plays(|request| match request.uri().path() {
        path if path.ends_with(LIST) => Act::Hang,
        _ => Act::signed_in(),
    });
    let auth = mock.builder().max_concurrency(1).build().unwrap();
    let cookie = answer::cookie().parse().unwrap();
    let headers = HeaderMap::from_iter([(header::COOKIE, cookie)]);
    let mut list = Box::pin(auth.list_sessions(&headers));
    while mock.count() < 2 {
        assert!(poll!(&mut list).is_pending());
        settle().await;
    }
    tokio::time::advance(2 * DEADLINE).await;
    settle().await;
    auth.validate(&headers).await.unwrap();
    let refused = list.await.unwrap_err();
    assert_eq!(refused.code(), "AUTH_SERVICE_UNAVAILABLE");
}
