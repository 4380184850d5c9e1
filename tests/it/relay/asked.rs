//! Which calls let the server prolong a session.

use axum::{Router, extract::Request, routing::get};
use http::{HeaderMap, header};
use tokio::time::advance;
use tower_better_auth::{BetterAuth, BetterAuthBuilder, Cache, CurrentSession, SessionAuth};

use super::{
    LINE, REFRESHING, SECOND, SILENT, app, cached, queries, refreshing, set_cookies, setting,
};
use crate::support::{
    answer,
    app::App,
    mock::{Act, Mock, settle},
    probe::{send, signed_in},
};

fn headers() -> HeaderMap {
    HeaderMap::from_iter([(header::COOKIE, answer::cookie().parse().unwrap())])
}

#[tokio::test]
async fn by_default_no_session_is_prolonged_and_no_cookie_comes_back() {
    let mock = Mock::doing(Act::json(200, &[("set-cookie", LINE)], &answer::session()));
    for app in [App::required(mock.handle()), App::optional(mock.handle())] {
        let seen = app.get_as(&answer::cookie(), "/me").await;
        seen.assert_ok();
        assert_eq!(set_cookies(&seen.headers), [""; 0]);
    }
    assert_eq!(queries(&mock), [SILENT, SILENT]);
}

#[tokio::test]
async fn both_kinds_of_layer_prolong_and_nobody_else_does() {
    let mock = setting(&[LINE]);
    let auth = refreshing(&mock);
    let required = App::required(auth.clone());
    let optional = App::optional(auth.clone());
    required.get_as(&answer::cookie(), "/me").await.assert_ok();
    optional.get_as(&answer::cookie(), "/me").await.assert_ok();
    // Nobody wants to know.
    optional
        .get_as(&answer::cookie(), "/ping")
        .await
        .assert_ok();
    assert_eq!(queries(&mock), [REFRESHING, REFRESHING]);

    auth.validate(&headers()).await.unwrap();
    auth.validate_optional(&headers()).await.unwrap();
    assert_eq!(queries(&mock)[2..], [SILENT, SILENT]);

    // The layer's own check prolongs, and what is asked on top of it does not.
    let seen = required.get_as(&answer::cookie(), "/live").await;
    assert_eq!(set_cookies(&seen.headers), [LINE]);
    assert_eq!(queries(&mock)[4..], [REFRESHING, SILENT]);
}

#[tokio::test]
async fn with_the_cookie_cache_trusted_nothing_at_all_is_switched_off() {
    let mock = setting(&[LINE]);
    let app = app(&mock, BetterAuthBuilder::trust_cookie_cache);
    let seen = app.get_as(&answer::cookie(), "/me").await;
    assert_eq!(set_cookies(&seen.headers), [LINE]);
    assert_eq!(queries(&mock), [""]);
}

#[tokio::test(start_paused = true)]
async fn renewals_in_the_background_never_prolong() {
    let mock = setting(&[LINE]);
    let app = app(&mock, cached(60 * SECOND));
    app.get_as(&answer::cookie(), "/me").await.assert_ok();
    advance(58 * SECOND).await;
    app.get_as(&answer::cookie(), "/me").await.assert_ok();
    settle().await;
    assert_eq!(queries(&mock), [REFRESHING, SILENT]);
}

/// Whoever shows a token tells nobody that the session is not to be remembered, and a cookie would be a second credential.
#[tokio::test]
async fn whoever_shows_a_token_prolongs_nothing() {
    let mock = setting(&[LINE]);
    let builder = mock.builder().accept_bearer().accept_api_key();
    let app = App::required(builder.refresh_sessions().build().unwrap());
    for (name, value) in [("authorization", "Bearer t0ken"), ("x-api-key", "k")] {
        for cookie in ["", &answer::cookie()] {
            let seen = app.get("/me", &[(name, value), ("cookie", cookie)]).await;
            seen.assert_ok();
            assert_eq!(set_cookies(&seen.headers), [""; 0]);
        }
    }
    assert_eq!(queries(&mock), [SILENT; 4]);
}

#[tokio::test]
async fn with_a_name_in_full_the_cookie_that_keeps_a_session_short_travels_along() {
    let cookie = "sid=A; app.dont_remember=B; better-auth.dont_remember=C";
    let sent = async |builder: fn(BetterAuthBuilder) -> BetterAuthBuilder| {
        let mock = Mock::new();
        let named = mock.builder().session_cookie("sid").cookie_prefix("app");
        let app = App::required(builder(named).build().unwrap());
        app.get_as(cookie, "/me").await.assert_ok();
        let sent = mock.calls()[0].headers()["cookie"].clone();
        sent.to_str().unwrap().to_owned()
    };
    assert_eq!(sent(|builder| builder).await, "sid=A");
    let refreshing = sent(BetterAuthBuilder::refresh_sessions).await;
    assert_eq!(refreshing, "sid=A; app.dont_remember=B");
}

#[tokio::test]
async fn a_verdict_that_is_asked_for_after_the_response_has_left_prolongs_nothing() {
    let mock = setting(&[LINE]);
    let (sender, mut asked) = tokio::sync::mpsc::channel(1);
    let handler = move |request: Request| async move {
        let (parts, _) = request.into_parts();
        tokio::spawn(async move {
            settle().await;
            let session = CurrentSession::from_extensions(&parts.extensions).await;
            sender.send(session.is_ok()).await.unwrap();
        });
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(SessionAuth::new(refreshing(&mock)).optional());
    let seen = send(app, signed_in("/")).await;
    assert_eq!(seen.set_cookies(), [""; 0]);
    assert_eq!(asked.recv().await, Some(true));
    assert_eq!(queries(&mock), [SILENT]);
}

#[tokio::test]
async fn the_check_at_start_up_prolongs_nothing() {
    let mock = Mock::new();
    let auth: BetterAuth = mock
        .builder()
        .cache(Cache::ttl(60 * SECOND))
        .refresh_sessions()
        .build()
        .unwrap();
    let _ = auth.check().await;
    let sessions = queries(&mock);
    assert!(!sessions.is_empty());
    assert!(!sessions.contains(&REFRESHING.to_owned()), "{sessions:?}");
}
