//! What is counted agrees with what happened.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::{OnceLock, mpsc},
    thread,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    routing::{get, post},
};
use futures_util::FutureExt;
use http::{HeaderMap, Request, header};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use serde_json::json;
use tokio::{runtime::Builder, time::advance};
use tower::ServiceExt;
use tower_better_auth::{
    Access, BetterAuth, Cache, CircuitBreaker, Denied, Require, SameOrigin, SessionAuth,
};

use super::{SECOND, cookie_of, source};
use crate::support::{
    answer,
    app::{App, NO_HEADERS},
    mock::{Act, Mock, settle},
};

/// Name and labels, such as `better_auth_verdicts_total{outcome="active"}`, and the value.
pub(super) struct Counted(BTreeMap<String, i64>);

impl Counted {
    /// What was counted since the last time: gauges as well begin anew, at zero.
    fn take(snapshotter: &Snapshotter) -> Self {
        let values = snapshotter.snapshot().into_vec().into_iter();
        let text = |(key, _, _, value): (metrics_util::CompositeKey, _, _, _)| {
            let (_, key) = key.into_parts();
            let labels: Vec<_> = key
                .labels()
                .map(|label| format!("{}={:?}", label.key(), label.value()))
                .collect();
            let name = format!("{}{{{}}}", key.name(), labels.join(","));
            let value = match value {
                DebugValue::Counter(count) => i64::try_from(count).unwrap(),
                DebugValue::Gauge(value) => whole(value.into_inner()),
                DebugValue::Histogram(values) => i64::try_from(values.len()).unwrap(),
            };
            (name, value)
        };
        Self(values.map(text).collect())
    }

    /// The sum over all labels.
    fn sum(&self, name: &str) -> i64 {
        let of_name = self
            .0
            .iter()
            .filter(|(key, _)| key.split('{').next() == Some(name));
        of_name.map(|(_, value)| value).sum()
    }

    /// The same for what has happened since; a counter that was there before shows zero.
    #[track_caller]
    fn assert_new(&self, name: &str, expected: &[(&str, i64)]) {
        let happened = self.0.iter().filter(|(_, value)| **value != 0);
        let happened = happened.map(|(key, value)| (key.clone(), *value));
        Self(happened.collect()).assert(name, expected);
    }

    #[track_caller]
    fn assert(&self, name: &str, expected: &[(&str, i64)]) {
        let of_name = self
            .0
            .iter()
            .filter(|(key, _)| key.split('{').next() == Some(name));
        let found: Vec<_> = of_name
            .map(|(key, value)| (key.split('"').nth(1).unwrap_or_default(), *value))
            .collect();
        assert_eq!(found, expected, "{name}");
    }
}

/// Gauges here count what there is a whole number of.
#[allow(clippy::cast_possible_truncation)]
fn whole(value: f64) -> i64 {
    value.round() as i64
}

/// Runs `future` on a runtime of one thread whose metrics are taken down. Time stands still.
fn counting<T, F: Future<Output = T>>(future: impl FnOnce(Snapshotter) -> F) -> T {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(future(snapshotter)))
}

/// Every name that this crate counts under.
pub(super) fn described() -> BTreeSet<String> {
    counting(|snapshotter| async move {
        let mock = Mock::new();
        drop(mock.handle());
        // What is described is shown once it was counted as well: so count everything.
        everything_happens(&mock).await;
        let keys = snapshotter.snapshot().into_vec().into_iter();
        keys.map(|(key, unit, description, _)| {
            let name = key.key().name().to_owned();
            assert!(unit.is_some(), "{name} has no unit");
            assert!(description.is_some(), "{name} has no description");
            name
        })
        .collect()
    })
}

async fn everything_happens(mock: &Mock) {
    // An event that finds no room is counted here; the sink's thread has no recorder.
    let (_open, gate) = mpsc::channel::<()>();
    let cache = Cache::ttl(60 * SECOND).capacity(1);
    let auth = mock.builder().cache(cache).audit(move |_| Ok(gate.recv()?));
    let app = App::required(auth.build().unwrap());
    for number in 0..200 {
        app.get_as(&cookie_of(number), "/me").await;
    }
    app.get_as(&cookie_of(0), "/admin").await;
    mock.does(Act::Refuse);
    app.get_as(&cookie_of(300), "/me").await;
    for _ in 0..1100 {
        app.get_as(&cookie_of(0), "/admin").await;
    }
    #[cfg(feature = "redis")]
    everything_is_shared(mock).await;
}

