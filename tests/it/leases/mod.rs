//! Leases: connections that stay open, and what becomes of them when their session does not.

mod ends;
mod frozen;
mod many;
mod outages;
mod streams;
#[cfg(feature = "ws")]
mod websocket;

use std::{convert::Infallible, time::Duration};

use axum::extract::FromRequestParts;
use http::{HeaderMap, Request, Response, header};
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};
use tower::{Layer, ServiceExt, service_fn};
use tower_better_auth::{
    BetterAuth, CurrentSession, Lease, SessionAuth,
    lease::Ended,
    testing::{AuthServer, SignedIn},
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn headers(session: &SignedIn) -> HeaderMap {
    HeaderMap::from_iter([(header::COOKIE, session.cookie())])
}

/// A lease as a handler behind a layer gets it.
async fn lease(auth: &BetterAuth, session: &SignedIn) -> Lease {
    let (sender, mut leases) = mpsc::channel(1);
    let handler = service_fn(move |request: Request<()>| {
        let sender = sender.clone();
        async move {
            let (mut parts, ()) = request.into_parts();
            let session = CurrentSession::from_request_parts(&mut parts, &()).await;
            sender.send(session.unwrap().lease()).await.unwrap();
            Ok::<_, Infallible>(Response::new(()))
        }
    });
    let mut request = Request::new(());
    *request.headers_mut() = headers(session);
    let layer = SessionAuth::new(auth.clone());
    layer.layer(handler).oneshot(request).await.unwrap();
    leases.recv().await.unwrap()
}

/// Waits in a task of its own: why it ended, and after how long.
fn wait(mut lease: Lease) -> JoinHandle<(Ended, Duration)> {
    let begin = Instant::now();
    tokio::spawn(async move { (lease.ended().await, begin.elapsed()) })
}

/// The session checks that arrived, by their queries.
fn checks(server: &AuthServer) -> Vec<String> {
    let requests = server.requests().into_iter();
    let queries = requests.map(|request| request.uri.query().unwrap_or_default().to_owned());
    queries.collect()
}
