//! Audit events: what is in them, and that no sink stands in a request's way.

use std::{
    io,
    net::IpAddr,
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tower_better_auth::{AuditEvent, AuditEventKind, BetterAuthBuilder, Cache};

use super::{SECOND, cookie_of, source};
use crate::support::{
    answer,
    app::{App, NO_HEADERS},
    log,
    mock::{Act, Mock},
};

/// Far more than a thread takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct Trail(Receiver<AuditEvent>);

impl Trail {
    fn of(builder: BetterAuthBuilder) -> (BetterAuthBuilder, Self) {
        let (sender, events) = channel();
        let builder = builder.audit(move |event| Ok(sender.send(event)?));
        (builder, Self(events))
    }

    fn next(&self) -> AuditEvent {
        self.0.recv_timeout(PATIENCE).unwrap()
    }

    /// Everything so far, with what is the same for all left out.
    fn taken(&self, count: usize) -> Vec<(String, String)> {
        let events = (0..count).map(|_| self.next());
        events
            .map(|event| (event.event.to_string(), event.reason))
            .collect()
    }

    fn is_empty(&self) -> bool {
        self.0.try_recv().is_err()
    }
}

fn pairs(events: &[(&str, &str)]) -> Vec<(String, String)> {
    let pair = |(event, reason): &(&str, &str)| (event.to_string(), reason.to_string());
    events.iter().map(pair).collect()
}

#[tokio::test]
async fn every_refusal_leaves_an_event_and_whoever_is_let_in_leaves_none() {
    let mock = Mock::new();
    let (builder, trail) = Trail::of(mock.builder().cache(Cache::ttl(60 * SECOND)));
    let auth = builder.build().unwrap();
    let app = App::required(auth.clone());
    let too_large = format!("better-auth.session_token={}", "x".repeat(9000));
    let banned = answer::session_of(json!({"id": "u1", "banned": true}));
    let expired = {
        let mut session = answer::session();
        session["session"]["expiresAt"] = json!("2020-01-01T00:00:00.000Z");
        session
    };
    app.get("/me", NO_HEADERS).await.assert_unauthenticated();
    for path in ["/me", "/me", "/admin"] {
        app.get_as(&cookie_of(1), path).await;
    }
    app.get_as(&too_large, "/me").await.assert_invalid();
    let twice = "better-auth.session_token=a; better-auth.session_token=b";
    app.get_as(twice, "/me").await.assert_ok();
    for (number, act) in [
        (2, Act::signed_out()),
        (2, Act::signed_out()),
        (3, Act::session(&banned)),
        (4, Act::session(&expired)),
        (5, Act::status(500)),
    ] {
        mock.does(act);
        app.get_as(&cookie_of(number), "/me").await;
    }
    auth.invalidate_session("s1").await;
    auth.invalidate_user("u1").await;
    auth.invalidate_all().await;
    let expected = pairs(&[
        ("access.denied", "INSUFFICIENT_ROLE"),
        ("session.rejected", "too_large"),
        ("session.ambiguous", "asked"),
        ("session.rejected", "no_session"),
        ("session.rejected", "no_session"),
        ("session.banned", "banned"),
        ("session.rejected", "expired"),
        ("session.unavailable", "server_error"),
        ("session.revoked", "invalidate_session"),
        ("session.revoked", "invalidate_user"),
        ("session.revoked", "invalidate_all"),
    ]);
    assert_eq!(trail.taken(expected.len()), expected);
    assert!(trail.is_empty());
}

#[tokio::test]
async fn an_ambiguous_request_that_is_refused_says_so() {
    let (builder, trail) = Trail::of(Mock::new().builder().reject_ambiguous_cookies());
    let app = App::required(builder.build().unwrap());
    let twice = "better-auth.session_token=a; better-auth.session_token=b";
    app.get_as(twice, "/me").await.assert_invalid();
    assert_eq!(trail.taken(1), pairs(&[("session.rejected", "ambiguous")]));
}

#[tokio::test]
async fn an_event_is_written_as_json_with_who_and_whence() {
    let find =
        |_: &http::HeaderMap, _: &http::Extensions| "::ffff:192.0.2.7".parse::<IpAddr>().ok();
    let (builder, trail) = Trail::of(Mock::new().builder().client_ip(find));
    let auth = builder.build().unwrap();
    let app = App::required(auth.clone());
    let cookie = cookie_of(1);
    let headers = [("cookie", cookie.as_str()), ("user-agent", "curl/8")];
    app.get("/admin", &headers)
        .await
        .assert_refused(403, "INSUFFICIENT_ROLE");
    auth.invalidate_user("u1").await;
    let mut denied = serde_json::to_value(trail.next()).unwrap();
    let timestamp = denied["timestamp"].take();
    assert_eq!(
        denied,
        json!({
            "event": "access.denied", "timestamp": null, "userId": "u1", "sessionId": "s1",
            "ipAddress": "192.0.2.7", "userAgent": "curl/8", "reason": "INSUFFICIENT_ROLE",
        })
    );
    let timestamp = timestamp.as_str().unwrap();
    assert!(timestamp.starts_with("20") && timestamp.ends_with('Z') && timestamp.len() == 24);
    let mut revoked = serde_json::to_value(trail.next()).unwrap();
    revoked["timestamp"].take();
    assert_eq!(
        revoked,
        json!({
            "event": "session.revoked", "timestamp": null, "userId": "u1", "sessionId": null,
            "ipAddress": null, "userAgent": null, "reason": "invalidate_user",
        })
    );
}

#[tokio::test]
async fn what_a_client_wrote_is_escaped_and_cut() {
    let mock = Mock::doing(Act::signed_out());
    let (builder, trail) = Trail::of(mock.builder());
    let app = App::required(builder.build().unwrap());
    let cookie = cookie_of(1);
    for (sent, expected) in [
        (
            "\u{9b}31mred\u{202e}".to_owned(),
            "\\u{9b}31mred\\u{202e}".to_owned(),
        ),
        ("a\tb\\n".to_owned(), "a\\tb\\\\n".to_owned()),
        ("x".repeat(5000), "x".repeat(256)),
    ] {
        let headers = [("cookie", cookie.as_str()), ("user-agent", &sent)];
        app.get("/me", &headers).await.assert_invalid();
        assert_eq!(trail.next().user_agent, Some(expected));
    }
    // Ids as well: the auth server may let users choose them.
    let auth = {
        let (builder, trail) = Trail::of(mock.builder());
        (builder.build().unwrap(), trail)
    };
    auth.0.invalidate_user("u1\r\nFAKE \x1b[0m").await;
    assert_eq!(
        auth.1.next().user_id.as_deref(),
        Some("u1\\r\\nFAKE \\u{1b}[0m")
    );
}

/// One refusal, as fast as it goes.
async fn refuse(app: &App) {
    app.get_as("better-auth.session_token=x", "/me")
        .await
        .assert_invalid();
}

#[test]
fn a_sink_that_blocks_holds_up_nobody_and_what_is_lost_is_said() {
    const EVENTS: usize = 3000;
    let (open, gate) = channel::<()>();
    let (sender, arrived) = channel();
    let (elapsed, log) = log::of(async {
        let mock = Mock::doing(Act::signed_out());
        let mut gate = Some(gate);
        let builder = mock.builder().audit(move |_| {
            // The first event holds up all others, and would hold up a request that waits for them.
            if let Some(gate) = gate.take() {
                let _ = gate.recv_timeout(PATIENCE);
            }
            Ok(sender.send(())?)
        });
        let app = App::required(builder.build().unwrap());
        let started = Instant::now();
        for _ in 0..EVENTS {
            refuse(&app).await;
        }
        started.elapsed()
    });
    assert!(elapsed < PATIENCE, "{elapsed:?}");
    drop(open);
    // The handle is gone, and what waited is delivered.
    let arrived = arrived.iter().count();
    assert!((1024..=1025).contains(&arrived), "{arrived}");
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains("was lost"))
        .collect();
    assert!(!lines.is_empty() && lines.len() < 30, "{}", lines.len());
    assert!(
        lines[0].contains("WARN") && lines[0].contains("total=1"),
        "{}",
        lines[0]
    );
}

