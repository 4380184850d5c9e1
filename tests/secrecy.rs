//! No credential is seen anywhere: in no line of the log of the whole process, no metric, no audit event, no `Debug`, no
//! error and no response.
//!
//! In a process of its own, so that it can listen to all threads, and to what other crates log.

// A failed `unwrap` is a failed test.
#![allow(clippy::unwrap_used)]

use std::{
    collections::HashSet,
    convert::Infallible,
    error::Error,
    fmt::Debug,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, body::Body, routing::get};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use metrics_util::debugging::DebuggingRecorder;
use serde_json::json;
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt, service_fn};
use tower_better_auth::{
    BetterAuth, BetterAuthBuilder, Cache, CurrentSession, CurrentUser, Require, SessionAuth,
    rejection,
    testing::{AuthServer, Fault, user},
};
use tracing_subscriber::{fmt::format::FmtSpan, util::SubscriberInitExt};

/// So many bytes in a row of a secret are a secret.
const PIECE: usize = 8;

/// Everything that anybody got to see.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<u8>>>);

impl Seen {
    fn note(&self, what: &str) {
        let mut seen = self.0.lock().unwrap();
        seen.extend_from_slice(what.as_bytes());
        seen.push(b'\n');
    }

    fn debug(&self, what: &dyn Debug) {
        self.note(&format!("{what:?} {what:#?}"));
    }

    fn relayed(&self, is_relayed: bool) {
        if is_relayed {
            self.note("a cookie was passed on");
        }
    }

    fn error(&self, error: &(dyn Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.note(&format!("{error} {error:?}"));
            next = error.source();
        }
    }

