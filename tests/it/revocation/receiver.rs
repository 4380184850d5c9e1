//! What is sent to the receiver, and what comes of it: nothing but a good message forgets anything.

use std::{sync::mpsc::channel, time::Duration};

use axum::{Router, body::Body};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_better_auth::{
    Cache, ConfigError,
    testing::Clock,
    webhooks::{MAX_BODY, Revocations, TOLERANCE},
};

use super::{OTHER_SECRET, SECRET, Sent, TTL};
use crate::support::{
    answer,
    app::App,
    log,
    mock::{Act, Mock},
};

const SECOND: Duration = Duration::from_secs(1);

/// An application in which `s1` of `u1` is remembered, and its receiver.
struct World {
    mock: Mock,
    app: App,
    clock: Clock,
    revocations: Revocations,
}

struct Told {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl World {
    async fn new() -> Self {
        let (mock, clock) = (Mock::new(), Clock::new());
        let its_time = clock.clone();
        let builder = mock.builder().cache(Cache::ttl(TTL));
        let auth = builder.clock(move || its_time.now()).build().unwrap();
        let world = Self {
            app: App::required(auth.clone()),
            revocations: auth.revocations(SECRET).unwrap(),
            mock,
            clock,
        };
        world.get_me().await;
        world
    }

    async fn get_me(&self) {
        self.app.get_as(&answer::cookie(), "/me").await.assert_ok();
    }

    async fn tell(&self, request: Request<Body>) -> Told {
        let Ok(response) = self.revocations.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let status = head.status.as_u16();
        let headers = head.headers;
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        Told {
            status,
            headers,
            body,
        }
    }

    /// Whether the session has been forgotten since this was last asked.
    async fn has_forgotten(&self) -> bool {
        let before = self.mock.count();
        self.get_me().await;
        self.mock.count() > before
    }

