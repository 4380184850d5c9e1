//! What passes through and changes a session has been forgotten before its answer is there.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, body::Body, routing::get};
use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tower_better_auth::{
    BetterAuth, Cache, RejectionKind,
    lease::Ended,
    testing::{AuthServer, user},
};

use super::{Seen, call, request, serve, serve_app};
use crate::support::{
    answer,
    mock::{Act, Mock, settle},
};

pub(super) const LONG: Duration = Duration::from_secs(300);

/// Everybody's session is in the cache of this handle, and asked for by a cookie that says who it is.
pub(super) struct World {
    pub(super) mock: Mock,
    pub(super) auth: BetterAuth,
}

impl World {
    /// The user of the cookie is signed in, and a change is answered with this status.
    pub(super) fn changing(act: Act) -> Self {
        let mock = Mock::new();
        mock.plays(move |request| {
            if !request.uri().path().ends_with("/get-session") {
                return act.clone();
            }
            let cookie = request.headers()[header::COOKIE].to_str().unwrap();
            let id = cookie.rsplit('=').next().unwrap();
            let mut session = answer::session_of(json!({"id": id, "email": "", "name": ""}));
            session["session"]["id"] = json!(format!("session of {id}"));
            Act::session(&session)
        });
        let auth = mock.builder().cache(Cache::ttl(LONG)).build().unwrap();
        Self { mock, auth }
    }

    pub(super) async fn warm(&self, ids: &[&str]) {
        for id in ids {
            self.auth.validate(&cookie(id)).await.unwrap();
        }
    }

    /// Who of these is not in the cache any more.
    pub(super) async fn forgotten<'a>(&self, ids: &[&'a str]) -> Vec<&'a str> {
        let mut forgotten = Vec::new();
        for id in ids {
            let before = self.mock.count();
            self.auth.validate(&cookie(id)).await.unwrap();
            if self.mock.count() > before {
                forgotten.push(*id);
            }
        }
        forgotten
    }

    async fn post(&self, who: &str, path: &str, body: &str) -> StatusCode {
        self.send(cookie(who), path, body).await.status
    }

    pub(super) async fn send(&self, headers: HeaderMap, path: &str, body: &str) -> Seen {
        let mut request = Request::post(format!("/api/auth{path}"))
            .body(Body::from(body.to_owned()))
            .unwrap();
        *request.headers_mut() = headers;
        call(&self.auth.proxy(), request).await
    }
}

pub(super) fn cookie(id: &str) -> HeaderMap {
    let cookie = format!("better-auth.session_token={id}");
    HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())])
}

pub(super) const ALL: [&str; 3] = ["ada", "bob", "eve"];

#[tokio::test]
async fn what_is_forgotten_depends_on_the_endpoint_and_on_how_it_went() {
    const EVE: &str = r#"{"userId":"eve"}"#;
    for (path, body, status, expected) in [
        ("/sign-out", "", 200, &["ada"][..]),
        ("/revoke-sessions", "", 200, &["ada"]),
        ("/update-user", "{}", 200, &["ada"]),
        ("/organization/set-active", "{}", 200, &["ada"]),
        ("/admin/ban-user", EVE, 200, &["eve"]),
        ("/admin/set-role", EVE, 200, &["eve"]),
        ("/admin/ban-user", "?", 200, &ALL),
        (
            "/admin/revoke-user-session",
            r#"{"sessionToken":"t"}"#,
            200,
            &ALL,
        ),
        ("/admin/has-permission", "{}", 200, &[]),
        // Refused: nothing has changed. What ends was forgotten beforehand.
        ("/update-user", "{}", 400, &[]),
        ("/admin/ban-user", EVE, 403, &[]),
        ("/admin/revoke-user-session", "{}", 403, &[]),
        ("/revoke-sessions", "", 403, &["ada"]),
        // Failed: it may have. The client is told in words of our own.
        ("/update-user", "{}", 500, &["ada"]),
        // Whoever is signed in can make an answer fail, and shall not cost others a check.
        ("/admin/ban-user", EVE, 500, &["ada"]),
        ("/admin/revoke-user-session", "{}", 502, &["ada"]),
        ("/admin/ban-user", "?", 500, &["ada"]),
    ] {
        let world = World::changing(Act::status(status));
        world.warm(&ALL).await;
        let told = if status < 500 { status } else { 503 };
        assert_eq!(world.post("ada", path, body).await.as_u16(), told);
        assert_eq!(world.forgotten(&ALL).await, expected, "{path} {status}");
    }
}