#[tokio::test]
async fn a_sink_that_panics_or_fails_is_called_again() {
    let (sender, arrived) = channel();
    let mut count = 0;
    let mock = Mock::doing(Act::signed_out());
    let builder = mock.builder().audit(move |_| {
        count += 1;
        sender.send(count)?;
        match count {
            1 => panic!("the sink panics on purpose"),
            2 => Err(io::Error::from(io::ErrorKind::StorageFull).into()),
            _ => Ok(()),
        }
    });
    let app = App::required(builder.build().unwrap());
    for expected in 1..=3 {
        refuse(&app).await;
        assert_eq!(arrived.recv_timeout(PATIENCE), Ok(expected));
    }
}

#[test]
fn without_a_sink_events_are_logged_under_their_own_target_with_a_hash_of_the_session() {
    let ((), log) = log::of(async {
        let app = App::required(Mock::new().handle());
        let cookie = cookie_of(1);
        for path in ["/admin", "/admin"] {
            let headers = [("cookie", cookie.as_str()), ("user-agent", "curl/8")];
            app.get(path, &headers).await;
        }
        let other = App::required(Mock::new().handle());
        other.get_as(&cookie, "/admin").await;
    });
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains("tower_better_auth::audit"))
        .collect();
    let session = |line: &str| {
        let (_, rest) = line.split_once("session=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    assert_eq!(lines.len(), 3, "{log}");
    for line in &lines {
        assert!(
            line.contains("INFO") && line.contains("event=\"access.denied\""),
            "{line}"
        );
        assert!(
            line.contains("user_id=\"u1\"") && line.contains("INSUFFICIENT_ROLE"),
            "{line}"
        );
        assert_eq!(session(line).len(), 12, "{line}");
        assert!(!line.contains("\"s1\""), "{line}");
    }
    assert!(lines[0].contains("user_agent=\"curl/8\""), "{}", lines[0]);
    assert_eq!(session(lines[0]), session(lines[1]));
    assert_ne!(
        session(lines[0]),
        session(lines[2]),
        "the key is the handle's own"
    );
}

const KINDS: [(AuditEventKind, &str); 7] = [
    (AuditEventKind::SessionRejected, "session.rejected"),
    (AuditEventKind::SessionUnavailable, "session.unavailable"),
    (AuditEventKind::SessionBanned, "session.banned"),
    (AuditEventKind::SessionAmbiguous, "session.ambiguous"),
    (AuditEventKind::SessionRevoked, "session.revoked"),
    (AuditEventKind::AccessDenied, "access.denied"),
    (AuditEventKind::WebhookRejected, "webhook.rejected"),
];

#[test]
fn every_kind_is_written_by_its_name() {
    for (kind, name) in KINDS {
        assert_eq!((kind.as_str(), kind.to_string()), (name, name.to_owned()));
        assert_eq!(serde_json::to_value(kind).unwrap(), Value::from(name));
    }
    let tested: Vec<_> = KINDS.map(|(kind, _)| format!("{kind:?}")).into();
    assert_eq!(source::kinds_of_events(), tested);
}

#[test]
fn the_guide_lists_every_kind_in_that_order() {
    let guide = include_str!("../../../src/guide/observing.md");
    let (_, table) = guide.split_once("| event | reason |").unwrap();
    let rows = table
        .lines()
        .skip(2)
        .map_while(|row| row.strip_prefix("| `"));
    let listed: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
    assert_eq!(listed, KINDS.map(|(_, name)| name));
}