    async fn assert_refused(&self, request: Request<Body>, status: u16, code: &str) {
        let told = self.tell(request).await;
        let body: Value = serde_json::from_slice(&told.body).unwrap();
        assert_eq!((told.status, &body["code"]), (status, &json!(code)));
        assert_eq!(body["success"], false);
        assert_eq!(told.headers[header::CONTENT_TYPE], "application/json");
        let has = |name| told.headers.contains_key(name);
        assert_eq!(has(header::WWW_AUTHENTICATE), status == 401);
        assert_eq!(has(header::ALLOW), status == 405);
        assert!(!self.has_forgotten().await, "{code}");
    }
}

fn banned() -> Sent {
    Sent::of("user.banned", json!({"userId": "u1"}))
}

fn with(sent: &Sent, name: &'static str, value: &str) -> Request<Body> {
    let mut request = sent.request();
    let value = HeaderValue::from_str(value).unwrap();
    request.headers_mut().insert(name, value);
    request
}

#[tokio::test(start_paused = true)]
async fn a_good_message_forgets_what_it_names_and_nothing_else() {
    for (kind, data, forgets) in [
        (
            "session.revoked",
            json!({"sessionId": "s1", "userId": "u1"}),
            true,
        ),
        (
            "session.revoked",
            json!({"sessionId": "s2", "userId": "u1"}),
            false,
        ),
        ("user.banned", json!({"userId": "u1"}), true),
        ("user.banned", json!({"userId": "u2"}), false),
        ("everything", json!({}), true),
        ("made.up", json!({"sessionId": "s2", "userId": "u1"}), true),
        ("made.up", json!({"sessionId": "s1"}), true),
        ("made.up", json!({"colour": "red"}), false),
    ] {
        let world = World::new().await;
        let told = world.tell(Sent::of(kind, data.clone()).request()).await;
        assert_eq!((told.status, told.body.len()), (204, 0));
        assert_eq!(world.has_forgotten().await, forgets, "{kind} {data}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_signed_out_elsewhere_is_refused_at_the_next_request() {
    let world = World::new().await;
    world.mock.does(Act::signed_out());
    world.get_me().await;
    world.tell(banned().request()).await;
    let seen = world.app.get_as(&answer::cookie(), "/me").await;
    seen.assert_invalid();
}

#[tokio::test(start_paused = true)]
async fn a_forged_message_is_refused() {
    let world = World::new().await;
    let (code, sent) = ("INVALID_WEBHOOK_SIGNATURE", banned());
    let of_another = Sent {
        secret: OTHER_SECRET,
        ..banned()
    };
    world.assert_refused(of_another.request(), 401, code).await;
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut missing = sent.request();
        missing.headers_mut().remove(name);
        world.assert_refused(missing, 401, code).await;
        let mut doubled = sent.request();
        let value = doubled.headers()[name].clone();
        doubled.headers_mut().append(name, value);
        world.assert_refused(doubled, 401, code).await;
        world
            .assert_refused(with(&sent, name, "v1,x"), 401, code)
            .await;
    }
    let mut other_body = sent.request();
    *other_body.body_mut() = Body::from(Sent::of("everything", json!({})).body);
    world.assert_refused(other_body, 401, code).await;
    let other_id = with(&sent, "webhook-id", "msg_2");
    world.assert_refused(other_id, 401, code).await;
    // The good one is still good.
    assert_eq!(world.tell(sent.request()).await.status, 204);
    assert!(world.has_forgotten().await);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_comes_again_is_answered_the_same_and_does_nothing() {
    let world = World::new().await;
    let sent = banned();
    assert_eq!(world.tell(sent.request()).await.status, 204);
    assert!(world.has_forgotten().await);
    for _ in 0..3 {
        assert_eq!(world.tell(sent.request()).await.status, 204);
        assert!(!world.has_forgotten().await);
    }
    // As when the sender tries once more: the same id, another time.
    world.clock.advance(SECOND);
    let at = sent.at + SECOND;
    let again = Sent { at, ..sent };
    assert_eq!(world.tell(again.request()).await.status, 204);
    assert!(!world.has_forgotten().await);
    let id = "msg_2".to_owned();
    let new = Sent { id, ..again };
    assert_eq!(world.tell(new.request()).await.status, 204);
    assert!(world.has_forgotten().await);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_not_understood_can_be_sent_again_under_its_id() {
    let world = World::new().await;
    let body = b"{}".to_vec();
    let broken = Sent { body, ..banned() };
    assert_eq!(world.tell(broken.request()).await.status, 400);
    assert_eq!(world.tell(banned().request()).await.status, 204);
    assert!(world.has_forgotten().await);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_refused_when_its_time_is_more_than_five_minutes_away() {
    assert_eq!(TOLERANCE, Duration::from_secs(300));
    let world = World::new().await;
    let code = "WEBHOOK_TIMESTAMP_OUT_OF_RANGE";
    let sent = banned();
    let from_the_future = Sent {
        at: sent.at + TOLERANCE + 2 * SECOND,
        ..sent.clone()
    };
    world
        .assert_refused(from_the_future.request(), 401, code)
        .await;
    world.clock.advance(TOLERANCE - 2 * SECOND);
    assert_eq!(world.tell(sent.request()).await.status, 204);
    assert!(world.has_forgotten().await);
    // Recorded, and played again: first it is a duplicate, then it is too old.
    world.clock.advance(4 * SECOND);
    world.assert_refused(sent.request(), 401, code).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_large_is_refused_declared_or_not() {
    assert_eq!(MAX_BODY, 64 * 1024);
    let world = World::new().await;
    let code = "WEBHOOK_TOO_LARGE";
    let mut body = banned().body;
    body.resize(MAX_BODY, b' ');
    let largest = Sent {
        body: body.clone(),
        ..banned()
    };
    body.push(b' ');
    let too_large = Sent { body, ..banned() };
    world.assert_refused(too_large.request(), 413, code).await;
    let declared = with(&banned(), "content-length", "65537");
    world.assert_refused(declared, 413, code).await;
    let mut endless = banned().request();
    let chunk = Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 1024]));
    let chunks =
        stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.as_ref().unwrap().clone()));
    *endless.body_mut() = Body::from_stream(chunks);
    world.assert_refused(endless, 413, code).await;
    assert_eq!(world.tell(largest.request()).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_message_is_refused() {
    let world = World::new().await;
    for body in [
        "",
        "null",
        "{}",
        "{\"type\":\"user.banned\",\"data\":{}}",
        "{\"type\":",
    ] {
        let body = body.as_bytes().to_vec();
        let sent = Sent { body, ..banned() };
        world
            .assert_refused(sent.request(), 400, "INVALID_WEBHOOK")
            .await;
    }
    let mut broken_off = banned().request();
    let chunks = [
        Ok(Bytes::from_static(b"{")),
        Err(std::io::Error::other("reset")),
    ];
    *broken_off.body_mut() = Body::from_stream(stream::iter(chunks));
    world
        .assert_refused(broken_off, 400, "INVALID_WEBHOOK")
        .await;
    let mut get = banned().request();
    *get.method_mut() = http::Method::GET;
    world.assert_refused(get, 405, "METHOD_NOT_ALLOWED").await;
}

#[tokio::test(start_paused = true)]
async fn while_a_secret_is_exchanged_both_are_good() {
    let mut world = World::new().await;
    world.revocations = world.revocations.and_secret(OTHER_SECRET).unwrap();
    for (id, secret) in [("msg_1", SECRET), ("msg_2", OTHER_SECRET)] {
        let id = id.to_owned();
        let sent = Sent {
            id,
            secret,
            ..banned()
        };
        assert_eq!(world.tell(sent.request()).await.status, 204);
        assert!(world.has_forgotten().await, "{secret}");
    }
}

#[tokio::test]
async fn it_can_be_mounted_beside_routes_that_need_a_session() {
    let world = World::new().await;
    let app: Router = Router::new().route_service("/hooks/better-auth", world.revocations.clone());
    let response = app.oneshot(banned().request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert!(world.has_forgotten().await);
}

#[test]
fn a_secret_that_is_none_is_an_error_that_names_the_fix_and_not_the_secret() {
    let auth = Mock::new().handle();
    for secret in ["", "hunter2", "whsec_aHVudGVyMg==", "whsec_hunter2!"] {
        let error = auth.revocations(secret).unwrap_err();
        assert!(matches!(error, ConfigError::WebhookSecret { .. }));
        let text = format!("{error} {error:?}");
        assert!(text.contains("openssl rand -base64 32"), "{text}");
        assert!(
            !text.contains("hunter2") && !text.contains("aHVudGVyMg"),
            "{text}"
        );
        let good = auth.revocations(SECRET).unwrap();
        assert!(good.and_secret(secret).is_err());
    }
}

#[test]
fn a_receiver_shows_nobody_its_secret() {
    let revocations = Mock::new().handle().revocations(SECRET).unwrap();
    assert_eq!(format!("{revocations:?}"), "Revocations { .. }");
}

#[tokio::test]
async fn what_was_revoked_and_who_sent_forgeries_is_in_the_audit_trail() {
    let (sender, events) = channel();
    let mock = Mock::new();
    let builder = mock.builder().client_ip(|_, _| "192.0.2.7".parse().ok());
    let auth = builder.audit(move |event| Ok(sender.send(event)?)).build();
    let revocations = auth.unwrap().revocations(SECRET).unwrap();
    let tell = |request| revocations.clone().oneshot(request);
    tell(banned().request()).await.unwrap();
    let odd = Sent {
        id: "msg_2".to_owned(),
        ..Sent::of("a\nb", json!({"sessionId": "s1"}))
    };
    tell(odd.request()).await.unwrap();
    for _ in 0..5 {
        let mut forged = banned().request();
        forged
            .headers_mut()
            .insert(header::USER_AGENT, HeaderValue::from_static("curl"));
        forged.headers_mut().remove("webhook-signature");
        tell(forged).await.unwrap();
    }
    let next = || serde_json::to_value(events.recv_timeout(20 * SECOND).unwrap()).unwrap();
    let (banned, odd, forged) = (next(), next(), next());
    assert_eq!(banned["event"], "session.revoked");
    assert_eq!(
        (&banned["reason"], &banned["userId"]),
        (&json!("webhook:user.banned"), &json!("u1"))
    );
    assert_eq!(
        (&odd["reason"], &odd["sessionId"]),
        (&json!("webhook:a\\nb"), &json!("s1"))
    );
    assert_eq!(forged["event"], "webhook.rejected");
    assert_eq!(
        (&forged["reason"], &forged["ipAddress"]),
        (&json!("unsigned"), &json!("192.0.2.7"))
    );
    assert_eq!(forged["userAgent"], "curl");
    // A line a second, however many are sent.
    drop(revocations);
    assert!(events.recv().is_err());
}

#[test]
fn forgeries_are_a_warning_a_second_with_the_fix_and_without_what_was_sent() {
    let auth = Mock::new().handle();
    let revocations = auth.revocations(SECRET).unwrap();
    let ((), log) = log::of(async {
        for _ in 0..5 {
            let secret = OTHER_SECRET;
            let sent = Sent { secret, ..banned() };
            revocations.clone().oneshot(sent.request()).await.unwrap();
        }
    });
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(
        lines[0].contains("forged") && lines[0].contains("the same secret"),
        "{log}"
    );
    assert!(
        !log.contains(SECRET) && !log.contains(&banned().signature()),
        "{log}"
    );
}
