//! One span for each check, and one for each call.

use std::time::Duration;

use serde_json::json;
use tower_better_auth::Cache;
use tracing::Instrument;

use super::cookie_of;
use crate::support::{
    answer,
    app::{App, NO_HEADERS},
    mock::{Act, Mock, settle},
    spans::{self, Opened},
};

const CHECK: &str = "better_auth.check";
const CALL: &str = "better_auth.call";

/// Outcome, source and status of every check.
fn checks(spans: &[Opened]) -> Vec<[&str; 3]> {
    let checks = spans.iter().filter(|span| span.name == CHECK);
    checks
        .map(|span| {
            let elapsed: f64 = span.field("elapsed_ms").parse().unwrap();
            assert!(elapsed >= 0.0);
            ["outcome", "source", "status"].map(|name| span.field(name))
        })
        .collect()
}

fn cached(mock: &Mock) -> App {
    let cache = Cache::ttl(Duration::from_secs(60));
    App::required(mock.builder().cache(cache).build().unwrap())
}

#[test]
fn a_check_has_one_span_with_outcome_source_status_and_time() {
    let banned = answer::session_of(json!({"id": "u1", "banned": true}));
    let too_large = format!("better-auth.session_token={}", "x".repeat(9000));
    let ((), spans) = spans::of("better_auth", async {
        let mock = Mock::new();
        let app = cached(&mock);
        app.get("/me", NO_HEADERS).await.assert_unauthenticated();
        app.get_as(&too_large, "/me").await.assert_invalid();
        app.get_as(&cookie_of(1), "/me").await.assert_ok();
        app.get_as(&cookie_of(1), "/me").await.assert_ok();
        app.get_as(&cookie_of(1), "/live").await.assert_ok();
        for (number, act) in [
            (2, Act::signed_out()),
            (3, Act::status(401)),
            (4, Act::session(&banned)),
            (5, Act::status(500)),
            (6, Act::Refuse),
        ] {
            mock.does(act);
            app.get_as(&cookie_of(number), "/me").await;
        }
        app.get_as(&cookie_of(2), "/me").await.assert_invalid();
    });
    assert_eq!(
        checks(&spans),
        [
            ["anonymous", "anonymous", ""],
            ["signed_out", "refused", ""],
            ["active", "fetched", "200"],
            ["active", "hit", ""],
            ["active", "hit", ""],
            ["active", "live", "200"],
            ["signed_out", "fetched", "200"],
            ["signed_out", "fetched", "401"],
            ["banned", "fetched", "200"],
            ["unavailable", "fetched", "500"],
            ["unavailable", "fetched", ""],
            ["signed_out", "hit", ""],
        ]
    );
}

#[test]
fn a_call_has_one_span_with_status_attempts_and_cause() {
    let ((), spans) = spans::of("better_auth", async {
        let mock = Mock::new();
        let app = App::required(mock.builder().retries(1).build().unwrap());
        for act in [Act::signed_in(), Act::status(500), Act::Refuse] {
            mock.does(act);
            app.get_as(&cookie_of(1), "/me").await;
        }
    });
    let calls = spans.iter().filter(|span| span.name == CALL);
    let calls: Vec<_> = calls
        .map(|span| ["asked", "status", "attempts", "cause"].map(|name| span.field(name)))
        .collect();
    assert_eq!(
        calls,
        [
            ["session", "200", "1", ""],
            ["session", "500", "1", "server_error"],
            ["session", "", "2", "refused"],
        ]
    );
}

#[test]
fn a_call_belongs_to_the_request_that_made_it_and_others_are_linked_to_that() {
    let ((), spans) = spans::of("", async {
        let mock = Mock::new();
        let gate = mock.hold();
        let app = App::required(mock.handle());
        let request = |name: &'static str| {
            let app = app.clone();
            let span = tracing::info_span!("request", name);
            let request = async move { app.get_as(&cookie_of(1), "/me").await.assert_ok() };
            tokio::spawn(request.instrument(span))
        };
        let requests = [request("first"), request("second")];
        settle().await;
        gate.open();
        for request in requests {
            request.await.unwrap();
        }
        assert_eq!(mock.count(), 1);
    });
    let all = |name: &str| {
        spans
            .iter()
            .filter(|span| span.name == name)
            .collect::<Vec<_>>()
    };
    let (requests, checks, calls) = (all("request"), all(CHECK), all(CALL));
    let [first, second] = checks[..] else {
        panic!("{checks:?}");
    };
    assert_eq!(first.parent, Some(requests[0].id));
    assert_eq!(second.parent, Some(requests[1].id));
    assert_eq!(first.field("source"), "fetched");
    assert_eq!(second.field("source"), "coalesced");
    assert_eq!(second.field("status"), "200");
    assert_eq!(second.follows, [first.id]);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].parent, Some(first.id));
}

#[test]
fn a_check_whose_client_hangs_up_says_so() {
    let ((), spans) = spans::of("better_auth", async {
        let mock = Mock::doing(Act::Hang);
        let app = App::required(mock.handle());
        let request = tokio::spawn(async move { app.get_as(&cookie_of(1), "/me").await });
        settle().await;
        request.abort();
        settle().await;
    });
    assert_eq!(checks(&spans), [["abandoned", "fetched", ""]]);
}

#[test]
fn a_renewal_is_linked_to_the_request_and_does_not_keep_it_open() {
    let ((), spans) = spans::of("", async {
        tokio::time::pause();
        let mock = Mock::new();
        let app = cached(&mock);
        app.get_as(&cookie_of(1), "/me").await.assert_ok();
        // In its last second every entry is due.
        tokio::time::advance(Duration::from_secs(59)).await;
        let span = tracing::info_span!("request");
        app.get_as(&cookie_of(1), "/me")
            .instrument(span)
            .await
            .assert_ok();
        settle().await;
        assert_eq!(mock.count(), 2);
    });
    let one = |name: &str| spans.iter().rfind(|span| span.name == name).unwrap();
    let (renewal, request, call) = (one("better_auth.renewal"), one("request"), one(CALL));
    assert_eq!(renewal.parent, None);
    assert_eq!(renewal.follows, [request.id]);
    assert_eq!(call.parent, Some(renewal.id));
}

#[tokio::test]
async fn the_trace_of_the_current_span_is_passed_on_where_the_request_brings_none() {
    const OWN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const THEIRS: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    for (found, brought, expected) in [
        (Some(OWN), None, Some(OWN)),
        (Some(OWN), Some(THEIRS), Some(THEIRS)),
        (Some(OWN), Some("nonsense"), Some(OWN)),
        (Some("nonsense"), None, None),
        (Some("nonsense\r\nx: y"), None, None),
        (None, None, None),
    ] {
        let mock = Mock::new();
        let builder = mock
            .builder()
            .trace_context(move || found.map(str::to_owned));
        let app = App::required(builder.build().unwrap());
        let cookie = cookie_of(1);
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend(brought.map(|value| ("traceparent", value)));
        app.get("/me", &headers).await.assert_ok();
        let sent = &mock.calls()[0];
        let sent = sent
            .headers()
            .get("traceparent")
            .map(|it| it.to_str().unwrap());
        assert_eq!(sent, expected, "{found:?} {brought:?}");
    }
}
