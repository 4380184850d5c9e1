//! What somebody can bring about who may do nothing: no check for others, and no word in the audit trail.

use std::{net::IpAddr, sync::mpsc};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use tower_better_auth::Cache;

use super::evicting::{ALL, LONG, World, cookie};
use crate::support::mock::{Act, settle};

fn with_cookie(cookie: &str) -> HeaderMap {
    HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())])
}

/// Better Auth fails over a body that is not what it says before it asks who it is.
#[tokio::test]
async fn a_ban_that_fails_costs_nobody_else_a_check_and_is_not_in_the_audit_trail() {
    let content_type = HeaderValue::from_static("multipart/form-data+application/json");
    for (mut headers, expected) in [(HeaderMap::new(), &[][..]), (cookie("ada"), &["ada"])] {
        headers.insert(header::CONTENT_TYPE, content_type.clone());
        let world = World::changing(Act::status(500));
        let (sender, events) = mpsc::channel();
        let auth = world.mock.builder().cache(Cache::ttl(LONG));
        let auth = auth.audit(move |event| Ok(sender.send(event)?)).build();
        let auth = auth.unwrap();
        let world = World { auth, ..world };
        world.warm(&ALL).await;
        let ban = world.send(headers, "/admin/ban-user", r#"{"userId":"eve"}"#);
        assert_eq!(ban.await.code(), "AUTH_SERVICE_UNAVAILABLE");
        assert_eq!(world.forgotten(&ALL).await, expected);
        // Its queue ends with the last handle.
        drop(world);
        assert_eq!(events.iter().count(), 0);
    }
}

#[tokio::test]
async fn a_stranger_who_signs_out_does_not_keep_the_cache_from_filling() {
    let world = World::changing(Act::status(200));
    let gate = world.mock.hold();
    let first = tokio::spawn(world.auth.validate(&cookie("ada")));
    settle().await;
    world.mock.hold_no_more();
    let sign_out = world.send(HeaderMap::new(), "/sign-out", "").await;
    assert_eq!(sign_out.status, StatusCode::OK);
    gate.open();
    first.await.unwrap().unwrap();
    assert_eq!(world.forgotten(&["ada"]).await, [""; 0]);
}

/// The auth server counts the questions of a client and what it ends apart.
#[tokio::test]
async fn while_nobody_can_tell_whose_sessions_end_none_do_and_everybody_elses_are_kept() {
    let world = World::changing(Act::status(200));
    let auth = world.mock.builder().cache(Cache::ttl(LONG));
    let auth = auth.client_ip(|_, _| Some(IpAddr::from([10, 0, 0, 1])));
    let auth = auth.build().unwrap();
    let world = World { auth, ..world };
    world.warm(&ALL).await;
    let limited = Act::json(429, &[("x-retry-after", "7")], &serde_json::Value::Null);
    world.mock.plays(move |request| match request.uri().path() {
        "/api/auth/get-session" => limited.clone(),
        _ => Act::status(200),
    });
    let mallory = |number| {
        let varied =
            format!("better-auth.session_token=mallory; better-auth.dont_remember={number}");
        with_cookie(&varied)
    };
    let ending = ["/revoke-other-sessions", "/revoke-session", "/delete-user"];
    for (number, path) in ending.iter().enumerate() {
        let before = world.mock.count();
        let seen = world.send(mallory(number), path, "{}").await;
        assert_eq!(seen.code(), "AUTH_SERVICE_UNAVAILABLE", "{path}");
        assert_eq!(seen.headers[header::RETRY_AFTER], "7");
        let asked = &world.mock.calls()[before..];
        let paths: Vec<_> = asked.iter().map(|request| request.uri().path()).collect();
        assert_eq!(paths, ["/api/auth/get-session"]);
    }
    // The browser is rid of its cookies.
    let sign_out = world.send(mallory(ending.len()), "/sign-out", "").await;
    assert_eq!(sign_out.status, StatusCode::OK);
    let before = world.mock.count();
    for id in ALL {
        world.auth.validate(&cookie(id)).await.unwrap();
    }
    assert_eq!(world.mock.count(), before);
}

/// The auth server says that it is done as often as it is asked to, and does nothing more.
#[tokio::test]
async fn one_account_that_a_browser_signs_out_of_costs_nobody_else_a_check() {
    let world = World::changing(Act::status(200));
    let browser = |token| {
        let accounts = "better-auth.session_token_multi-t=eve; better-auth.session_token=ada";
        let body = format!(r#"{{"sessionToken":"{token}"}}"#);
        (with_cookie(accounts), body)
    };
    for (token, expected) in [("T", &["eve"][..]), ("none", &["ada"])] {
        world.warm(&ALL).await;
        let (headers, body) = browser(token);
        let revoked = world.send(headers, "/multi-session/revoke", &body).await;
        assert_eq!(revoked.status, StatusCode::OK);
        assert_eq!(world.forgotten(&ALL).await, expected, "{token}");
    }
    let cookie = |request: &Request<Bytes>| request.headers()[header::COOKIE].clone();
    world.auth.invalidate_user("eve").await;
    world.mock.plays(move |request| match request.uri().path() {
        "/api/auth/get-session" if cookie(request) == "better-auth.session_token=eve" => {
            Act::signed_out()
        }
        "/api/auth/get-session" => Act::status(500),
        _ => Act::status(200),
    });
    let (headers, body) = browser("T");
    let revoked = world.send(headers, "/multi-session/revoke", &body).await;
    assert_eq!(revoked.status, StatusCode::OK);
    assert_eq!(world.forgotten(&["ada", "bob"]).await, [""; 0]);
}

/// What a route of this app refuses, the auth server may take, and end what it names.
#[tokio::test]
async fn what_is_refused_here_without_a_call_ends_sessions_all_the_same() {
    let doubled = "better-auth.session_token=laptop; better-auth.session_token=laptop".to_owned();
    let long = format!("better-auth.session_token={}", "x".repeat(9 * 1024));
    for laptop in [doubled, long] {
        let world = World::changing(Act::status(200));
        let auth = world.mock.builder().cache(Cache::ttl(LONG));
        let auth = auth.reject_ambiguous_cookies().build().unwrap();
        let world = World { auth, ..world };
        world.mock.plays(|request| match request.uri().path() {
            "/api/auth/get-session" => Act::signed_in(),
            _ => Act::status(200),
        });
        world.warm(&["phone"]).await;
        assert!(world.auth.validate(&with_cookie(&laptop)).await.is_err());
        let revoked = world
            .send(with_cookie(&laptop), "/revoke-sessions", "")
            .await;
        assert_eq!(revoked.status, StatusCode::OK);
        assert_eq!(world.forgotten(&["phone"]).await, ["phone"]);
    }
}

/// Past what Node takes, nobody is asked: what cannot be sent would count as an outage.
#[tokio::test]
async fn cookies_that_no_server_takes_are_not_sent_to_ask_whose_they_are() {
    let world = World::changing(Act::status(431));
    let longest = 15 * 1024 - "better-auth.session_token=".len();
    for (length, calls) in [(longest, 2), (longest + 1, 0)] {
        let before = world.mock.count();
        let cookie = format!("better-auth.session_token={}", "x".repeat(length));
        world
            .send(with_cookie(&cookie), "/revoke-sessions", "")
            .await;
        assert_eq!(world.mock.count() - before, calls, "{length}");
    }
}
