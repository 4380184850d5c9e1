//! When a lease is over, and when it is not.

use std::{
    convert::Infallible,
    time::{Duration, SystemTime},
};

use axum::{Router, routing::get};
use http::{HeaderMap, Request, Response, header};
use tokio::time::{Instant, advance, sleep, timeout};
use tower::{Layer, ServiceExt, service_fn};
use tower_better_auth::{
    BetterAuthBuilder, Cache, CurrentSession, SessionAuth,
    defaults::LEASE_INTERVAL,
    lease::Ended,
    testing::{AuthServer, Fault, SessionBuilder, session, user},
};

use super::{DAY, MINUTE, SECOND, checks, headers, lease, wait};
use crate::support::{
    answer, log,
    mock::{Act, Mock, settle},
    probe::{send, with_cookie},
};

/// A session of ada's that goes on for so long.
fn leaving(server: &AuthServer, rest: Duration) -> SessionBuilder {
    let end = server.clock().now() + rest;
    session().user(user("ada")).expires_at(end)
}

#[tokio::test(start_paused = true)]
async fn a_sign_out_at_the_auth_server_ends_it_within_the_interval() {
    let server = AuthServer::in_process();
    let auth = server.builder().build().unwrap();
    for every in [LEASE_INTERVAL, 10 * SECOND] {
        let ada = server.sign_in(user("ada"));
        let lease = lease(&auth, &ada).await;
        let lease = if every == LEASE_INTERVAL {
            lease
        } else {
            lease.every(every)
        };
        let waiting = wait(lease);
        settle().await;
        server.revoke(&ada);
        let (ended, after) = waiting.await.unwrap();
        assert_eq!(ended, Ended::SignedOut);
        let tenth = every / 10 + SECOND / 100;
        assert!(
            after + tenth >= every && after <= every + tenth,
            "{after:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn as_long_as_the_session_is_there_it_goes_on_and_prolongs_nothing() {
    let server = AuthServer::in_process();
    let auth = server.builder().refresh_sessions().build().unwrap();
    let ada = server.sign_in(user("ada"));
    let mut lease = lease(&auth, &ada).await;
    assert!(timeout(DAY, lease.ended()).await.is_err());
    let asked = checks(&server);
    let a_day_of_minutes = 24 * 60;
    let checked = asked.len() - 1;
    assert!((a_day_of_minutes * 9 / 10..=a_day_of_minutes * 11 / 10).contains(&checked));
    let silent = "disableCookieCache=true&disableRefresh=true";
    assert!(asked[1..].iter().all(|query| query == silent), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_session_to_the_moment() {
    let server = AuthServer::in_process();
    let auth = server.builder().build().unwrap();
    let ada = server.sign_in(user("ada"));
    let lease = lease(&auth, &ada).await.every(30 * DAY);
    let (ended, after) = wait(lease).await.unwrap();
    assert_eq!(ended, Ended::Expired);
    let week = 7 * DAY;
    assert!(after <= week && after + SECOND >= week, "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_session_also_in_an_outage_that_is_tolerated() {
    let server = AuthServer::in_process();
    let auth = server.builder().build().unwrap();
    let ada = server.sign_in(leaving(&server, 10 * MINUTE));
    let lease = lease(&auth, &ada).await.tolerate_outage(DAY);
    server.fail_with(Fault::DatabaseDown);
    let (ended, after) = wait(lease).await.unwrap();
    assert_eq!(ended, Ended::Expired);
    assert!(
        after <= 10 * MINUTE && after + SECOND >= 10 * MINUTE,
        "{after:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_prolonged_elsewhere_goes_on() {
    let server = AuthServer::in_process();
    let auth = server.builder().build().unwrap();
    let ada = server.sign_in(leaving(&server, MINUTE / 2));
    let lease = lease(&auth, &ada).await;
    let before = lease.session().session.expires_at;
    let waiting = wait(lease);
    settle().await;
    server.change_session(&ada, |session| session.expires_at = before + MINUTE);
    let (ended, after) = waiting.await.unwrap();
    assert_eq!(ended, Ended::Expired);
    assert!(
        after <= 3 * MINUTE / 2 && after + SECOND >= 3 * MINUTE / 2,
        "{after:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_ban_ends_it_with_its_own_word() {
    let server = AuthServer::in_process();
    let auth = server.builder().build().unwrap();
    let ada = server.sign_in(user("ada"));
    let waiting = wait(lease(&auth, &ada).await);
    settle().await;
    server.change_user("ada", |user| user.banned = true);
    assert_eq!(waiting.await.unwrap().0, Ended::Banned);
}

#[tokio::test(start_paused = true)]
async fn a_revocation_that_is_told_here_is_looked_at_at_once_with_and_without_a_cache() {
    let cached: fn(BetterAuthBuilder) -> BetterAuthBuilder = |it| it.cache(Cache::ttl(DAY));
    for set_up in [|it| it, cached] {
        for what in ["session", "user", "all"] {
            let server = AuthServer::in_process();
            let auth = set_up(server.builder()).build().unwrap();
            let (ada, eve) = (server.sign_in(user("ada")), server.sign_in(user("eve")));
            let mut waiting = wait(lease(&auth, &ada).await);
            let bystander = wait(lease(&auth, &eve).await);
            settle().await;
            let calls = checks(&server).len();
            // Told of something that is not so, it goes on.
            auth.invalidate_user("ada").await;
            settle().await;
            assert!(!waiting.is_finished());
            assert_eq!(checks(&server).len(), calls + 1);

            server.revoke(&ada);
            match what {
                "session" => auth.invalidate_session(ada.session_id()).await,
                "user" => auth.invalidate_user("ada").await,
                _ => auth.invalidate_all().await,
            }
            let (ended, after) = (&mut waiting).await.unwrap();
            assert_eq!(ended, Ended::SignedOut, "{what}");
            let most = if what == "all" {
                2 * SECOND
            } else {
                SECOND / 100
            };
            assert!(after <= most, "{what}: {after:?}");
            assert!(!bystander.is_finished());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_revoked_between_the_extraction_and_the_lease_is_not_missed() {
    let server = AuthServer::in_process();
    let auth = server.builder().build().unwrap();
    let ada = server.sign_in(user("ada"));
    let (handle, id) = (auth.clone(), ada.session_id().to_owned());
    let handler = async move |session: CurrentSession| {
        handle.invalidate_session(&id).await;
        let mut lease = session.lease();
        let _ = timeout(SECOND, lease.ended()).await;
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(SessionAuth::new(auth));
    send(app, with_cookie("/", ada.cookie().to_str().unwrap())).await;
    assert_eq!(checks(&server).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_revoked_while_the_request_is_checked_is_not_missed() {
    let mock = Mock::new();
    let auth = mock.handle();
    let handler = async |session: CurrentSession| {
        let mut lease = session.lease();
        let _ = timeout(SECOND, lease.ended()).await;
    };
    let layer = SessionAuth::new(auth.clone());
    let app = Router::new().route("/", get(handler)).layer(layer);
    let gate = mock.hold();
    let request = tokio::spawn(send(app, with_cookie("/", answer::cookie())));
    settle().await;
    auth.invalidate_session("s1").await;
    gate.open();
    request.await.unwrap();
    assert_eq!(mock.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_asked_for_before_a_revocation_does_not_hide_it() {
    let mock = Mock::new();
    let auth = mock.handle();
    let headers = {
        let cookie = answer::cookie().parse().unwrap();
        HeaderMap::from_iter([(header::COOKIE, cookie)])
    };
    let waiting = wait(auth.lease(&headers).await.unwrap());
    settle().await;
    // Its check was answered before the revocation, and is on its way.
    let gate = mock.hold();
    advance(2 * LEASE_INTERVAL).await;
    settle().await;
    assert_eq!(mock.count(), 2);
    mock.does(Act::signed_out());
    auth.invalidate_session("s1").await;
    gate.open();
    let (ended, after) = waiting.await.unwrap();
    assert_eq!(ended, Ended::SignedOut);
    assert!(after < 3 * LEASE_INTERVAL, "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn revocations_one_after_the_other_do_not_keep_a_check_from_its_end() {
    let mock = Mock::new();
    let auth = mock.handle();
    let cookie = answer::cookie().parse().unwrap();
    let headers = HeaderMap::from_iter([(header::COOKIE, cookie)]);
    let waiting = wait(auth.lease(&headers).await.unwrap());
    settle().await;
    mock.does(Act::signed_out());
    mock.takes(SECOND);
    for _ in 0..20 {
        auth.invalidate_user("u1").await;
        auth.invalidate_all().await;
        sleep(SECOND / 10).await;
    }
    let (ended, after) = waiting.await.unwrap();
    assert_eq!(ended, Ended::SignedOut);
    assert!(after < 2 * SECOND, "{after:?}");
    assert_eq!(mock.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_is_never_idle_does_not_keep_it_from_asking() {
    let server = AuthServer::in_process();
    let auth = server.builder().build().unwrap();
    let ada = server.sign_in(user("ada"));
    let mut lease = lease(&auth, &ada).await;
    server.answer_after(SECOND);
    server.revoke(&ada);
    let begin = Instant::now();
    let ended = loop {
        tokio::select! {
            ended = lease.ended() => break ended,
            () = sleep(SECOND / 100) => assert!(begin.elapsed() < 2 * LEASE_INTERVAL),
        }
    };
    assert_eq!(ended, Ended::SignedOut);
    // And it says the same for ever.
    assert_eq!(lease.ended().await, Ended::SignedOut);
}

#[tokio::test(start_paused = true)]
async fn one_without_a_layer_asks_as_validate_does() {
    let server = AuthServer::in_process();
    let auth = server.builder().build().unwrap();
    let ada = server.sign_in(user("ada"));
    let lease = auth.lease(&headers(&ada)).await.unwrap();
    assert_eq!(lease.session().user.id, "ada");
    let nobody = auth.lease(&HeaderMap::new()).await;
    assert_eq!(nobody.unwrap_err().code(), "UNAUTHENTICATED");
    server.revoke(&ada);
    let over = auth.lease(&headers(&ada)).await;
    assert_eq!(over.unwrap_err().code(), "INVALID_SESSION");
    assert_eq!(wait(lease).await.unwrap().0, Ended::SignedOut);
}

#[tokio::test(start_paused = true)]
async fn what_is_about_the_first_request_alone_is_not_sent_again() {
    let server = AuthServer::in_process();
    let auth = server.builder().client_ip(|_, _| "192.0.2.7".parse().ok());
    let auth = auth.build().unwrap();
    let ada = server.sign_in(user("ada"));
    let mut shown = headers(&ada);
    shown.insert("x-request-id", "first".parse().unwrap());
    let mut lease = auth.lease(&shown).await.unwrap();
    let _ = timeout(2 * LEASE_INTERVAL, lease.ended()).await;
    let requests = server.requests();
    let ids: Vec<_> = requests
        .iter()
        .map(|it| it.headers.contains_key("x-request-id"))
        .collect();
    assert_eq!(ids[..2], [true, false]);
    assert!(
        requests
            .iter()
            .all(|it| it.headers["x-forwarded-for"] == "192.0.2.7")
    );
}

#[test]
fn a_session_from_extensions_alone_cannot_be_asked_about_and_the_log_says_so() {
    let handler = service_fn(async |request: Request<()>| {
        let session = CurrentSession::from_extensions(request.extensions()).await;
        assert_eq!(session.unwrap().lease().ended().await, Ended::Unavailable);
        Ok::<_, Infallible>(Response::new(()))
    });
    let (status, log) = log::of(async {
        let server = AuthServer::in_process();
        let layer = SessionAuth::new(server.builder().build().unwrap());
        let mut request = Request::new(());
        *request.headers_mut() = headers(&server.sign_in(user("ada")));
        let response = layer.layer(handler).oneshot(request).await;
        response.unwrap().status()
    });
    assert_eq!(status, 200);
    assert!(log.contains("BetterAuth::lease"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn it_shows_no_credential() {
    let server = AuthServer::in_process();
    let auth = server.builder().build().unwrap();
    let ada = server.sign_in(user("ada"));
    let lease = lease(&auth, &ada).await;
    let shown = format!("{lease:?} {lease:#?}");
    let cookie = ada.cookie();
    let token = &cookie.to_str().unwrap()["better-auth.session_token=".len()..][..8];
    assert!(!shown.contains(token), "{shown}");
    assert!(lease.session().session.expires_at > SystemTime::now());
}
