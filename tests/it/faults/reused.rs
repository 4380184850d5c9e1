//! Connections that are kept for the next check, and what becomes of that check when they are gone.

use std::time::Duration;

use axum::Router;
use tokio::time;

use super::{ACTIVE, UNAVAILABLE, builder};
use crate::support::{
    answer::signed_in,
    probe,
    raw_server::{RawServer, Step, answer},
};

const SECOND: Duration = Duration::from_secs(1);

/// A check whose connection is back in the pool when this returns, or known to be closed: both in tasks of their own.
async fn check(app: &Router) -> String {
    let seen = probe::send(app.clone(), probe::signed_in("/")).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    seen.summary()
}

/// How many requests came, on how many connections.
fn came(server: &RawServer) -> (usize, usize) {
    (server.requests().len(), server.connections())
}

/// The clock moves on by `span` at once, and then goes as ever.
async fn pass(span: Duration) {
    time::pause();
    time::advance(span).await;
    time::resume();
}

#[tokio::test]
async fn an_idle_connection_is_used_again_for_four_seconds_and_no_longer() {
    for (idle, connections) in [(3 * SECOND, 1), (4 * SECOND, 2)] {
        let server = RawServer::start(answer(signed_in())).await;
        let (app, _) = probe::protected(builder(server.url()).build().unwrap());
        assert_eq!(check(&app).await, ACTIVE);
        pass(idle).await;
        assert_eq!(check(&app).await, ACTIVE);
        assert_eq!(came(&server), (2, connections), "{idle:?}");
    }
}

#[tokio::test]
async fn an_idle_connection_that_the_server_has_closed_costs_no_retry() {
    let answer_once = vec![Step::Request, Step::send(signed_in()), Step::Close];
    let server = RawServer::start(answer_once).await;
    let (app, _) = probe::protected(builder(server.url()).retries(0).build().unwrap());
    for count in 1..=5 {
        assert_eq!(check(&app).await, ACTIVE);
        assert_eq!(came(&server), (count, count));
    }
}

#[tokio::test]
async fn a_connection_that_breaks_when_it_is_used_again_costs_a_retry_and_no_503() {
    let cut_off = Step::send("HTTP/1.1 200 OK\r\ncontent-");
    for end in [
        vec![Step::Close],
        vec![Step::Reset],
        vec![cut_off, Step::Close],
    ] {
        for (retries, expected, came_by_then) in
            [(None, ACTIVE, (3, 2)), (Some(0), UNAVAILABLE, (2, 1))]
        {
            let script = [answer(signed_in()), vec![Step::Request], end.clone()].concat();
            let server = RawServer::start(script).await;
            let builder = builder(server.url());
            let builder = match retries {
                Some(retries) => builder.retries(retries),
                None => builder,
            };
            let (app, _) = probe::protected(builder.build().unwrap());
            assert_eq!(check(&app).await, ACTIVE);
            assert_eq!(check(&app).await, expected, "{end:?}");
            assert_eq!(came(&server), came_by_then, "{end:?} {retries:?}");
        }
    }
}
