//! Every setting and every default does what it says, by a clock that does not wait.

use std::{convert::Infallible, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use tokio::time::Instant;
use tower::ServiceExt;
use tower_better_auth::{BetterAuth, Cache, ConfigError, proxy::Proxy};

use super::{Seen, call, post};
use crate::support::mock::{Act, Mock, settle};

fn proxy(mock: &Mock) -> Proxy {
    mock.handle().proxy()
}

fn with_body(bytes: u64) -> Request<Body> {
    let body = vec![b' '; usize::try_from(bytes).unwrap()];
    Request::post("/api/auth/upload").body(body.into()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_and_defaults_to_thirty_seconds() {
    let mock = Mock::doing(Act::Hang);
    assert_eq!(Proxy::DEADLINE, Duration::from_secs(30));
    for (proxy, expected) in [
        (proxy(&mock), Proxy::DEADLINE),
        (
            proxy(&mock).deadline(Duration::from_secs(3)),
            Duration::from_secs(3),
        ),
    ] {
        let began = Instant::now();
        let seen = call(&proxy, post("/api/auth/sign-in/email")).await;
        assert_eq!(
            (seen.status, began.elapsed()),
            (StatusCode::SERVICE_UNAVAILABLE, expected)
        );
        assert_eq!(seen.code(), "AUTH_SERVICE_UNAVAILABLE");
        assert_eq!(seen.headers[header::RETRY_AFTER], "2");
    }
}

#[tokio::test]
async fn durations_without_end_are_as_good_as_a_year() {
    let mock = Mock::new();
    let proxy = proxy(&mock)
        .deadline(Duration::MAX)
        .idle_timeout(Duration::MAX);
    let late = futures_util::stream::once(async {
        tokio::task::yield_now().await;
        Ok::<_, axum::Error>("x")
    });
    let request = Request::post("/api/auth/upload").body(Body::from_stream(late));
    assert_eq!(call(&proxy, request.unwrap()).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn the_silence_of_a_body_is_bounded_and_by_ten_seconds_unless_set() {
    let mock = Mock::new();
    assert_eq!(Proxy::IDLE_TIMEOUT, Duration::from_secs(10));
    for (proxy, expected) in [
        (proxy(&mock), Proxy::IDLE_TIMEOUT),
        (
            proxy(&mock).idle_timeout(Duration::from_secs(3)),
            Duration::from_secs(3),
        ),
    ] {
        let silent =
            Body::from_stream(futures_util::stream::pending::<Result<String, axum::Error>>());
        let began = Instant::now();
        let seen = call(
            &proxy,
            Request::post("/api/auth/upload").body(silent).unwrap(),
        )
        .await;
        assert_eq!(
            (seen.status, began.elapsed()),
            (StatusCode::REQUEST_TIMEOUT, expected)
        );
    }
    assert_eq!(mock.count(), 0);
}

/// As a transport of the application's own, whose answers begin and never end.
#[tokio::test(start_paused = true)]
async fn the_silence_of_an_answer_is_bounded_alike() {
    let half = tower::service_fn(|_: Request<Bytes>| async {
        let silence = futures_util::stream::pending::<Result<String, axum::Error>>();
        Ok::<_, Infallible>(Response::new(Body::from_stream(silence)))
    });
    let auth = BetterAuth::builder("http://localhost")
        .transport(half)
        .build()
        .unwrap();
    for (proxy, expected) in [
        (auth.proxy(), Proxy::IDLE_TIMEOUT),
        (
            auth.proxy().idle_timeout(Duration::from_secs(3)),
            Duration::from_secs(3),
        ),
    ] {
        let response = proxy.oneshot(post("/api/auth/get-session")).await.unwrap();
        let began = Instant::now();
        assert!(response.into_body().collect().await.is_err());
        assert_eq!(began.elapsed(), expected);
    }
}

#[tokio::test]
async fn bodies_are_bounded_and_by_a_mebibyte_unless_set() {
    let mock = Mock::new();
    assert_eq!(Proxy::MAX_BODY, 1024 * 1024);
    for (proxy, limit) in [
        (proxy(&mock), Proxy::MAX_BODY),
        (proxy(&mock).max_body(100_000), 100_000),
        (proxy(&mock).max_body(10), 10),
        (proxy(&mock).max_body(0), 0),
    ] {
        let before = mock.count();
        assert_eq!(
            call(&proxy, with_body(limit)).await.status,
            StatusCode::OK,
            "{limit}"
        );
        let seen = call(&proxy, with_body(limit + 1)).await;
        assert_eq!(seen.status, StatusCode::PAYLOAD_TOO_LARGE, "{limit}");
        assert_eq!(mock.count(), before + 1);
        assert_eq!(mock.calls().last().unwrap().body().len() as u64, limit);
    }
}

#[tokio::test(start_paused = true)]
async fn so_many_wait_for_an_answer_at_once_and_sixty_four_unless_set() {
    assert_eq!(Proxy::MAX_CONCURRENCY, 64);
    for (setting, expected) in [(None, 64), (Some(3), 3), (Some(0), 1)] {
        let mock = Mock::new();
        mock.hold();
        let proxy = match setting {
            None => proxy(&mock),
            Some(most) => proxy(&mock).max_concurrency(most),
        };
        let calls: Vec<_> = (0..100)
            .map(|_| tokio::spawn(proxy.clone().oneshot(post("/api/auth/sign-in/email"))))
            .collect();
        settle().await;
        assert_eq!(mock.count(), expected);
        for response in calls {
            let seen = Seen::of(response.await.unwrap().unwrap()).await;
            assert_eq!(seen.status, StatusCode::SERVICE_UNAVAILABLE);
        }
        assert_eq!(mock.most_at_once(), expected);
    }
}

#[tokio::test]
async fn the_public_origin_is_told_only_when_it_is_set() {
    let mock = Mock::new();
    let forwarded = || {
        let calls = mock.calls();
        let headers = calls.last().unwrap().headers().clone();
        ["x-forwarded-proto", "x-forwarded-host"].map(|name| {
            let value = headers.get(name)?;
            Some(value.to_str().unwrap().to_owned())
        })
    };
    let lying = || {
        Request::get("/api/auth/ok")
            .header("host", "evil.example")
            .header("x-forwarded-host", "evil.example")
            .body(Body::empty())
            .unwrap()
    };
    call(&proxy(&mock), lying()).await;
    assert_eq!(forwarded(), [None, None]);
    for (origin, expected) in [
        ("https://app.example", ["https", "app.example"]),
        ("https://App.Example:443/", ["https", "app.example"]),
        ("http://localhost:8080", ["http", "localhost:8080"]),
    ] {
        call(&proxy(&mock).public_origin(origin).unwrap(), lying()).await;
        assert_eq!(forwarded(), expected.map(|value| Some(value.to_owned())));
    }
    for origin in [
        "",
        "app.example",
        "https://app.example/x",
        "https://a@b.example",
        "ftp://a.example",
    ] {
        let error = proxy(&mock).public_origin(origin).unwrap_err();
        assert!(
            matches!(error, ConfigError::Origin { .. }),
            "{origin}: {error}"
        );
        assert!(
            error
                .to_string()
                .starts_with("`public_origin` cannot be used"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn further_cookies_are_passed_on_when_they_are_named() {
    let mock = Mock::new();
    let sent = || {
        Request::get("/api/auth/ok")
            .header(header::COOKIE, "a=1; better-auth.state=2; mine=3; mine2=4")
            .body(Body::empty())
            .unwrap()
    };
    let cookie = || mock.calls().last().unwrap().headers()[header::COOKIE].clone();
    call(&proxy(&mock), sent()).await;
    assert_eq!(cookie(), "better-auth.state=2");
    call(
        &proxy(&mock).forward_cookie("mine").forward_cookie("a"),
        sent(),
    )
    .await;
    assert_eq!(cookie(), "a=1; better-auth.state=2; mine=3");
    let renamed = mock
        .builder()
        .cookie_prefix("mine")
        .build()
        .unwrap()
        .proxy();
    call(&renamed.forward_cookie("mine2"), sent()).await;
    assert_eq!(cookie(), "mine2=4");
}

#[tokio::test]
async fn a_transport_of_the_applications_own_is_the_way_to_the_auth_server() {
    let mock = Mock::doing(Act::Refuse);
    let seen = call(&proxy(&mock), post("/api/auth/sign-in/email")).await;
    assert_eq!(seen.status, StatusCode::SERVICE_UNAVAILABLE);
    mock.does(Act::Panic);
    for path in ["/api/auth/sign-in/email", "/api/auth/get-session"] {
        let seen = call(&proxy(&mock), post(path)).await;
        assert_eq!(seen.status, StatusCode::BAD_GATEWAY);
        assert_eq!(seen.code(), "AUTH_SERVICE_BAD_ANSWER");
    }
}

/// Whose session it is has to be known before, and takes no longer either.
#[tokio::test(start_paused = true)]
async fn the_deadline_holds_for_the_question_who_it_is_as_well() {
    let mock = Mock::new();
    mock.plays(|request| match request.uri().path() {
        "/api/auth/get-session" => Act::Hang,
        _ => Act::status(200),
    });
    let cache = Cache::ttl(Duration::from_secs(300));
    let auth = mock.builder().cache(cache).build().unwrap();
    let proxy = auth.proxy().deadline(Duration::from_secs(1));
    let mut request = post("/api/auth/sign-out");
    let cookie = "better-auth.session_token=a".parse().unwrap();
    request.headers_mut().insert(header::COOKIE, cookie);
    let begin = Instant::now();
    assert_eq!(call(&proxy, request).await.status, 503);
    assert_eq!(begin.elapsed(), Duration::from_secs(1));
    assert_eq!(mock.count(), 1);
}