    fn text(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl io::Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Every piece of a secret in the text, with what stands around it.
fn pieces(text: &[u8], secrets: &[String]) -> Vec<String> {
    let windows = secrets
        .iter()
        .flat_map(|secret| secret.as_bytes().windows(PIECE));
    let windows: HashSet<&[u8]> = windows.collect();
    // The text is long, and hashing slow.
    let pair = |window: &[u8]| usize::from(window[0]) << 8 | usize::from(window[1]);
    let mut may_begin = vec![false; 1 << 16];
    for window in &windows {
        may_begin[pair(window)] = true;
    }
    let found = text
        .windows(PIECE)
        .enumerate()
        .filter(|(_, window)| may_begin[pair(window)] && windows.contains(window));
    found
        .map(|(at, _)| {
            let around = &text[at.saturating_sub(200)..(at + 50).min(text.len())];
            String::from_utf8_lossy(around).into_owned()
        })
        .collect()
}

#[test]
fn a_piece_of_a_secret_is_found() {
    let secrets = ["abcdefghijkl".to_owned()];
    assert_eq!(pieces(b"x=cdefghij;", &secrets).len(), 1);
    assert_eq!(pieces(b"x=cdefghi;abcdefg;", &secrets).len(), 0);
}

async fn me(session: CurrentSession) -> Json<CurrentSession> {
    Json(session)
}

async fn home(user: Option<CurrentUser>) -> String {
    format!("{user:?}")
}

fn routes(seen: &Seen) -> Router {
    let seen = seen.clone();
    let noted = Require::when(move |access| {
        seen.debug(access);
        true
    });
    Router::new()
        .route("/noted", get(me).route_layer(noted))
        .route("/me", get(me))
        .route("/home", get(home))
        .route("/live", get(me).route_layer(Require::live()))
        .route("/admin", get(me).route_layer(Require::role("admin")))
        .route(
            "/orgs/{org}",
            get(me).route_layer(Require::organization_member("org")),
        )
}

const PATHS: &[&str] = &["/noted", "/me", "/home", "/live", "/admin", "/orgs/o1"];

/// What a browser or a program may send, and what of it is secret.
struct Requests {
    sent: Vec<HeaderMap>,
    secrets: Vec<String>,
}

impl Requests {
    fn new(real_cookie: &str) -> Self {
        let (_, real) = real_cookie.split_once('=').unwrap();
        let secrets: Vec<String> = [
            real,
            "Zm9yZ2VkLXNlc3Npb24.c2lnbmF0dXJlMQ",
            "dG9rZW4tb2Ytc29tZWJvZHk.c2lnbmF0dXJlMg",
            "ZG9udC1yZW1lbWJlci1tZQ",
            "ZXlKc2Vzc2lvbi1kYXRh",
            "R0ExLjIuYW5hbHl0aWNz",
            "YmVhcmVyLXRva2VuLXNlY3JldA",
            "YXBpLWtleS1zZWNyZXQtMQ",
        ]
        .map(str::to_owned)
        .to_vec();
        let [real, forged, other, remember, data, analytics, bearer, key] = &secrets[..] else {
            unreachable!("as many as above");
        };
        let headers = |lines: &[(&'static str, String)]| {
            let line = |(name, value): &(&'static str, String)| {
                (name.parse().unwrap(), value.parse().unwrap())
            };
            lines.iter().map(line).collect::<HeaderMap>()
        };
        let session = |value: &str| format!("better-auth.session_token={value}");
        let sent = vec![
            headers(&[]),
            headers(&[("cookie", session(real))]),
            headers(&[("cookie", session(real))]),
            headers(&[("cookie", session(forged))]),
            headers(&[(
                "cookie",
                format!(
                    "_ga={analytics}; {}; better-auth.dont_remember={remember}; better-auth.session_data={data}",
                    session(other)
                ),
            )]),
            headers(&[("cookie", format!("{}; {}", session(real), session(other)))]),
            headers(&[("cookie", session(&forged.repeat(500)))]),
            headers(&[("authorization", format!("Bearer {bearer}"))]),
            headers(&[("x-api-key", key.clone())]),
            headers(&[
                ("cookie", session(real)),
                ("authorization", format!("Bearer {bearer}")),
                ("accept", "text/html".to_owned()),
                ("sec-fetch-mode", "navigate".to_owned()),
                ("user-agent", "curl/8".to_owned()),
            ]),
            headers(&[
                ("cookie", session(forged)),
                ("accept", "text/html".to_owned()),
                ("sec-fetch-mode", "navigate".to_owned()),
            ]),
        ];
        Self { sent, secrets }
    }

    /// Every request to every path, through every kind of layer.
    async fn run(&self, auth: &BetterAuth, seen: &Seen) {
        let layers = [
            SessionAuth::new(auth.clone()),
            SessionAuth::new(auth.clone()).optional(),
            SessionAuth::new(auth.clone()).redirect_to_sign_in("/sign-in"),
            SessionAuth::new(auth.clone()).respond_with(rejection::problem),
        ];
        for layer in layers {
            seen.debug(&layer);
            seen.debug(&layer.layer(()));
            let app = routes(seen).layer(layer);
            for headers in &self.sent {
                for path in PATHS {
                    let mut request = Request::get(*path).body(Body::empty()).unwrap();
                    request.headers_mut().extend(headers.clone());
                    let Ok(response) = app.clone().oneshot(request).await;
                    let (head, body) = response.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    seen.debug(&head);
                    seen.note(&String::from_utf8_lossy(&body));
                    // `Debug` of a header that is marked says nothing: what is sent says all.
                    for (name, value) in &head.headers {
                        // What is set in the browser is for its owner alone, and marked, so that nobody else shows it.
                        let is_relayed = name == header::SET_COOKIE && value.is_sensitive();
                        seen.relayed(is_relayed);
                        if !is_relayed {
                            seen.note(&String::from_utf8_lossy(value.as_bytes()));
                        }
                    }
                }
                self.validate(auth, headers, seen).await;
            }
        }
    }

    async fn validate(&self, auth: &BetterAuth, headers: &HeaderMap, seen: &Seen) {
        match auth.validate(headers).await {
            Ok(session) => {
                seen.debug(&session);
                seen.note(&serde_json::to_string(&*session).unwrap());
                auth.invalidate_session(&session.session.id).await;
            }
            Err(rejection) => seen.error(&rejection),
        }
    }
}

/// An auth server that speaks HTTP/2 alone, and knows everybody.
async fn http2_server(token: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let token = token.clone();
            let serve = service_fn(move |_: Request<hyper::body::Incoming>| {
                let response = session(&token);
                async move { Ok::<_, Infallible>(response) }
            });
            let serve = hyper_util::service::TowerToHyperService::new(serve);
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::spawn(server.serve_connection(TokioIo::new(stream), serve));
        }
    });
    url
}

fn session(token: &str) -> Response<Full<Bytes>> {
    let session = json!({
        "session": {"id": "s1", "userId": "u1", "token": token, "expiresAt": "2099-11-27T09:32:22.106Z"},
        "user": {"id": "u1", "email": "ada@example.com"},
    });
    Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .header(
            header::SET_COOKIE,
            format!("better-auth.session_token={token}"),
        )
        .body(Full::new(session.to_string().into()))
        .unwrap()
}

