//! After a 429 the auth server is left alone for as long as it asks.

use std::net::IpAddr;

use axum::{Router, routing::get as route};
use http::{HeaderMap, Request, StatusCode, header::COOKIE};
use tokio::time::advance;
use tower::ServiceExt;
use tower_better_auth::{BetterAuthBuilder, Cache, Require, SessionAuth};

use super::{SECOND, app, cookie_of, get};
use crate::support::{
    app::{App, Seen},
    mock::{Act, Mock, settle},
};

fn limited(seconds: &str) -> Act {
    Act::json(429, &[("x-retry-after", seconds)], &serde_json::Value::Null)
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_about_until_the_time_has_passed() {
    let mock = Mock::doing(limited("10"));
    let (auth, app) = app(mock.builder());
    let seen = get(&app, 0).await;
    seen.assert_unavailable();
    assert_eq!(seen.headers["retry-after"], "10");
    mock.does(Act::signed_in());
    advance(4 * SECOND).await;
    for number in 0..50 {
        let seen = get(&app, number).await;
        seen.assert_unavailable();
        assert_eq!(seen.headers["retry-after"], "6");
    }
    assert_eq!(auth.readiness().paused_for, Some(6 * SECOND));
    assert!(!auth.readiness().is_ready());
    assert_eq!(mock.count(), 1);
    advance(6 * SECOND).await;
    assert!(auth.readiness().is_ready());
    get(&app, 1).await.assert_ok();
    assert_eq!(mock.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_longer_than_thirty_seconds() {
    let mock = Mock::doing(limited("3600"));
    let (auth, app) = app(mock.builder());
    get(&app, 0).await.assert_unavailable();
    assert_eq!(auth.readiness().paused_for, Some(30 * SECOND));
    mock.does(Act::signed_in());
    advance(30 * SECOND - SECOND / 10).await;
    get(&app, 0).await.assert_unavailable();
    advance(SECOND / 10).await;
    get(&app, 0).await.assert_ok();
}

#[tokio::test(start_paused = true)]
async fn sessions_in_the_cache_go_on_meanwhile() {
    let mock = Mock::new();
    let (_, app) = app(mock.builder().cache(Cache::ttl(60 * SECOND)));
    get(&app, 0).await.assert_ok();
    mock.does(limited("10"));
    get(&app, 1).await.assert_unavailable();
    get(&app, 0).await.assert_ok();
    assert_eq!(mock.count(), 2);
}

/// Behind a proxy that names the client.
fn behind_a_proxy(mock: &Mock) -> BetterAuthBuilder {
    mock.builder().client_ip(|headers, _| {
        let name = headers.get("x-real-ip")?;
        name.to_str().ok()?.parse::<IpAddr>().ok()
    })
}

async fn get_from(ip: &str, app: &App, number: usize) -> Seen {
    let (cookie, ip) = (cookie_of(number), ip.to_owned());
    app.get("/me", &[("cookie", cookie), ("x-real-ip", ip)])
        .await
}

#[tokio::test(start_paused = true)]
async fn one_clients_budget_is_not_everybodys() {
    let mock = Mock::doing(limited("10"));
    let (auth, app) = app(behind_a_proxy(&mock));
    get_from("192.0.2.1", &app, 0).await.assert_unavailable();
    assert_eq!(auth.readiness().paused_for, None);
    mock.does(Act::signed_in());
    get_from("192.0.2.2", &app, 1).await.assert_ok();
    assert_eq!(mock.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_budget_of_calls_without_an_address_is_theirs_alone() {
    let mock = Mock::doing(limited("10"));
    let (auth, app) = app(behind_a_proxy(&mock));
    get(&app, 0).await.assert_unavailable();
    mock.does(Act::signed_in());
    get_from("192.0.2.1", &app, 1).await.assert_ok();
    assert!(auth.readiness().is_ready());
    assert_eq!(mock.count(), 2);
    // Those are still left out, whoever makes them.
    get(&app, 2).await.assert_unavailable();
    let cookie = cookie_of(3).parse().unwrap();
    let headers = HeaderMap::from_iter([(COOKIE, cookie)]);
    assert_eq!(auth.validate(&headers).await.unwrap_err().status(), 503);
    assert_eq!(mock.count(), 2);
    advance(10 * SECOND).await;
    get(&app, 2).await.assert_ok();
}

#[tokio::test(start_paused = true)]
async fn a_renewal_in_the_background_does_not_pause_those_who_are_told_apart_by_their_address() {
    let mock = Mock::new();
    let builder = mock.builder().cache(Cache::ttl(60 * SECOND));
    let builder = builder.client_ip(|_, _| Some(IpAddr::from([192, 0, 2, 1])));
    let (auth, app) = app(builder);
    get(&app, 0).await.assert_ok();
    mock.does(limited("10"));
    advance(59 * SECOND).await;
    get(&app, 0).await.assert_ok();
    settle().await;
    assert_eq!(mock.count(), 2);
    assert_eq!(auth.readiness().paused_for, None);
    mock.does(Act::signed_in());
    get(&app, 1).await.assert_ok();
}

#[tokio::test(start_paused = true)]
async fn a_429_about_a_question_does_not_pause_sessions() {
    let mock = Mock::new();
    mock.plays(|request| match request.uri().path() {
        "/api/auth/get-session" => Act::signed_in(),
        _ => limited("10"),
    });
    let auth = mock.handle();
    let member = Require::organization_member("org");
    let app: Router = Router::new()
        .route("/", route(async || ()))
        .route("/{org}", route(async || ()).route_layer(member))
        .layer(SessionAuth::new(auth.clone()));
    let status = async |path: &str| {
        let request = Request::get(path).header("cookie", cookie_of(0));
        let request = request.body(axum::body::Body::empty()).unwrap();
        app.clone().oneshot(request).await.unwrap().status()
    };
    assert_eq!(status("/acme").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(mock.count(), 2);
    assert_eq!(status("/").await, StatusCode::OK);
    assert_eq!(mock.count(), 3);
    // The question itself is not asked again before its time.
    assert_eq!(status("/acme").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(mock.count(), 4);
    advance(10 * SECOND).await;
    status("/acme").await;
    assert_eq!(mock.count(), 6);
}
