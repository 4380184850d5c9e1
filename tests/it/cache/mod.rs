//! How often the auth server is asked: the cache, calls that are shared, and what is forgotten before its time.

mod keys;
mod invalidation;
mod lifetime;
mod live;
mod not_kept;
mod real;
mod renewal;
mod shared_calls;

use std::time::Duration;

use http::{HeaderMap, header};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tower_better_auth::Cache;

use crate::support::{
    answer,
    app::{App, Seen},
    mock::{Mock, settle},
};

const SECOND: Duration = Duration::from_secs(1);
const TTL: Duration = Duration::from_secs(60);

/// Before an entry is renewed.
const FRESH: Duration = Duration::from_secs(40);

/// When every entry that is used is renewed.
const AGING: Duration = Duration::from_secs(58);

/// An application that remembers sessions for a minute.
fn cached(mock: &Mock) -> App {
    App::required(mock.builder().cache(Cache::ttl(TTL)).build().unwrap())
}

fn uncached(mock: &Mock) -> App {
    App::required(mock.handle())
}

/// The `Cookie` header of the browser with that number.
fn cookie_of(number: usize) -> String {
    format!("better-auth.session_token=t0ken{number}.c2ln")
}

fn headers(cookie: &str) -> HeaderMap {
    HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())])
}

/// A good answer about this session of this user.
fn session_of(session: &str, user: &str) -> Value {
    let mut answer = answer::session_of(json!({"id": user}));
    answer["session"]["id"] = session.into();
    answer
}

async fn get(app: &App) -> Seen {
    app.get_as(&answer::cookie(), "/me").await
}

/// Sends a request that goes on by itself, and waits until it has come as far as it can.
async fn start(app: &App, cookie: &str, path: &'static str) -> JoinHandle<Seen> {
    let (app, cookie) = (app.clone(), cookie.to_owned());
    let request = tokio::spawn(async move { app.get_as(&cookie, path).await });
    settle().await;
    request
}
