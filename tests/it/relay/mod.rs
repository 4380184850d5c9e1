//! `refresh_sessions`: what the browser hears of a session that is prolonged, or over.

mod asked;
mod browsers;
mod cached;
mod lines;
mod real;
mod waiters;

use std::time::Duration;

use http::HeaderMap;
use tower_better_auth::{BetterAuth, BetterAuthBuilder, Cache};

use crate::support::{
    answer,
    app::App,
    mock::{Act, Mock},
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The line with which Better Auth prolongs.
const LINE: &str =
    "better-auth.session_token=t0ken.c2ln%3D; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax";

/// The lines with which Better Auth signs out.
const DELETED: [&str; 3] = [
    "better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.session_data=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.dont_remember=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
];

/// A server that sets these lines for whoever lets it.
fn setting(lines: &'static [&'static str]) -> Mock {
    let mock = Mock::new();
    mock.plays(move |request| {
        let query = request.uri().query().unwrap_or_default();
        let is_let = !query.contains("disableRefresh");
        let lines = lines.iter().filter(|_| is_let);
        let headers: Vec<_> = lines.map(|line| ("set-cookie", *line)).collect();
        Act::json(200, &headers, &answer::session())
    });
    mock
}

fn refreshing(mock: &Mock) -> BetterAuth {
    mock.builder().refresh_sessions().build().unwrap()
}

fn cached(ttl: Duration) -> impl FnOnce(BetterAuthBuilder) -> BetterAuthBuilder {
    move |builder| builder.cache(Cache::ttl(ttl))
}

fn app(mock: &Mock, set_up: impl FnOnce(BetterAuthBuilder) -> BetterAuthBuilder) -> App {
    App::required(set_up(mock.builder()).refresh_sessions().build().unwrap())
}

fn set_cookies(headers: &HeaderMap) -> Vec<&str> {
    let lines = headers.get_all("set-cookie").iter();
    lines.map(|line| line.to_str().unwrap()).collect()
}

/// The queries of all calls so far.
fn queries(mock: &Mock) -> Vec<String> {
    let query =
        |request: http::Request<bytes::Bytes>| request.uri().query().unwrap_or_default().to_owned();
    mock.calls().into_iter().map(query).collect()
}

const REFRESHING: &str = "disableCookieCache=true";
const SILENT: &str = "disableCookieCache=true&disableRefresh=true";
