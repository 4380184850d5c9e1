//! While the auth server fails, nobody waits for it.

use axum::{Router, body::Body, routing::get as route};
use http::{HeaderMap, Request, Response, header::COOKIE};
use serde_json::json;
use tokio::time::{Instant, advance};
use tower::ServiceExt;
use tower_better_auth::{
    BetterAuth, BetterAuthBuilder, BreakerState, Cache, CircuitBreaker, Require, SessionAuth,
};

use super::{SECOND, app, cookie_of, get, outcomes, start_many};
use crate::support::{
    answer,
    app::App,
    mock::{Act, Gate, Mock, settle},
    raw_server::{self, RawServer},
};

const FAILURE: fn() -> Act = || Act::status(500);

/// What an app serves for a path that it does not know.
fn page() -> Act {
    let response = Response::builder().header("content-type", "text/html");
    Act::Answer(response.body("<p>Hello</p>".into()).unwrap())
}

/// Enough failures to open it.
async fn open(mock: &Mock, app: &App) {
    mock.does(FAILURE());
    for number in 0..20 {
        get(app, number).await.assert_unavailable();
    }
}

/// Half-open, with a probe under way.
async fn probing(mock: &Mock, auth: &BetterAuth, app: &App) -> Gate {
    open(mock, app).await;
    assert_eq!(state(auth), BreakerState::Open);
    advance(2 * SECOND).await;
    assert_eq!(state(auth), BreakerState::HalfOpen);
    mock.hold()
}

fn state(auth: &BetterAuth) -> BreakerState {
    auth.readiness().circuit_breaker
}

