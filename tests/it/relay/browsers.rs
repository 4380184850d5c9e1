//! Weeks of a browser that talks to nobody but this service.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::{Instant, advance};
use tower_better_auth::{
    BetterAuthBuilder, Cache,
    testing::{AuthServer, user},
};

use super::{DAY, HOUR, SECOND, set_cookies};
use crate::support::app::{App, Seen};

/// A browser that forgets a cookie when its time is over.
pub(super) struct Browser {
    cookies: Vec<(String, String, Option<Instant>)>,
}

impl Browser {
    /// With the cookies of somebody who has just signed in.
    pub(super) fn new(cookies: &str, max_age: Duration) -> Self {
        let mut browser = Self {
            cookies: Vec::new(),
        };
        for crumb in cookies.split("; ") {
            browser.set(&format!("{crumb}; Max-Age={}", max_age.as_secs()));
        }
        browser
    }

    pub(super) fn cookie(&self) -> String {
        let now = Instant::now();
        let alive = self
            .cookies
            .iter()
            .filter(|(_, _, end)| end.is_none_or(|end| now < end));
        let crumbs: Vec<_> = alive
            .map(|(name, value, _)| format!("{name}={value}"))
            .collect();
        crumbs.join("; ")
    }

    pub(super) fn hear(&mut self, headers: &HeaderMap) {
        for line in set_cookies(headers) {
            self.set(line);
        }
    }

    fn set(&mut self, line: &str) {
        let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
        let (name, value) = pair.split_once('=').unwrap();
        let mut attributes = attributes.split(';').map(str::trim);
        let max_age = attributes.find_map(|attribute| attribute.strip_prefix("Max-Age="));
        let end = max_age.map(|age| Instant::now() + SECOND * age.parse::<u32>().unwrap());
        self.cookies.retain(|(known, _, _)| known != name);
        self.cookies.push((name.to_owned(), value.to_owned(), end));
    }
}

/// Opens several tabs at once.
async fn open_tabs(app: &App, browser: &mut Browser, tabs: usize) -> Vec<Seen> {
    let cookie = browser.cookie();
    let mut opened = tokio::task::JoinSet::new();
    for _ in 0..tabs {
        let (app, cookie) = (app.clone(), cookie.clone());
        opened.spawn(async move { app.get_as(&cookie, "/me").await });
    }
    let seen = opened.join_all().await;
    for tab in &seen {
        browser.hear(&tab.headers);
    }
    seen
}

/// How long somebody stays signed in who comes by so often, for as long as anybody looks.
async fn stays(
    every: Duration,
    tabs: usize,
    set_up: impl FnOnce(BetterAuthBuilder) -> BetterAuthBuilder,
) -> Duration {
    const LONG: Duration = Duration::from_secs(30 * DAY.as_secs());
    let server = AuthServer::in_process();
    let app = App::required(set_up(server.builder()).build().unwrap());
    let ada = server.sign_in(user("ada"));
    let mut browser = Browser::new(ada.cookie().to_str().unwrap(), 7 * DAY);
    let begin = Instant::now();
    while begin.elapsed() < LONG {
        let seen = open_tabs(&app, &mut browser, tabs).await;
        if seen.iter().any(|tab| tab.status == 401) {
            break;
        }
        for tab in &seen {
            tab.assert_user("ada");
        }
        advance(every).await;
    }
    begin.elapsed().min(LONG)
}

#[tokio::test(start_paused = true)]
async fn without_the_setting_an_active_browser_is_signed_out_after_seven_days() {
    assert_eq!(stays(HOUR, 1, |builder| builder).await, 7 * DAY);
}

#[tokio::test(start_paused = true)]
async fn an_active_browser_stays_signed_in_past_the_seventh_day() {
    for (every, tabs) in [(HOUR, 1), (HOUR, 8), (DAY, 1), (5 * DAY, 2)] {
        let stays = stays(every, tabs, BetterAuthBuilder::refresh_sessions).await;
        assert_eq!(stays, 30 * DAY, "{every:?} {tabs}");
    }
}

#[tokio::test(start_paused = true)]
async fn also_with_a_cache_however_long_it_remembers() {
    for ttl in [10 * SECOND, 2 * HOUR, 6 * DAY, 30 * DAY] {
        for (every, tabs) in [(HOUR, 1), (HOUR / 2, 3), (11 * HOUR, 2)] {
            let cached =
                |builder: BetterAuthBuilder| builder.cache(Cache::ttl(ttl)).refresh_sessions();
            let stays = stays(every, tabs, cached).await;
            assert_eq!(stays, 30 * DAY, "{ttl:?} {every:?} {tabs}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_stays_away_for_seven_days_is_signed_out() {
    let stays = stays(7 * DAY, 1, BetterAuthBuilder::refresh_sessions).await;
    assert_eq!(stays, 7 * DAY);
}
