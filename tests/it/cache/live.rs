//! `Require::live()` asks past the cache, and tells the cache what it learnt.

use std::{
    convert::Infallible,
    future::Ready,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use http_body_util::Full;
use tokio::time::advance;
use tower::Service;
use tower_better_auth::{BetterAuth, Cache};

use super::{AGING, SECOND, TTL, cached, get, session_of, start};
use crate::support::{
    answer,
    app::{App, Seen},
    mock::{Act, Mock, settle},
};

async fn get_live(app: &App) -> Seen {
    app.get_as(&answer::cookie(), "/live").await
}

#[tokio::test(start_paused = true)]
async fn a_live_route_asks_although_the_session_is_remembered() {
    let mock = Mock::new();
    let app = cached(&mock);
    get(&app).await.assert_ok();
    for calls in 2..=4 {
        get_live(&app).await.assert_ok();
        assert_eq!(mock.count(), calls);
    }
    get(&app).await.assert_ok();
    assert_eq!(mock.count(), 4);
}

#[tokio::test(start_paused = true)]
async fn who_is_signed_out_at_a_live_route_is_so_everywhere_at_once() {
    let mock = Mock::new();
    let app = cached(&mock);
    get(&app).await.assert_ok();
    mock.does(Act::signed_out());
    get(&app).await.assert_ok();
    get_live(&app).await.assert_invalid();
    get(&app).await.assert_invalid();
    // And not for the second only for which signed out is remembered.
    advance(2 * SECOND).await;
    get(&app).await.assert_invalid();
}

#[tokio::test(start_paused = true)]
async fn with_a_decoder_of_ones_own_too() {
    let mock = Mock::new();
    let builder = mock.builder().cache(Cache::ttl(TTL));
    let auth: BetterAuth = builder
        .decode_with(|body| Ok(serde_json::from_slice(body)?))
        .build()
        .unwrap();
    let app = App::required(auth);
    get(&app).await.assert_ok();
    mock.does(Act::signed_out());
    get_live(&app).await.assert_invalid();
    get(&app).await.assert_invalid();
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_new_at_a_live_route_is_there_in_the_cache() {
    let mock = Mock::new();
    let app = cached(&mock);
    let admin = || app.get_as("better-auth.session_token=a.b", "/admin");
    let live = || app.get_as("better-auth.session_token=a.b", "/live");
    admin().await.assert_refused(403, "INSUFFICIENT_ROLE");
    let mut session = session_of("s1", "u1");
    session["user"]["role"] = "admin".into();
    mock.does(Act::session(&session));
    admin().await.assert_refused(403, "INSUFFICIENT_ROLE");
    live().await.assert_ok();
    admin().await.assert_ok();
    assert_eq!(mock.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_live_route_while_the_server_is_down_is_a_503_and_takes_nothing_away() {
    let mock = Mock::new();
    let app = cached(&mock);
    get(&app).await.assert_ok();
    mock.does(Act::status(500));
    get_live(&app).await.assert_unavailable();
    get(&app).await.assert_ok();
}

#[tokio::test(start_paused = true)]
async fn a_live_answer_from_before_an_invalidation_is_not_kept() {
    let mock = Mock::new();
    let auth = mock.builder().cache(Cache::ttl(TTL)).build().unwrap();
    let app = App::required(auth.clone());
    get(&app).await.assert_ok();
    let gate = mock.hold();
    let live = start(&app, &answer::cookie(), "/live").await;
    assert_eq!(mock.count(), 2);
    auth.invalidate_session("s1").await;
    mock.hold_no_more();
    mock.does(Act::signed_out());
    gate.open();
    live.await.unwrap();
    get(&app).await.assert_invalid();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_began_before_does_not_undo_what_a_live_route_learnt() {
    let mock = Mock::new();
    let app = cached(&mock);
    get(&app).await.assert_ok();
    advance(AGING).await;
    let gate = mock.hold();
    // Starts a renewal, which is told that all is well and is held up.
    get(&app).await.assert_ok();
    settle().await;
    assert_eq!(mock.count(), 2);
    mock.hold_no_more();
    mock.does(Act::signed_out());
    get_live(&app).await.assert_invalid();
    gate.open();
    settle().await;
    get(&app).await.assert_invalid();
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_panics_at_a_live_route_is_a_503() {
    let mock = Mock::new();
    let app = cached(&mock);
    get(&app).await.assert_ok();
    mock.does(Act::Panic);
    get_live(&app).await.assert_unavailable();
    get(&app).await.assert_ok();
}

/// Panics before there is a call.
struct Broken;

impl Clone for Broken {
    fn clone(&self) -> Self {
        panic!("on purpose")
    }
}

impl Service<Request<Bytes>> for Broken {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Bytes>) -> Self::Future {
        unreachable!("only copies are called")
    }
}

#[tokio::test]
async fn a_check_that_panics_is_a_503_also_past_the_cache() {
    let auth = BetterAuth::builder("http://localhost").transport(Broken);
    let auth = auth.build().unwrap();
    let app = App::required(auth.clone());
    get(&app).await.assert_unavailable();
    let cookie = HeaderMap::from_iter([(header::COOKIE, answer::cookie().parse().unwrap())]);
    let refused = auth.list_sessions(&cookie).await.unwrap_err();
    assert_eq!(refused.code(), "AUTH_SERVICE_UNAVAILABLE");
}

#[tokio::test(start_paused = true)]
async fn an_older_live_check_does_not_bring_back_who_was_found_signed_out() {
    let mock = Mock::new();
    let app = cached(&mock);
    get(&app).await.assert_ok();
    let gate = mock.hold();
    let older = start(&app, &answer::cookie(), "/live").await;
    mock.hold_no_more();
    mock.does(Act::signed_out());
    get_live(&app).await.assert_invalid();
    gate.open();
    // It was under way, so its own answer is the old one.
    older.await.unwrap().assert_ok();
    get(&app).await.assert_invalid();
    advance(2 * SECOND).await;
    get(&app).await.assert_invalid();
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_over_at_a_live_route_is_over_everywhere() {
    let mock = Mock::new();
    let app = cached(&mock);
    get(&app).await.assert_ok();
    let mut over = answer::session();
    over["session"]["expiresAt"] = "2020-11-27T09:32:22.106Z".into();
    mock.does(Act::session(&over));
    get(&app).await.assert_ok();
    get_live(&app).await.assert_invalid();
    get(&app).await.assert_invalid();
}

#[tokio::test(start_paused = true)]
async fn a_live_check_that_learns_nothing_leaves_the_call_under_way_to_those_who_come() {
    let mock = Mock::new();
    let app = cached(&mock);
    get(&app).await.assert_ok();
    advance(AGING).await;
    let gate = mock.hold();
    get(&app).await.assert_ok();
    settle().await;
    mock.hold_no_more();
    mock.does(Act::status(500));
    get_live(&app).await.assert_unavailable();
    assert_eq!(mock.count(), 3);
    get(&app).await.assert_ok();
    settle().await;
    assert_eq!(mock.count(), 3);
    gate.open();
}
