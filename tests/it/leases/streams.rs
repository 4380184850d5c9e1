//! Streams that end with their session.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    response::sse::{Event, Sse},
    routing::get,
};
use futures_util::{FutureExt, Stream, StreamExt, stream};
use http::header;
use tower_better_auth::{
    CurrentSession, SessionAuth,
    testing::{AuthServer, user},
};

use super::{MINUTE, SECOND, lease};
use crate::beyond::serve;

#[tokio::test(start_paused = true)]
async fn a_stream_goes_on_as_it_is_and_ends_with_its_own_end() {
    let server = AuthServer::in_process();
    let auth = server.builder().build().unwrap();
    let ada = server.sign_in(user("ada"));
    let guarded = lease(&auth, &ada).await.guard(stream::iter(0..3));
    assert_eq!(guarded.size_hint(), (0, Some(3)));
    assert_eq!(guarded.collect::<Vec<_>>().await, [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_cut_off_and_let_go_of_when_the_lease_is_over() {
    let server = AuthServer::in_process();
    let auth = server.builder().build().unwrap();
    let ada = server.sign_in(user("ada"));
    let held = Arc::new(());
    let holder = Arc::clone(&held);
    // Always ready: it must not drown the lease.
    let endless = stream::repeat_with(move || Arc::strong_count(&holder));
    let mut guarded = lease(&auth, &ada).await.guard(endless);
    assert!(guarded.next().await.is_some());
    server.revoke(&ada);
    auth.invalidate_session(ada.session_id()).await;
    let begin = tokio::time::Instant::now();
    while guarded.next().await.is_some() {
        tokio::task::yield_now().await;
        assert!(begin.elapsed() < MINUTE);
    }
    assert_eq!(Arc::strong_count(&held), 1);
    assert_eq!(guarded.next().now_or_never(), Some(None));
    assert_eq!(guarded.size_hint(), (0, Some(0)));
}

#[tokio::test]
async fn server_sent_events_end_over_a_socket() {
    async fn news(session: CurrentSession) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
        let first = stream::iter([Ok(Event::default().data("hello"))]);
        Sse::new(session.lease().guard(first.chain(stream::pending())))
    }
    let server = AuthServer::start().await;
    let auth = tower_better_auth::BetterAuth::new(server.url()).unwrap();
    let app = Router::new()
        .route("/", get(news))
        .layer(SessionAuth::new(auth.clone()));
    let url = format!("http://{}/", serve(app).await);
    let ada = server.sign_in(user("ada"));
    let request = reqwest::Client::new().get(url);
    let response = request.header(header::COOKIE, ada.cookie()).send().await;
    let mut body = response.unwrap();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "data: hello\n\n");
    server.revoke(&ada);
    auth.invalidate_session(ada.session_id()).await;
    let end = tokio::time::timeout(5 * SECOND, body.chunk()).await;
    assert_eq!(end.expect("it ends").unwrap(), None);
}
