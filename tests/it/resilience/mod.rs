//! What happens while the auth server fails, is slow, or wants to be left alone.

mod breaker;
mod concurrency;
mod lanes;
mod pause;
mod retries;
mod runtimes;

use std::time::Duration;

use http::StatusCode;
use tokio::task::JoinSet;
use tower_better_auth::{BetterAuth, BetterAuthBuilder};

use crate::support::{
    answer,
    app::{App, Seen},
    mock::{Act, Mock, settle},
};

const SECOND: Duration = Duration::from_secs(1);

fn app(builder: BetterAuthBuilder) -> (BetterAuth, App) {
    let auth = builder.build().unwrap();
    (auth.clone(), App::required(auth))
}

/// A request of a browser that nobody has seen before.
async fn get(app: &App, number: usize) -> Seen {
    app.get_as(&cookie_of(number), "/me").await
}

/// Each with a session of their own.
fn signs_in_everybody(mock: &Mock) {
    mock.plays(|request| {
        let mut session = answer::session();
        session["session"]["id"] = request.headers()["cookie"].to_str().unwrap().into();
        Act::session(&session)
    });
}

/// The `Cookie` header of the browser with that number.
fn cookie_of(number: usize) -> String {
    format!("better-auth.session_token=t0ken{number}.c2ln")
}

/// Requests of that many browsers at once, which have all come as far as they can.
async fn start_many(app: &App, count: usize) -> JoinSet<Seen> {
    let mut requests = JoinSet::new();
    for number in 0..count {
        let app = app.clone();
        requests.spawn(async move { get(&app, number).await });
    }
    settle().await;
    requests
}

/// How many were let in, and how many were answered 503.
async fn outcomes(requests: JoinSet<Seen>) -> (usize, usize) {
    let seen = requests.join_all().await;
    let count = |status| seen.iter().filter(|seen| seen.status == status).count();
    let (ok, unavailable) = (
        count(StatusCode::OK),
        count(StatusCode::SERVICE_UNAVAILABLE),
    );
    assert_eq!(ok + unavailable, seen.len());
    (ok, unavailable)
}