/// A way to the auth server that logs what it carries, as many tower layers do.
fn talkative(token: String) -> BetterAuthBuilder {
    BetterAuth::builder("http://localhost").transport(service_fn(move |request: Request<Bytes>| {
        tracing::trace!(?request, headers = ?request.headers(), "calling");
        let response = session(&token);
        async move { Ok::<_, Infallible>(response) }
    }))
}

fn with_everything_on(builder: BetterAuthBuilder) -> BetterAuthBuilder {
    builder
        .accept_bearer()
        .accept_api_key()
        .trust_cookie_cache()
        .refresh_sessions()
        .deadline(Duration::from_millis(200))
        .cache(Cache::ttl(Duration::from_secs(60)))
}

/// Takes down every line that anybody in this process logs.
fn listen(seen: &Seen) {
    let writer = seen.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
        .with_writer(move || writer.clone())
        .finish()
        .init();
}

#[tokio::test]
async fn no_credential_is_seen_anywhere() {
    let seen = Seen::default();
    listen(&seen);
    let recorder = DebuggingRecorder::new();
    let metrics = recorder.snapshotter();
    recorder.install().unwrap();

    let server = AuthServer::start().await;
    let ada = server.sign_in(user("ada"));
    let requests = Requests::new(ada.cookie().to_str().unwrap());
    let audited = seen.clone();
    let audit = move |builder: BetterAuthBuilder| {
        let seen = audited.clone();
        builder.audit(move |event| {
            seen.debug(&event);
            seen.note(&serde_json::to_string(&event)?);
            Ok(())
        })
    };

    // Over HTTP/1, through faults, with audit events in the log.
    let auth = with_everything_on(BetterAuth::builder(server.url()))
        .build()
        .unwrap();
    seen.debug(&auth);
    requests.run(&auth, &seen).await;
    for fault in [
        Fault::DatabaseDown,
        Fault::Disconnect,
        Fault::CutOff,
        Fault::status(404),
        Fault::answer(200, "text/html", "<html>"),
        Fault::answer(200, "application/json", r#"{"user":{}}"#),
    ] {
        server.fail_with(fault);
        let auth = with_everything_on(BetterAuth::builder(server.url()))
            .build()
            .unwrap();
        requests.run(&auth, &seen).await;
        seen.debug(&auth.readiness());
        match auth.check().await {
            Ok(diagnosis) => seen.debug(&diagnosis),
            Err(error) => seen.error(&error),
        }
    }
    // Over HTTP/2, and through a way of the application's own, with a sink.
    let token = requests.secrets[0].clone();
    let client = reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let http2 = BetterAuth::builder(http2_server(token.clone()).await).http_client(client);
    for builder in [
        http2,
        talkative(token.clone()),
        talkative(token).reject_ambiguous_cookies(),
    ] {
        let builder = audit(with_everything_on(builder));
        seen.debug(&builder);
        requests.run(&builder.build().unwrap(), &seen).await;
    }
    // Where nothing listens, and a mistake in the URL.
    let nobody = BetterAuth::builder("http://127.0.0.1:9").build().unwrap();
    requests.run(&nobody, &seen).await;
    for url in [
        "http://ada:YmVhcmVyLXRva2VuLXNlY3JldA@localhost",
        "YmVhcmVyLXRva2VuLXNlY3JldA",
    ] {
        seen.error(&BetterAuth::new(url).unwrap_err());
    }
    seen.debug(&Require::role("admin"));
    seen.debug(&metrics.snapshot().into_vec());

    let text = seen.text();
    for spoken in [
        // Everybody was listened to.
        "better_auth.check",
        "better_auth_verdicts_total",
        "tower_better_auth::audit",
        "\"event\":\"session.rejected\"",
        "hyper",
        "h2::",
        "reqwest",
        "calling",
        // And every answer was given.
        "UNAUTHENTICATED",
        "INVALID_SESSION",
        "AUTH_SERVICE_UNAVAILABLE",
        "INSUFFICIENT_ROLE",
        "a cookie was passed on",
        "/sign-in",
        "ada@example.com",
    ] {
        let is_there = text
            .windows(spoken.len())
            .any(|window| window == spoken.as_bytes());
        assert!(is_there, "nobody said {spoken}");
    }
    let found = pieces(&text, &requests.secrets);
    assert!(
        found.is_empty(),
        "{} times, first: {}",
        found.len(),
        found[0]
    );
}