/// Whoever is signed in can break off as often as they like, and shall not cost everybody a check.
#[tokio::test]
async fn a_body_that_breaks_off_has_nobody_elses_session_forgotten() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let upstream = Router::new()
        .route(
            "/api/auth/get-session",
            get(async move |headers: HeaderMap| {
                count.fetch_add(1, Ordering::SeqCst);
                let id = headers[header::COOKIE].to_str().unwrap().to_owned();
                Json(answer::session_of(
                    json!({"id": id, "email": "", "name": ""}),
                ))
            }),
        )
        .fallback(async |_: Bytes| "{}");
    let upstream = format!("http://{}", serve_app(upstream).await);
    let cache = Cache::ttl(LONG);
    let auth = BetterAuth::builder(upstream).cache(cache).build().unwrap();
    for id in ALL {
        auth.validate(&cookie(id)).await.unwrap();
    }
    let broken = stream::iter([Ok("{"), Err(std::io::ErrorKind::ConnectionReset)]);
    let body = Body::from_stream(broken.map_err(std::io::Error::from));
    let mut request = Request::post("/api/auth/admin/revoke-user-session")
        .body(body)
        .unwrap();
    *request.headers_mut() = cookie("ada");
    let answer = call(&auth.proxy(), request).await;
    assert_eq!(answer.code(), "INCOMPLETE_REQUEST");
    for (id, expected) in [("bob", 3), ("eve", 3), ("ada", 4)] {
        auth.validate(&cookie(id)).await.unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), expected, "{id}");
    }
}