#[cfg(feature = "redis")]
async fn everything_is_shared(mock: &Mock) {
    // Redis does not stand still.
    tokio::time::resume();
    let server = crate::support::redis::RedisServer::start().await;
    let redis = tower_better_auth::Redis::new(server.url(), [7; 32]).timeout(5 * SECOND);
    let auth = mock.builder().cache(Cache::ttl(60 * SECOND)).redis(redis);
    let auth = auth.build().unwrap();
    App::required(auth.clone())
        .get_as(&cookie_of(0), "/me")
        .await;
    auth.invalidate_all().await;
    while auth.readiness().last_heard.is_none() {
        tokio::time::sleep(SECOND / 100).await;
    }
}

#[test]
fn every_metric_has_a_unit_a_description_and_the_prefix() {
    let names = described();
    assert_eq!(
        names.iter().map(String::as_str).collect::<Vec<_>>(),
        [
            "better_auth_audit_lost_total",
            "better_auth_breaker_state",
            "better_auth_bus_up",
            "better_auth_cache_entries",
            "better_auth_evictions_total",
            "better_auth_fetch_seconds",
            "better_auth_fetch_total",
            "better_auth_guard_denied_total",
            "better_auth_in_flight",
            "better_auth_requests_total",
            "better_auth_retries_total",
            "better_auth_revocations_total",
            "better_auth_shared_total",
            "better_auth_unavailable_total",
            "better_auth_verdicts_total",
            "better_auth_waiting",
        ]
    );
}

#[test]
fn the_guide_lists_every_metric_and_no_other() {
    let guide = include_str!("../../../src/guide/observing.md");
    let words = guide.split(|char: char| !(char.is_alphanumeric() || char == '_'));
    let listed: BTreeSet<String> = words
        .filter(|word| word.starts_with("better_auth_"))
        .map(str::to_owned)
        .collect();
    assert_eq!(listed, described());
}

#[test]
fn verdicts_and_sources_add_up_to_the_requests_and_fetches_to_the_calls() {
    counting(|snapshotter| async move {
        let banned = answer::session_of(json!({"id": "u1", "banned": true}));
        let mock = Mock::new();
        let ttl = Cache::ttl(60 * SECOND);
        let builder = mock
            .builder()
            .cache(ttl)
            .circuit_breaker(CircuitBreaker::off());
        let auth = builder.build().unwrap();
        let (required, optional) = (App::required(auth.clone()), App::optional(auth));
        let too_large = format!("better-auth.session_token={}", "x".repeat(9000));
        let mut requests = 0;
        for (round, act) in [
            Act::signed_in(),
            Act::signed_out(),
            Act::session(&banned),
            Act::status(502),
            Act::status(404),
            Act::Refuse,
            Act::Panic,
        ]
        .into_iter()
        .enumerate()
        {
            mock.does(act);
            mock.takes(SECOND);
            let mut running = tokio::task::JoinSet::new();
            for number in 0..30 {
                let cookie = cookie_of(round * 100 + number % 10);
                let app = if number % 2 == 0 {
                    &required
                } else {
                    &optional
                }
                .clone();
                running.spawn(async move { app.get_as(&cookie, "/me").await });
                requests += 1;
            }
            running.join_all().await;
            required.get("/me", NO_HEADERS).await;
            optional.get_as(&too_large, "/me").await;
            // Nobody asks: no check.
            optional.get_as(&cookie_of(9999), "/ping").await;
            requests += 2;
        }
        let counted = Counted::take(&snapshotter);
        let calls = i64::try_from(mock.count()).unwrap();
        assert_eq!(counted.sum("better_auth_requests_total"), requests);
        assert_eq!(counted.sum("better_auth_verdicts_total"), requests);
        assert_eq!(counted.sum("better_auth_fetch_total"), calls);
        assert_eq!(counted.sum("better_auth_fetch_seconds"), calls);
        counted.assert(
            "better_auth_verdicts_total",
            &[
                ("active", 30),
                ("anonymous", 7),
                ("banned", 30),
                ("signed_out", 37),
                ("unavailable", 120),
            ],
        );
        counted.assert(
            "better_auth_requests_total",
            &[
                ("anonymous", 7),
                ("coalesced", 140),
                ("fetched", 70),
                ("refused", 7),
            ],
        );
        let retries = counted.sum("better_auth_retries_total");
        assert!(retries > 0);
        assert_eq!(retries, calls - 70);
    });
}

