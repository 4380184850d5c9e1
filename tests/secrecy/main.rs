//! No credential is seen anywhere: in no line of the log of the whole process, no metric, no audit event, no `Debug`, no
//! error and no response.
//!
//! In a process of its own, so that it can listen to all threads, and to what other crates log.

// A failed `unwrap` is a failed test.
#![allow(clippy::needless_pass_by_value, clippy::unwrap_used)]

#[path = "../it/support/mod.rs"]
#[allow(dead_code, unused_imports)]
mod support;
mod seen;
mod servers;
mod requests;
mod acts;
mod proxied;
mod webhooks;
#[cfg(feature = "redis")]
mod fleet;

use std::time::Duration;

use metrics_util::debugging::DebuggingRecorder;
use tower_better_auth::{
    BetterAuth, BetterAuthBuilder, Cache, Require,
    testing::{AuthServer, Fault},
};

use self::{
    requests::Requests,
    seen::Seen,
    servers::{http2_client, knows_everybody, over_http2, talkative},
};

fn with_everything_on(builder: BetterAuthBuilder) -> BetterAuthBuilder {
    builder
        .accept_bearer()
        .accept_api_key()
        .trust_cookie_cache()
        .refresh_sessions()
        .deadline(Duration::from_millis(200))
        .cache(Cache::ttl(Duration::from_secs(60)))
}

/// Every audit event, as a sink gets it and as it is written.
fn audited(builder: BetterAuthBuilder, seen: &Seen) -> BetterAuthBuilder {
    let seen = seen.clone();
    builder.audit(move |event| {
        seen.debug(&event);
        seen.note(&serde_json::to_string(&event)?);
        Ok(())
    })
}

/// Over HTTP/1, through faults, with audit events in the log.
async fn through_faults(server: &AuthServer, requests: &Requests, seen: &Seen) {
    let auth = || with_everything_on(BetterAuth::builder(server.url()));
    let healthy = auth().build().unwrap();
    seen.debug(&healthy);
    requests.run(&healthy, seen).await;
    for fault in [
        Fault::DatabaseDown,
        Fault::Disconnect,
        Fault::CutOff,
        Fault::status(404),
        Fault::answer(200, "text/html", "<html>"),
        Fault::answer(200, "application/json", r#"{"user":{}}"#),
    ] {
        server.fail_with(fault);
        let broken = auth().build().unwrap();
        requests.run(&broken, seen).await;
        seen.debug(&broken.readiness());
        seen.outcome(&broken.check().await);
        acts::all(server, auth(), seen).await;
    }
    server.recover();
}

/// Over HTTP/2, and through a way of the application's own, with a sink.
async fn by_other_ways(server: &AuthServer, requests: &Requests, seen: &Seen) {
    let everybody = || knows_everybody(&requests.real);
    let http2 = BetterAuth::builder(over_http2(everybody()).await).http_client(http2_client());
    let told = || BetterAuth::builder("http://localhost").transport(talkative(everybody()));
    for builder in [http2, told(), told().reject_ambiguous_cookies()] {
        let builder = audited(with_everything_on(builder), seen);
        seen.debug(&builder);
        requests.run(&builder.build().unwrap(), seen).await;
    }
    let http2 = over_http2(server.transport()).await;
    for builder in [
        BetterAuth::builder(server.url()),
        BetterAuth::builder(http2).http_client(http2_client()),
        server.builder().transport(talkative(server.transport())),
    ] {
        let builder = with_everything_on(audited(builder, seen));
        let patient = builder.deadline(Duration::from_secs(20));
        acts::all(server, patient, seen).await;
    }
}

/// Where nothing listens, and mistakes in the URL.
async fn in_vain(requests: &Requests, seen: &Seen) {
    let nobody = BetterAuth::builder("http://127.0.0.1:9").build().unwrap();
    requests.run(&nobody, seen).await;
    for url in [
        "http://ada:YmVhcmVyLXRva2VuLXNlY3JldA@localhost",
        "YmVhcmVyLXRva2VuLXNlY3JldA",
    ] {
        seen.error(&BetterAuth::new(url).unwrap_err());
    }
}

/// That everybody was listened to, and every answer was given.
const SPOKEN: &[&str] = &[
    "better_auth.check",
    "better_auth_verdicts_total",
    "tower_better_auth::audit",
    "\"event\":\"session.rejected\"",
    "\"event\":\"session.revoked\"",
    "\"event\":\"webhook.rejected\"",
    "hyper",
    "h2::",
    "reqwest",
    "calling",
    "UNAUTHENTICATED",
    "INVALID_SESSION",
    "AUTH_SERVICE_UNAVAILABLE",
    "INSUFFICIENT_ROLE",
    "/sign-in",
    "ada@example.com",
    // Devices, sign-out and leases.
    r#""current":true"#,
    "SESSION_NOT_FOUND",
    "better-auth.session_token=; Max-Age=0",
    "CROSS_SITE_REQUEST",
    "a lease is over",
    "SignedOut",
    // A guard that asks.
    "all tasks",
    // What goes through the proxy.
    "eve@example.com",
    "INVALID_EMAIL_OR_PASSWORD",
    // Webhooks.
    "webhook:session.revoked",
    "INVALID_WEBHOOK_SIGNATURE",
    "WEBHOOK_TIMESTAMP_OUT_OF_RANGE",
    // What its owner got: a cookie of a check, one of a sign-up, the token of that and of a session.
    "\n(its owner's)\n",
    "\n(its owner's); Max-Age=604800",
    "{(its owner's),\"user\"",
    "(its owner's),\"updatedAt\"",
];

#[tokio::test]
async fn no_credential_is_seen_anywhere() {
    let seen = Seen::default();
    seen.listen();
    let recorder = DebuggingRecorder::new();
    let metrics = recorder.snapshotter();
    recorder.install().unwrap();

    let server = AuthServer::start().await;
    seen.debug(&server);
    let ada = acts::sign_in(&server, "ada", &seen);
    let requests = Requests::new(&ada, &seen);
    through_faults(&server, &requests, &seen).await;
    by_other_ways(&server, &requests, &seen).await;
    in_vain(&requests, &seen).await;
    #[cfg(feature = "redis")]
    {
        fleet::all(&server, &seen).await;
        assert_eq!(seen.unsaid(fleet::SPOKEN), [""; 0], "nobody said it");
    }
    seen.debug(&Require::role("admin"));
    seen.debug(&metrics.snapshot().into_vec());

    assert_eq!(seen.unsaid(SPOKEN), [""; 0], "nobody said it");
    let found = seen.pieces();
    assert!(
        found.is_empty(),
        "{} times, first: {}",
        found.len(),
        found[0]
    );
}
