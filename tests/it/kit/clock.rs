use std::time::Duration;

use axum::{Router, routing::get};
use tower_better_auth::{
    BetterAuth, Cache, Require, SessionAuth,
    testing::{AuthServer, session, user},
};

use super::{app, me, steady};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_session_ends_while_the_app_is_running_over_a_socket_and_in_process() {
    let on_a_socket = AuthServer::start().await;
    let in_process = AuthServer::in_process();
    let over_the_socket = BetterAuth::new(on_a_socket.url()).unwrap();
    for (auth, server) in [
        (over_the_socket, on_a_socket),
        (steady(in_process.builder()), in_process),
    ] {
        let (app, ada) = (app(auth), server.sign_in(user("ada")));
        server.advance(7 * DAY - 60 * SECOND);
        assert_eq!(me(&app, &ada).await.summary(), "200");
        server.advance(60 * SECOND);
        assert_eq!(me(&app, &ada).await.summary(), "401 INVALID_SESSION");
    }
}

#[tokio::test(start_paused = true)]
async fn tokio_s_time_moves_the_server_and_the_cache_alike() {
    let server = AuthServer::in_process();
    let app = app(steady(server.builder().cache(Cache::ttl(60 * SECOND))));
    let end = server.clock().now() + 30 * SECOND;
    let ada = server.sign_in(session().user(user("ada")).expires_at(end));

    assert_eq!(me(&app, &ada).await.summary(), "200");
    tokio::time::advance(29 * SECOND).await;
    assert_eq!(me(&app, &ada).await.summary(), "200");
    tokio::time::advance(SECOND).await;
    assert_eq!(me(&app, &ada).await.summary(), "401 INVALID_SESSION");
}

#[tokio::test(start_paused = true)]
async fn what_the_cache_keeps_is_kept_no_longer_than_the_session_after_a_jump() {
    let server = AuthServer::in_process();
    let app = app(steady(server.builder().cache(Cache::ttl(60 * SECOND))));
    let ada = server.sign_in(user("ada"));
    // By the system's clock the session has a week to go, and would be kept for the whole minute.
    tokio::time::advance(7 * DAY - 10 * SECOND).await;
    assert_eq!(me(&app, &ada).await.summary(), "200");
    tokio::time::advance(10 * SECOND).await;
    assert_eq!(me(&app, &ada).await.summary(), "401 INVALID_SESSION");
}

#[tokio::test]
async fn a_handle_judges_the_end_of_a_session_and_of_a_ban_by_the_clock_that_it_is_given() {
    let server = AuthServer::start().await;
    let clock = tower_better_auth::testing::Clock::new();
    let its_time = clock.clone();
    let builder = BetterAuth::builder(server.url()).clock(move || its_time.now());
    let app = app(builder.build().unwrap());
    let ada = server.sign_in(user("ada"));
    let banned_for_a_day = clock.now() + DAY;
    let eve = server.sign_in(user("eve").banned());
    server.change_user("eve", |eve| eve.ban_expires = Some(banned_for_a_day));

    assert_eq!(me(&app, &ada).await.summary(), "200");
    assert_eq!(me(&app, &eve).await.summary(), "403 USER_BANNED");
    clock.advance(DAY);
    assert_eq!(me(&app, &eve).await.summary(), "200");
    // The server goes by its own clock, and still sends the session.
    clock.advance(6 * DAY);
    assert_eq!(me(&app, &ada).await.summary(), "401 INVALID_SESSION");
}

#[tokio::test(start_paused = true)]
async fn a_ban_ends_for_a_session_in_the_cache_as_well() {
    let server = AuthServer::in_process();
    let app = app(steady(server.builder().cache(Cache::ttl(60 * SECOND))));
    let eve = server.sign_in(user("eve").banned());
    let end = server.clock().now() + 5 * SECOND;
    server.change_user("eve", |eve| eve.ban_expires = Some(end));
    assert_eq!(me(&app, &eve).await.summary(), "403 USER_BANNED");
    tokio::time::advance(5 * SECOND).await;
    assert_eq!(me(&app, &eve).await.summary(), "200");
    assert_eq!(server.session_calls(), 1);
}

#[tokio::test]
async fn a_sign_in_grows_old() {
    let server = AuthServer::in_process();
    let fresh = Require::fresh(600 * SECOND);
    let app = Router::new()
        .route("/me", get(async || "ok").route_layer(fresh))
        .layer(SessionAuth::new(steady(server.builder())));
    let ada = server.sign_in(user("ada"));
    server.advance(599 * SECOND);
    assert_eq!(me(&app, &ada).await.summary(), "200");
    server.advance(SECOND);
    assert_eq!(me(&app, &ada).await.summary(), "403 SESSION_NOT_FRESH");
}