#[tokio::test(start_paused = true)]
async fn after_twenty_failures_no_call_is_made_and_nobody_waits() {
    let mock = Mock::doing(FAILURE());
    let (auth, app) = app(mock.builder());
    for number in 0..20 {
        assert_eq!(state(&auth), BreakerState::Closed, "{number}");
        assert!(auth.readiness().is_ready());
        get(&app, number).await.assert_unavailable();
    }
    assert_eq!(state(&auth), BreakerState::Open);
    assert!(!auth.readiness().is_ready());
    assert_eq!(mock.count(), 20);
    mock.does(Act::signed_in());
    let began = Instant::now();
    for number in 100..200 {
        let seen = get(&app, number).await;
        seen.assert_unavailable();
        assert_eq!(seen.headers["retry-after"], "2");
    }
    assert_eq!(mock.count(), 20);
    assert_eq!(began.elapsed(), std::time::Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn fewer_than_half_of_all_calls_do_not_open_it() {
    let mock = Mock::new();
    let (auth, app) = app(mock.builder());
    for number in 0..21 {
        get(&app, number).await.assert_ok();
    }
    mock.does(FAILURE());
    for number in 0..20 {
        get(&app, number).await.assert_unavailable();
    }
    assert_eq!(state(&auth), BreakerState::Closed);
    get(&app, 0).await.assert_unavailable();
    assert_eq!(state(&auth), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn failures_of_long_ago_do_not_count() {
    let mock = Mock::doing(FAILURE());
    let (auth, app) = app(mock.builder());
    for number in 0..19 {
        get(&app, number).await.assert_unavailable();
    }
    advance(11 * SECOND).await;
    get(&app, 0).await.assert_unavailable();
    assert_eq!(state(&auth), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn sessions_in_the_cache_go_on_while_it_is_open() {
    let mock = Mock::new();
    let (auth, app) = app(mock.builder().cache(Cache::ttl(60 * SECOND)));
    get(&app, 1000).await.assert_ok();
    open(&mock, &app).await;
    let calls = mock.count();
    assert_eq!(state(&auth), BreakerState::Open);
    get(&app, 1000).await.assert_ok();
    assert_eq!(auth.readiness().circuit_breaker, BreakerState::Open);
    assert_eq!(mock.count(), calls);
}

#[tokio::test(start_paused = true)]
async fn after_two_seconds_exactly_one_of_a_hundred_requests_is_the_probe() {
    let mock = Mock::new();
    let (auth, app) = app(mock.builder());
    let gate = probing(&mock, &auth, &app).await;
    mock.does(Act::signed_in());
    let requests = start_many(&app, 100).await;
    assert_eq!(mock.count(), 21);
    assert_eq!(state(&auth), BreakerState::HalfOpen);
    gate.open();
    assert_eq!(outcomes(requests).await, (1, 99));
    assert_eq!(state(&auth), BreakerState::Closed);
    assert!(auth.readiness().is_ready());
    assert_eq!(outcomes(start_many(&app, 50).await).await, (50, 0));
}

#[tokio::test(start_paused = true)]
async fn just_before_two_seconds_there_is_no_probe() {
    let mock = Mock::new();
    let (_, app) = app(mock.builder());
    open(&mock, &app).await;
    mock.does(Act::signed_in());
    advance(2 * SECOND - SECOND / 100).await;
    get(&app, 0).await.assert_unavailable();
    assert_eq!(mock.count(), 20);
    advance(SECOND / 100).await;
    get(&app, 0).await.assert_ok();
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_opens_it_for_two_seconds_more() {
    for failure in [FAILURE(), Act::Hang] {
        let mock = Mock::new();
        let (auth, app) = app(mock.builder().retries(0));
        probing(&mock, &auth, &app).await.open();
        mock.does(failure);
        get(&app, 0).await.assert_unavailable();
        assert_eq!(state(&auth), BreakerState::Open);
        mock.does(Act::signed_in());
        get(&app, 1).await.assert_unavailable();
        assert_eq!(mock.count(), 21);
        advance(2 * SECOND).await;
        get(&app, 2).await.assert_ok();
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_panics_leaves_its_place_to_the_next() {
    let mock = Mock::new();
    let (auth, app) = app(mock.builder());
    probing(&mock, &auth, &app).await.open();
    mock.does(Act::Panic);
    get(&app, 0).await.assert_unavailable();
    assert_eq!(state(&auth), BreakerState::HalfOpen);
    mock.does(Act::signed_in());
    get(&app, 1).await.assert_ok();
    assert_eq!(state(&auth), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_whose_client_hangs_up_still_decides() {
    let mock = Mock::new();
    let (auth, app) = app(mock.builder());
    let gate = probing(&mock, &auth, &app).await;
    mock.does(Act::signed_in());
    let mut requests = start_many(&app, 1).await;
    requests.abort_all();
    while requests.join_next().await.is_some() {}
    gate.open();
    settle().await;
    assert_eq!(state(&auth), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn what_one_user_can_bring_about_never_opens_it() {
    let mut large = answer::session();
    large["user"]["name"] = "x".repeat(5000).into();
    let doings = [
        Act::status(400),
        Act::status(401 + 2),
        Act::status(413),
        Act::status(431),
        Act::session(&large),
        Act::session(&json!({"a": 1})),
        Act::session(&json!({"user": {"id": 7}, "session": {}})),
    ];
    for (index, doing) in doings.into_iter().enumerate() {
        let mock = Mock::doing(doing);
        let (auth, app) = app(mock.builder().max_body(2000));
        for number in 0..100 {
            get(&app, number).await.assert_unavailable();
        }
        assert_eq!(state(&auth), BreakerState::Closed, "row {index}");
        assert_eq!(mock.count(), 100, "row {index}");
    }
}

/// As a user with a name of that length has who is asked about with the JWT plugin, which puts the name into a header.
#[tokio::test]
async fn nor_does_a_user_whose_answer_has_a_header_that_is_too_large() {
    let large = format!("set-auth-jwt: {}", "x".repeat(1 << 20));
    let large = answer::http(
        "200 OK",
        &["content-type: application/json", &large],
        "null",
    );
    let server = RawServer::start(raw_server::answer(large)).await;
    let (auth, app) = app(BetterAuth::builder(server.url()));
    for number in 0..30 {
        get(&app, number).await.assert_unavailable();
    }
    assert_eq!(state(&auth), BreakerState::Closed);
    // And it would be as large when asked again.
    assert_eq!(server.requests().len(), 30);
}

/// A guard and devices, each of which asks an endpoint that answers so, and sessions in the cache.
async fn open_by_an_endpoint(act: Act) -> BreakerState {
    let mock = Mock::new();
    mock.plays(move |request| match request.uri().path() {
        "/api/auth/get-session" => Act::signed_in(),
        _ => act.clone(),
    });
    let builder = mock.builder().retries(0).deadline(SECOND / 10);
    let auth = builder.cache(Cache::ttl(60 * SECOND)).build().unwrap();
    let app: Router = Router::new()
        .route("/{org}", route(async || ()))
        .route_layer(Require::organization_member("org"))
        .layer(SessionAuth::new(auth.clone()));
    let headers = HeaderMap::from_iter([(COOKIE, answer::cookie().parse().unwrap())]);
    for _ in 0..30 {
        let mut request = Request::get("/acme").body(Body::empty()).unwrap();
        *request.headers_mut() = headers.clone();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 503);
        assert_eq!(
            auth.list_sessions(&headers).await.unwrap_err().status(),
            503
        );
    }
    state(&auth)
}

#[tokio::test(start_paused = true)]
async fn nor_does_what_an_endpoint_answers_that_only_some_ask_unless_it_is_nothing() {
    let encoded = Act::json(200, &[("content-encoding", "br")], &json!({}));
    for (name, act, expected) in [
        ("404", Act::status(404), BreakerState::Closed),
        ("405", Act::status(405), BreakerState::Closed),
        ("302", Act::status(302), BreakerState::Closed),
        ("encoded", encoded, BreakerState::Closed),
        ("a page", page(), BreakerState::Closed),
        // As to an id that the database does not take.
        ("500", Act::status(500), BreakerState::Closed),
        ("502", Act::status(502), BreakerState::Closed),
        ("refused", Act::Refuse, BreakerState::Open),
        ("no answer in time", Act::Hang, BreakerState::Open),
    ] {
        assert_eq!(open_by_an_endpoint(act).await, expected, "{name}");
    }
}

/// Better Auth answers 500 to a `session_data` that is not base64.
#[tokio::test(start_paused = true)]
async fn nor_does_a_cookie_of_the_cookie_cache_that_the_server_cannot_read() {
    let trusting = |mock: &Mock| mock.builder().trust_cookie_cache();
    let bypassing = |mock: &Mock| mock.builder();
    let cases: [(fn(&Mock) -> BetterAuthBuilder, &str, u16, BreakerState); 4] = [
        (
            trusting,
            "; better-auth.session_data=!",
            500,
            BreakerState::Closed,
        ),
        (
            trusting,
            "; better-auth.session_data=!",
            503,
            BreakerState::Open,
        ),
        (trusting, "", 500, BreakerState::Open),
        // It is not sent.
        (
            bypassing,
            "; better-auth.session_data=!",
            500,
            BreakerState::Open,
        ),
    ];
    for (index, (builder, cookie_cache, status, expected)) in cases.into_iter().enumerate() {
        let mock = Mock::doing(Act::status(status));
        let (auth, app) = app(builder(&mock).retries(0));
        for number in 0..30 {
            let cookies = cookie_of(number) + cookie_cache;
            app.get_as(&cookies, "/me").await.assert_unavailable();
        }
        assert_eq!(state(&auth), expected, "row {index}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_speaks_against_the_server_opens_it() {
    for (index, doing) in [
        Act::Refuse,
        Act::status(302),
        Act::status(404),
        Act::status(405),
        Act::json(200, &[("content-encoding", "br")], &answer::session()),
        page(),
        Act::status(500),
        Act::status(503),
    ]
    .into_iter()
    .enumerate()
    {
        let mock = Mock::doing(doing);
        let (auth, app) = app(mock.builder().retries(0));
        for number in 0..30 {
            get(&app, number).await.assert_unavailable();
        }
        assert_eq!(state(&auth), BreakerState::Open, "row {index}");
        assert_eq!(mock.count(), 20, "row {index}");
    }
}

#[tokio::test(start_paused = true)]
async fn switched_off_it_never_opens() {
    let mock = Mock::doing(FAILURE());
    let (auth, app) = app(mock.builder().circuit_breaker(CircuitBreaker::off()));
    for number in 0..100 {
        get(&app, number).await.assert_unavailable();
    }
    assert_eq!(mock.count(), 100);
    assert_eq!(state(&auth), BreakerState::Closed);
    assert!(auth.readiness().is_ready());
}

#[tokio::test(start_paused = true)]
async fn readiness_tells_of_the_last_answer_and_of_what_is_remembered() {
    let mock = Mock::doing(FAILURE());
    let (auth, app) = app(mock.builder().cache(Cache::ttl(60 * SECOND)));
    get(&app, 0).await.assert_unavailable();
    assert_eq!(auth.readiness().last_contact, None);
    mock.does(Act::signed_out());
    get(&app, 0).await.assert_invalid();
    advance(3 * SECOND).await;
    assert_eq!(auth.readiness().last_contact, Some(3 * SECOND));
    assert_eq!(mock.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn made_up_cookies_that_are_answered_are_successes() {
    let mock = Mock::doing(Act::signed_out());
    let (auth, app) = app(mock.builder());
    for number in 0..30 {
        get(&app, number).await.assert_invalid();
    }
    mock.does(FAILURE());
    for number in 0..20 {
        get(&app, number).await.assert_unavailable();
    }
    assert_eq!(state(&auth), BreakerState::Closed);
    // And a probe that is answered so closes it.
    open(&mock, &app).await;
    assert_eq!(state(&auth), BreakerState::Open);
    advance(2 * SECOND).await;
    mock.does(Act::signed_out());
    get(&app, 0).await.assert_invalid();
    assert_eq!(state(&auth), BreakerState::Closed);
}
