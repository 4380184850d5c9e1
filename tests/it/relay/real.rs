//! Against a real Better Auth process.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};
use tower_better_auth::{BetterAuth, BetterAuthBuilder, Cache};

use super::{DAY, HOUR, browsers::Browser, set_cookies};
use crate::support::{
    app::App,
    node::{BetterAuthServer, Database},
};

fn refreshing(server: &BetterAuthServer) -> App {
    app(server, |builder| builder)
}

fn app(
    server: &BetterAuthServer,
    set_up: impl FnOnce(BetterAuthBuilder) -> BetterAuthBuilder,
) -> App {
    let builder = BetterAuth::builder(server.url()).refresh_sessions();
    App::required(set_up(builder).build().unwrap())
}

/// Leaves so much of a session; gives the row's `expiresAt`.
async fn leave(server: &BetterAuthServer, token: &str, rest: Duration) -> Value {
    let expires_at = humantime::format_rfc3339_millis(SystemTime::now() + rest).to_string();
    let found_by = json!({"token": token});
    server
        .update("session", found_by, json!({"expiresAt": expires_at}))
        .await;
    expires_at.into()
}

/// What Better Auth tells the browser itself, without the cookies of other sessions.
async fn told(server: &BetterAuthServer, cookie: &str) -> Vec<String> {
    let answer = server
        .get("get-session?disableCookieCache=true", cookie)
        .await;
    let lines = set_cookies(&answer.headers).into_iter();
    let lines = lines.filter(|line| !line.contains("session_token_multi-"));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_browser_that_talks_to_nobody_else_stays_signed_in() {
    let expires_in = Duration::from_secs(6);
    let config = json!({"expiresIn": expires_in.as_secs(), "updateAge": 1});
    let server = BetterAuthServer::shared(config);
    let remembering = |builder: BetterAuthBuilder| builder.cache(Cache::ttl(DAY));
    let apps = [refreshing(server), app(server, remembering)];
    let mut browsers = JoinSet::new();
    for app in apps {
        browsers.spawn(async move {
            let ada = server.sign_up("ada").await;
            let mut browser = Browser::new(&ada.cookie, expires_in);
            let begin = Instant::now();
            while begin.elapsed() < 2 * expires_in {
                let mut tabs = JoinSet::new();
                for _ in 0..5 {
                    let (app, cookie) = (app.clone(), browser.cookie());
                    tabs.spawn(async move { app.get_as(&cookie, "/me").await });
                }
                for tab in tabs.join_all().await {
                    tab.assert_user(&ada.user_id);
                    browser.hear(&tab.headers);
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
    }
    browsers.join_all().await;
}

#[tokio::test]
async fn the_lines_are_those_that_better_auth_writes() {
    let server = BetterAuthServer::shared(json!({"updateAge": DAY.as_secs()}));
    let app = refreshing(server);
    let ada = server.sign_up("ada").await;
    // Not due.
    let seen = app.get_as(&ada.cookie, "/me").await;
    seen.assert_ok();
    assert_eq!(set_cookies(&seen.headers), [""; 0]);

    leave(server, &ada.token, DAY).await;
    let expected = told(server, &ada.cookie).await;
    assert!(expected[0].contains("; Max-Age=604800;"), "{expected:?}");
    let before = leave(server, &ada.token, DAY).await;
    let seen = app.get_as(&ada.cookie, "/me").await;
    seen.assert_ok();
    assert_eq!(set_cookies(&seen.headers), expected);
    assert_eq!(seen.headers["cache-control"], "private, no-store");
    assert_ne!(server.session_row(&ada.token).await["expiresAt"], before);
}

#[tokio::test]
async fn a_session_that_ends_with_the_browser_and_an_impersonation_stay_as_short_as_they_are() {
    let server = BetterAuthServer::shared(json!({"updateAge": DAY.as_secs()}));
    let named = json!({"updateAge": DAY.as_secs(), "sessionCookieName": "sid"});
    let named = BetterAuthServer::shared(named);
    for (server, app) in [
        (server, refreshing(server)),
        (named, app(named, |builder| builder.session_cookie("sid"))),
    ] {
        let (admin, ada) = (server.sign_up("admin").await, server.sign_up("ada").await);
        let brief = json!({"email": ada.email, "password": "correct horse battery staple", "rememberMe": false});
        let brief = server.switch(&ada, "sign-in/email", &brief).await;
        let ada_id = json!({"userId": ada.user_id});
        let impersonated = server
            .switch(&admin, "admin/impersonate-user", &ada_id)
            .await;
        for (session, rest) in [(&brief, DAY), (&impersonated, HOUR)] {
            let before = leave(server, &session.token, rest).await;
            let seen = app.get_as(&session.cookie, "/me").await;
            seen.assert_ok();
            assert_eq!(set_cookies(&seen.headers), [""; 0]);
            let after = &server.session_row(&session.token).await["expiresAt"];
            assert_eq!(*after, before);
        }
        // A session that is to be remembered is prolonged under that name.
        let eve = server.sign_up("eve").await;
        leave(server, &eve.token, DAY).await;
        let seen = app.get_as(&eve.cookie, "/me").await;
        seen.assert_ok();
        assert_eq!(set_cookies(&seen.headers).len(), 1);
    }
}

#[tokio::test]
async fn a_session_that_is_over_is_deleted_in_the_browser_and_an_outage_deletes_nothing() {
    let server = BetterAuthServer::start(json!({"updateAge": 0}));
    let app = app(&server, |builder| builder.retries(0));
    let ada = server.sign_up("ada").await;
    for mode in [Database::Throw, Database::Ok] {
        server.database(mode).await;
        let seen = app.get_as(&ada.cookie, "/me").await;
        match mode {
            Database::Ok => seen.assert_ok(),
            _ => seen.assert_unavailable(),
        }
    }
    server.delete("session", json!({"token": ada.token})).await;
    let expected = told(&server, &ada.cookie).await;
    let seen = app.get_as(&ada.cookie, "/me").await;
    assert_eq!(
        (seen.status.as_u16(), seen.code()),
        (401, "INVALID_SESSION")
    );
    let mut expected: Vec<_> = expected.iter().map(String::as_str).collect();
    expected.retain(|line| !line.starts_with("better-auth.session_data="));
    assert_eq!(set_cookies(&seen.headers), expected);
    assert_eq!(expected.len(), 2, "{expected:?}");

    // A cookie that Better Auth has not signed deletes nothing.
    let seen = app
        .get_as("better-auth.session_token=made-up.c2ln", "/me")
        .await;
    seen.assert_invalid();
}

#[tokio::test]
async fn a_cookie_cache_that_is_trusted_is_filled_and_rewritten() {
    for strategy in ["compact", "jwt", "jwe"] {
        let config = json!({"cookieCache": {"strategy": strategy, "maxAge": 300}});
        let server = BetterAuthServer::shared(config);
        let app = app(server, BetterAuthBuilder::trust_cookie_cache);
        // So large that the cookie comes in pieces.
        let ada = server
            .sign_up_with("ada", json!({"image": "x".repeat(5000)}))
            .await;
        let token = format!("better-auth.session_token={}", ada.session_token());
        let mut browser = Browser::new(&token, DAY);
        let seen = app.get_as(&browser.cookie(), "/me").await;
        seen.assert_ok();
        browser.hear(&seen.headers);
        assert!(
            browser.cookie().contains("better-auth.session_data.1="),
            "{strategy}"
        );

        // Now the server need not look the session up.
        let seen = app.get_as(&browser.cookie(), "/me").await;
        seen.assert_user(&ada.user_id);
        assert_eq!(set_cookies(&seen.headers), [""; 0]);

        // What is spoilt is written anew, and the pieces that are left over are deleted.
        let spoilt =
            format!("{token}; better-auth.session_data=spoilt; better-auth.session_data.7=spoilt");
        let mut browser = Browser::new(&spoilt, DAY);
        let seen = app.get_as(&browser.cookie(), "/me").await;
        seen.assert_user(&ada.user_id);
        browser.hear(&seen.headers);
        let cookie = browser.cookie();
        assert!(!cookie.contains("spoilt"), "{strategy}: {cookie}");
        assert!(
            cookie.contains("better-auth.session_data.0="),
            "{strategy}: {cookie}"
        );
    }
}