/// Beside the requests through the layers.
#[test]
fn leases_devices_and_what_passes_the_proxy_and_changes_a_session_make_checks_as_well() {
    let headers = HeaderMap::from_iter([(header::COOKIE, cookie_of(1).parse().unwrap())]);
    let passes = async |auth: &BetterAuth, request: http::request::Builder| {
        let request = request.header(header::COOKIE, cookie_of(1));
        let request = request.body(Body::empty()).unwrap();
        let response = auth.proxy().oneshot(request).await.unwrap();
        assert!(response.status().is_success());
    };
    counting(|snapshotter| async move {
        let mock = Mock::new();
        let auth = mock.handle();
        let counts = |expected: &[(&str, i64)]| {
            let counted = Counted::take(&snapshotter);
            counted.assert_new("better_auth_requests_total", expected);
            let sum: i64 = expected.iter().map(|(_, checks)| checks).sum();
            assert_eq!(counted.sum("better_auth_verdicts_total"), sum);
        };
        auth.validate(&headers).await.unwrap();
        counts(&[("fetched", 1)]);

        // Where nothing is remembered and nobody listens, nobody has to be found out.
        passes(&auth, Request::post("/api/auth/sign-out")).await;
        counts(&[]);

        let mut lease = auth.lease(&headers).await.unwrap();
        counts(&[("fetched", 1)]);
        // Every minute, a tenth more or less.
        let three_minutes = tokio::time::timeout(200 * SECOND, lease.ended());
        three_minutes.await.unwrap_err();
        counts(&[("live", 3)]);

        passes(&auth, Request::post("/api/auth/sign-out")).await;
        counts(&[("fetched", 1)]);
        passes(&auth, Request::get("/api/auth/get-session")).await;
        counts(&[]);
        drop(lease);

        let cache = Cache::ttl(60 * SECOND);
        let auth = mock.builder().cache(cache).build().unwrap();
        passes(&auth, Request::post("/api/auth/sign-out")).await;
        counts(&[("fetched", 1)]);

        drop(auth.list_sessions(&headers).await);
        counts(&[("live", 1)]);
    });
}

#[test]
fn hits_live_checks_and_refusals_of_guards_are_counted() {
    counting(|snapshotter| async move {
        let mock = Mock::new();
        let cache = Cache::ttl(60 * SECOND);
        let app = App::required(mock.builder().cache(cache).build().unwrap());
        for path in ["/me", "/me", "/admin", "/live"] {
            app.get_as(&cookie_of(1), path).await;
        }
        let counted = Counted::take(&snapshotter);
        counted.assert(
            "better_auth_requests_total",
            &[("fetched", 1), ("hit", 3), ("live", 1)],
        );
        counted.assert(
            "better_auth_guard_denied_total",
            &[("INSUFFICIENT_ROLE", 1)],
        );
        counted.assert("better_auth_fetch_total", &[("2xx", 2)]);
    });
}

/// The codes that this crate itself refuses with, apart from those that no guard has.
fn own_codes() -> BTreeSet<String> {
    const OF_NO_GUARD: [&str; 6] = [
        "AUTH_MISCONFIGURED",
        "AUTH_SERVICE_UNAVAILABLE",
        "INVALID_SESSION",
        "SESSION_NOT_FOUND",
        "UNAUTHENTICATED",
        "USER_BANNED",
    ];
    let is_code = |text: &str| {
        text.len() > 5
            && text
                .chars()
                .all(|char| char == '_' || char.is_ascii_uppercase())
    };
    let mut codes = BTreeSet::new();
    for (_, code) in source::below(&["require", "rejection", "cross_site"]) {
        let literals = code.split('"').skip(1).step_by(2);
        codes.extend(literals.filter(|text| is_code(text)).map(str::to_owned));
    }
    for code in OF_NO_GUARD {
        assert!(codes.remove(code), "{code} is no code any more");
    }
    codes
}