/// Not a change of name, nor what the auth server has refused.
#[tokio::test]
async fn the_audit_trail_has_what_was_revoked_and_nothing_else() {
    let world = World::changing(Act::status(200));
    let (sender, events) = std::sync::mpsc::channel();
    let auth = world.mock.builder().cache(Cache::ttl(LONG));
    let auth = auth.audit(move |event| Ok(sender.send(event)?)).build();
    let world = World {
        auth: auth.unwrap(),
        ..world
    };
    world.warm(&ALL).await;
    world.post("ada", "/update-user", "{}").await;
    world
        .post("ada", "/admin/ban-user", r#"{"userId":"eve"}"#)
        .await;
    world.post("bob", "/sign-out", "").await;
    world.mock.plays(|request| match request.uri().path() {
        "/api/auth/get-session" => Act::signed_in(),
        _ => Act::status(403),
    });
    world.post("ada", "/revoke-sessions", "").await;
    // Its queue ends with the last handle.
    drop(world);
    let events = events.iter().map(|event| (event.session_id, event.user_id));
    let expected = [
        (None, Some("eve".to_owned())),
        (Some("session of bob".to_owned()), None),
    ];
    assert_eq!(events.collect::<Vec<_>>(), expected);
}

/// The auth server may have done it, and its answer was lost.
#[tokio::test(start_paused = true)]
async fn what_may_have_been_done_is_forgotten_and_what_was_never_sent_is_not() {
    for (act, expected) in [
        (Act::Hang, &["ada"][..]),
        (Act::Panic, &["ada"]),
        (Act::Refuse, &[]),
    ] {
        let world = World::changing(act);
        world.warm(&ALL).await;
        world.post("ada", "/update-user", "{}").await;
        assert_eq!(world.forgotten(&ALL).await, expected);
    }
}

#[tokio::test]
async fn a_caller_who_is_not_in_the_cache_is_found_out_before_the_session_ends() {
    let world = World::changing(Act::status(200));
    // The same user in two browsers; only one is in the cache.
    let mock = &world.mock;
    mock.plays(|request| match request.uri().path() {
        "/api/auth/get-session" => Act::signed_in(),
        _ => Act::status(200),
    });
    world.warm(&["phone"]).await;
    world.post("laptop", "/revoke-sessions", "").await;
    assert_eq!(
        world.forgotten(&["phone", "laptop"]).await,
        ["phone", "laptop"]
    );
}

/// This service takes no bearer tokens, and the auth server does: what one ends is gone here as well.
#[tokio::test]
async fn a_caller_with_a_bearer_token_is_found_out_as_well() {
    let world = World::changing(Act::status(200));
    world.mock.plays(|request| match request.uri().path() {
        "/api/auth/get-session" if request.headers().contains_key(header::COOKIE) => {
            Act::signed_in()
        }
        "/api/auth/get-session" if request.headers().contains_key(header::AUTHORIZATION) => {
            Act::signed_in()
        }
        _ => Act::status(200),
    });
    world.warm(&["laptop"]).await;
    let revoke = Request::post("/api/auth/revoke-sessions")
        .header(header::AUTHORIZATION, "Bearer t")
        .body(Body::empty())
        .unwrap();
    call(&world.auth.proxy(), revoke).await;
    assert_eq!(world.forgotten(&["laptop"]).await, ["laptop"]);
}

/// Nor API keys.
#[tokio::test]
async fn a_caller_with_an_api_key_is_found_out_as_well() {
    let world = World::changing(Act::status(200));
    world.mock.plays(|request| match request.uri().path() {
        "/api/auth/get-session" if request.headers().contains_key(header::COOKIE) => {
            Act::signed_in()
        }
        "/api/auth/get-session" if request.headers().contains_key("x-api-key") => Act::signed_in(),
        "/api/auth/get-session" => Act::signed_out(),
        _ => Act::status(200),
    });
    world.warm(&["laptop"]).await;
    let revoke = Request::post("/api/auth/revoke-sessions")
        .header("x-api-key", "k")
        .body(Body::empty())
        .unwrap();
    call(&world.auth.proxy(), revoke).await;
    assert_eq!(world.forgotten(&["laptop"]).await, ["laptop"]);
}

/// The cookie is that of Bob's account, also beside it, and what else is shown is Ada's. A sign-out ends what the cookie says,
/// unless a bearer token takes its place: then it ends that one, and the accounts beside it. What `Connection` lists is not
/// sent, and proves nothing.
#[tokio::test]
async fn with_two_credentials_what_is_forgotten_is_what_the_auth_server_ends() {
    const BEARER: (&str, &str) = ("authorization", "Bearer ada");
    const BASIC: (&str, &str) = ("authorization", "Basic ada");
    const KEY: (&str, &str) = ("x-api-key", "ada");
    for (shown, listed, path, expected) in [
        (BEARER, "close", "/sign-out", &ALL[..]),
        (BASIC, "close", "/sign-out", &["bob"]),
        (BEARER, "close", "/revoke-sessions", &["ada"]),
        (KEY, "close", "/sign-out", &["bob"]),
        (KEY, "close", "/revoke-sessions", &["ada"]),
        (BEARER, "Authorization", "/sign-out", &["bob"]),
        (BEARER, "authorization", "/revoke-sessions", &["bob"]),
        (KEY, "close, x-api-key", "/revoke-sessions", &["bob"]),
        (KEY, "cookie, authorization", "/revoke-sessions", &["ada"]),
    ] {
        let world = World::changing(Act::status(200));
        world.mock.plays(|request| {
            if !request.uri().path().ends_with("/get-session") {
                return Act::status(200);
            }
            let headers = request.headers();
            let is_bearer = |value: &&HeaderValue| value.as_bytes().starts_with(b"Bearer ");
            let shown = headers.get(header::AUTHORIZATION).filter(is_bearer);
            let shown = shown.or_else(|| headers.get("x-api-key"));
            let shown = shown.unwrap_or_else(|| &headers[header::COOKIE]);
            let id = shown.to_str().unwrap().rsplit(['=', ' ']).next().unwrap();
            let mut session = answer::session_of(json!({"id": id, "email": "", "name": ""}));
            session["session"]["id"] = json!(format!("session of {id}"));
            Act::session(&session)
        });
        world.warm(&ALL).await;
        let cookie = "better-auth.session_token_multi-b=bob; better-auth.session_token=bob";
        let lines = [("cookie", cookie), ("connection", listed), shown];
        let lines = lines.map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        let headers = HeaderMap::from_iter(lines);
        assert_eq!(world.send(headers, path, "").await.status, StatusCode::OK);
        assert_eq!(
            world.forgotten(&ALL).await,
            expected,
            "{shown:?} {listed} {path}"
        );
    }
}

/// Nothing is remembered, and yet there is somebody to tell.
#[tokio::test(start_paused = true)]
async fn without_a_cache_an_open_connection_hears_of_a_sign_out_at_once() {
    let mock = Mock::doing(Act::signed_in());
    let auth = mock.handle();
    let mut lease = auth.lease(&cookie("ada")).await.unwrap();
    let ended = tokio::spawn(async move { lease.ended().await });
    settle().await;
    let begin = tokio::time::Instant::now();
    mock.plays(|request| match request.uri().path() {
        "/api/auth/get-session" => Act::signed_in(),
        _ => Act::status(200),
    });
    let gate = mock.hold();
    let mut sign_out = Request::post("/api/auth/sign-out")
        .body(Body::empty())
        .unwrap();
    *sign_out.headers_mut() = cookie("ada");
    let proxy = auth.proxy();
    let answer = tokio::spawn(async move { call(&proxy, sign_out).await.status });
    settle().await;
    mock.hold_no_more();
    // Who it is has been asked, and from now on the session is over.
    mock.plays(|request| match request.uri().path() {
        "/api/auth/get-session" => Act::signed_out(),
        _ => Act::status(200),
    });
    gate.open();
    assert_eq!(answer.await.unwrap(), StatusCode::OK);
    assert_eq!(ended.await.unwrap(), Ended::SignedOut);
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn without_a_cache_nobody_is_asked_who_it_is() {
    let mock = Mock::doing(Act::status(200));
    let mut request = Request::post("/api/auth/sign-out")
        .body(Body::empty())
        .unwrap();
    *request.headers_mut() = cookie("ada");
    call(&mock.handle().proxy(), request).await;
    assert_eq!(mock.count(), 1);
}

/// What was asked before the sign-out says nothing to whoever asks after it.
#[tokio::test]
async fn after_a_sign_out_nobody_joins_a_call_that_began_before() {
    for cache in [None, Some(Cache::ttl(LONG))] {
        let mock = Mock::new();
        let builder = mock.builder();
        let auth = match cache {
            None => builder,
            Some(cache) => builder.cache(cache),
        };
        let auth = auth.build().unwrap();
        let gate = mock.hold();
        let before = tokio::spawn(auth.validate(&cookie("ada")));
        settle().await;
        mock.hold_no_more();
        mock.plays(|request| match request.uri().path() {
            "/api/auth/get-session" => Act::signed_out(),
            _ => Act::status(200),
        });
        let mut sign_out = Request::post("/api/auth/sign-out")
            .body(Body::empty())
            .unwrap();
        *sign_out.headers_mut() = HeaderMap::new();
        assert_eq!(call(&auth.proxy(), sign_out).await.status, StatusCode::OK);
        let after = auth.validate(&cookie("ada")).await;
        assert_eq!(after.unwrap_err().kind(), RejectionKind::InvalidSession);
        gate.open();
        before.await.unwrap().unwrap();
    }
}

/// The answer would only have been read by somebody who is gone.
#[tokio::test]
async fn a_client_that_hangs_up_has_signed_out_all_the_same() {
    let server = AuthServer::start().await;
    let auth = BetterAuth::builder(server.url())
        .cache(Cache::ttl(LONG))
        .build()
        .unwrap();
    let ada = server.sign_in(user("ada"));
    let headers = HeaderMap::from_iter([(header::COOKIE, ada.cookie())]);
    auth.validate(&headers).await.unwrap();

    server.answer_after(Duration::from_millis(200));
    let app = serve(auth.proxy()).await;
    let mut client = TcpStream::connect(app).await.unwrap();
    let cookie = format!("cookie: {}", ada.cookie().to_str().unwrap());
    let origin = format!("origin: {}", server.url());
    let head = request("POST /api/auth/sign-out", &[&cookie, &origin], "");
    client.write_all(head.as_bytes()).await.unwrap();
    while !server
        .requests()
        .iter()
        .any(|request| request.uri.path().ends_with("/sign-out"))
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(client);
    let end = tokio::time::Instant::now() + Duration::from_secs(10);
    while auth.validate(&headers).await.is_ok() {
        assert!(
            tokio::time::Instant::now() < end,
            "the session is still remembered"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Also while the proxy is still finding out whose session it is.
#[tokio::test]
async fn a_client_that_hangs_up_early_has_signed_out_all_the_same() {
    let world = World::changing(Act::status(200));
    let gate = world.mock.hold();
    let mut sign_out = Request::post("/api/auth/sign-out")
        .body(Body::empty())
        .unwrap();
    *sign_out.headers_mut() = cookie("ada");
    let proxy = world.auth.proxy();
    let client = tokio::spawn(async move { call(&proxy, sign_out).await });
    settle().await;
    assert_eq!(world.mock.calls()[0].uri().path(), "/api/auth/get-session");
    client.abort();
    settle().await;
    world.mock.hold_no_more();
    gate.open();
    settle().await;
    let last = world.mock.calls().pop().unwrap();
    assert_eq!(last.uri().path(), "/api/auth/sign-out");
}

#[tokio::test]
async fn the_auth_server_of_tests_trusts_the_origins_that_it_is_told_to() {
    let server = AuthServer::start().await;
    let auth = BetterAuth::builder(server.url())
        .cache(Cache::ttl(LONG))
        .build()
        .unwrap();
    let ada = server.sign_in(user("ada"));
    let headers = HeaderMap::from_iter([(header::COOKIE, ada.cookie())]);
    let sign_out = || {
        let request = Request::post("/api/auth/sign-out").header(header::COOKIE, ada.cookie());
        let request = request.header(header::ORIGIN, "https://app.example");
        request.body(Body::empty()).unwrap()
    };
    let refused = call(&auth.proxy(), sign_out()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(auth.validate(&headers).await.is_ok());
    server.trust_origin("https://app.example");
    assert_eq!(call(&auth.proxy(), sign_out()).await.status, StatusCode::OK);
    let gone = auth.validate(&headers).await.unwrap_err();
    assert_eq!(gone.kind(), RejectionKind::InvalidSession);
}

#[tokio::test]
async fn the_proxy_stays_out_of_the_way_of_the_layer() {
    let world = World::changing(Act::status(200));
    let app = Router::new()
        .route(
            "/me",
            get(|user: tower_better_auth::CurrentUser| async move { user.id.clone() }),
        )
        .layer(tower_better_auth::SessionAuth::new(world.auth.clone()))
        .route_service(super::MOUNT, world.auth.proxy());
    let send = |method: &str, path: &str, headers: HeaderMap| {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty())
            .unwrap();
        *request.headers_mut() = headers;
        tower::ServiceExt::oneshot(app.clone(), request)
    };
    assert_eq!(
        send("POST", "/api/auth/sign-in/email", HeaderMap::new())
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(
        send("GET", "/me", HeaderMap::new()).await.unwrap().status(),
        401
    );
    assert_eq!(
        send("GET", "/me", cookie("ada")).await.unwrap().status(),
        200
    );
}