/// So that the next one cannot be forgotten.
#[test]
fn what_this_crate_refuses_is_counted_by_its_code_and_the_guide_names_it() {
    let codes = own_codes();
    assert!(codes.len() > 10, "they were not found: {codes:?}");
    let guide = include_str!("../../../src/guide/answers.md");
    counting(|snapshotter| async move {
        let mock = Mock::new();
        for code in codes {
            let denied = Denied::new(code.clone());
            let guard = Require::when(move |_: &Access<'_>| Err(denied.clone()));
            let app = Router::new()
                .route("/", get(|| async {}).route_layer(guard))
                .layer(SessionAuth::new(mock.handle()));
            let request = Request::get("/").header(header::COOKIE, cookie_of(0));
            app.oneshot(request.body(Body::empty()).unwrap())
                .await
                .unwrap();
            let counted = Counted::take(&snapshotter);
            counted.assert_new("better_auth_guard_denied_total", &[(&code, 1)]);
            assert!(guide.contains(&format!("`{code}`")), "{code}");
        }
    });
}

#[test]
fn what_another_site_asks_is_counted_as_a_refusal() {
    counting(|snapshotter| async move {
        let app = Router::new()
            .route("/", post(|| async {}))
            .layer(SameOrigin::new());
        let request = Request::post("/")
            .header(header::HOST, "app.example")
            .header(header::ORIGIN, "https://evil.example");
        app.oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let counted = Counted::take(&snapshotter);
        counted.assert(
            "better_auth_guard_denied_total",
            &[("CROSS_SITE_REQUEST", 1)],
        );
    });
}

#[test]
fn what_is_remembered_and_what_is_pushed_out_is_counted() {
    counting(|snapshotter| async move {
        let mock = Mock::new();
        let cache = Cache::ttl(60 * SECOND).capacity(10);
        let auth = mock.builder().cache(cache).build().unwrap();
        let app = App::required(auth.clone());
        for number in 0..3 {
            app.get_as(&cookie_of(number), "/me").await.assert_ok();
        }
        let counted = Counted::take(&snapshotter);
        counted.assert("better_auth_cache_entries", &[("", 3)]);
        counted.assert("better_auth_evictions_total", &[]);
        for number in 0..30 {
            app.get_as(&cookie_of(number), "/me").await.assert_ok();
        }
        let counted = Counted::take(&snapshotter);
        counted.assert("better_auth_cache_entries", &[("", 10)]);
        counted.assert("better_auth_evictions_total", &[("", 20)]);
        auth.invalidate_all().await;
        Counted::take(&snapshotter).assert("better_auth_cache_entries", &[("", 0)]);
    });
}

#[test]
fn the_gauges_are_back_at_zero_after_hanging_up_a_panic_and_the_deadline() {
    for act in [Act::Hang, Act::Panic, Act::Refuse, Act::signed_in()] {
        counting(|snapshotter| async move {
            let mock = Mock::doing(act);
            mock.takes(SECOND / 10);
            let builder = mock.builder().max_concurrency(4).retries(0);
            let app = App::required(builder.deadline(SECOND).build().unwrap());
            let start = |number| {
                let app = app.clone();
                tokio::spawn(async move { app.get_as(&cookie_of(number), "/live").await })
            };
            let requests: Vec<_> = (0..10).map(start).collect();
            settle().await;
            let counted = Counted::take(&snapshotter);
            counted.assert("better_auth_in_flight", &[("", 3)]);
            counted.assert("better_auth_waiting", &[("", 7)]);
            for request in &requests[..5] {
                request.abort();
            }
            for _ in 0..100 {
                advance(SECOND / 10).await;
                settle().await;
            }
            let counted = Counted::take(&snapshotter);
            counted.assert("better_auth_in_flight", &[("", -3)]);
            counted.assert("better_auth_waiting", &[("", -7)]);
        });
    }
}

#[test]
fn what_became_of_calls_and_the_state_of_the_breaker_are_shown() {
    counting(|snapshotter| async move {
        let mock = Mock::doing(Act::Hang);
        let app = App::required(mock.builder().deadline(SECOND / 10).build().unwrap());
        for number in 0..21 {
            let app = app.clone();
            let request = async move { app.get_as(&cookie_of(number), "/me").await };
            request.await.assert_unavailable();
        }
        let counted = Counted::take(&snapshotter);
        counted.assert("better_auth_fetch_total", &[("cut_off", 20)]);
        counted.assert(
            "better_auth_unavailable_total",
            &[("breaker_open", 1), ("deadline", 20)],
        );
        counted.assert("better_auth_breaker_state", &[("", 2)]);
        mock.does(Act::signed_in());
        advance(Duration::from_secs(3)).await;
        app.get_as(&cookie_of(1), "/me").await.assert_ok();
        Counted::take(&snapshotter).assert("better_auth_breaker_state", &[("", 0)]);
    });
}

/// Whoever counts, and asks about somebody when the cache is counted.
#[derive(Default)]
struct Nosy(OnceLock<BetterAuth>);

impl Recorder for Nosy {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        if key.name() == "better_auth_cache_entries" {
            let headers = HeaderMap::from_iter([(header::COOKIE, cookie_of(1).parse().unwrap())]);
            let answer = self.0.get().unwrap().validate(&headers).now_or_never();
            assert!(answer.is_none(), "it is asked about: {answer:?}");
        }
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn whoever_counts_what_is_remembered_holds_up_no_other_check() {
    let (tell, told) = mpsc::channel();
    // In a thread, for one that never comes back.
    thread::spawn(move || {
        let nosy = Nosy::default();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let check = async {
            let mock = Mock::new();
            let auth = mock.builder().cache(Cache::ttl(60 * SECOND)).build();
            let auth = nosy.0.get_or_init(|| auth.unwrap()).clone();
            let app = App::required(auth);
            app.get_as(&cookie_of(0), "/me").await.assert_ok();
            settle().await;
            mock.count()
        };
        let count = metrics::with_local_recorder(&nosy, || runtime.block_on(check));
        tell.send(count).unwrap();
    });
    assert_eq!(told.recv_timeout(20 * SECOND), Ok(2));
}
