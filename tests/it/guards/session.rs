//! Guards on the sign-in: how long ago, from which browser, from which network.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime},
};

use axum::{Router, body::Body, routing::get};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower_better_auth::{Access, Require, SessionAuth};

use crate::support::{
    answer, log,
    probe::{send, signed_in},
    recorder::Recorder,
};

const STALE: &str = "403 SESSION_NOT_FRESH";
const BROWSER: &str = "403 USER_AGENT_MISMATCH";
const ADDRESS: &str = "403 IP_ADDRESS_MISMATCH";
const HOUR: Duration = Duration::from_secs(60 * 60);

/// What somebody sees whose session has this field, or lacks it.
async fn outcome(
    field: &str,
    value: Option<Value>,
    require: Require,
    request: Request<Body>,
) -> String {
    let mut session = answer::session();
    if let Some(value) = value {
        session["session"][field] = value;
    }
    let auth = Recorder::answering(StatusCode::OK, &session).handle();
    let app = Router::new()
        .route("/", get(async || ()).route_layer(require))
        .layer(SessionAuth::new(auth));
    send(app, request).await.summary()
}

async fn fresh(created_at: Option<Value>, age: Duration) -> String {
    outcome("createdAt", created_at, Require::fresh(age), signed_in("/")).await
}

fn written(time: SystemTime) -> Value {
    json!(humantime::format_rfc3339_millis(time).to_string())
}

#[tokio::test]
async fn a_session_is_as_fresh_as_its_sign_in_and_one_without_is_not() {
    let now = SystemTime::now();
    for (created_at, expected) in [
        (Some(written(now)), "200"),
        (Some(written(now - HOUR + Duration::from_secs(60))), "200"),
        (Some(written(now + HOUR)), "200"),
        (Some(json!("2099-01-01T00:00:00.000Z")), "200"),
        (Some(written(now - HOUR)), STALE),
        (Some(written(now - HOUR * 2)), STALE),
        (Some(json!("1970-01-01T00:00:00.000Z")), STALE),
        (Some(json!(null)), STALE),
        (Some(json!("")), STALE),
        (Some(json!("now")), STALE),
        (Some(json!(true)), STALE),
        (Some(json!([])), STALE),
        (None, STALE),
    ] {
        assert_eq!(
            fresh(created_at.clone(), HOUR).await,
            expected,
            "{created_at:?}"
        );
    }
}

/// A refresh writes `updatedAt`.
#[tokio::test]
async fn a_refresh_makes_no_session_fresh() {
    let now = Some(written(SystemTime::now()));
    let seen = outcome("updatedAt", now, Require::fresh(HOUR), signed_in("/")).await;
    assert_eq!(seen, STALE);
}

#[test]
fn an_age_of_zero_denies_everybody_and_is_logged_as_an_error() {
    let now = SystemTime::now();
    for created_at in [Some(written(now)), Some(written(now + HOUR)), None] {
        let (seen, log) = log::of(fresh(created_at.clone(), Duration::ZERO));
        assert_eq!(seen, STALE, "{created_at:?}");
        assert!(log.contains("ERROR tower_better_auth"), "{log}");
    }
    let (_, log) = log::of(fresh(Some(written(now)), HOUR));
    assert!(!log.contains("ERROR"), "{log}");
}

fn with(name: &'static str, lines: &[&str]) -> Request<Body> {
    let mut request = signed_in("/");
    for line in lines {
        request.headers_mut().append(name, line.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn the_browser_is_the_one_that_signed_in_byte_for_byte() {
    let firefox = || Some(json!("Firefox/1"));
    let unknown = [None, Some(json!(null)), Some(json!(""))];
    let cases: [(Option<Value>, &[&str], &str, &str); 10] = [
        (firefox(), &["Firefox/1"], "200", "200"),
        (Some(json!("Füchse")), &["Füchse"], "200", "200"),
        (firefox(), &["Firefox/2"], BROWSER, BROWSER),
        (firefox(), &["firefox/1"], BROWSER, BROWSER),
        (firefox(), &["Firefox/1 x"], BROWSER, BROWSER),
        (firefox(), &[""], BROWSER, BROWSER),
        (firefox(), &[], BROWSER, BROWSER),
        (firefox(), &["Firefox/1", "Firefox/1"], BROWSER, BROWSER),
        (firefox(), &["Firefox/1", "Chrome"], BROWSER, BROWSER),
        (firefox(), &["Chrome", "Firefox/1"], BROWSER, BROWSER),
    ];
    let unknown = unknown.into_iter().flat_map(|stored| {
        let sent: [&[&str]; 4] = [&["Firefox/1"], &[""], &[], &["a", "b"]];
        sent.map(|sent| (stored.clone(), sent, BROWSER, "200"))
    });
    for (stored, sent, strict, lenient) in cases.into_iter().chain(unknown) {
        for (require, expected) in [
            (Require::same_user_agent(), strict),
            (Require::same_user_agent_if_known(), lenient),
        ] {
            let request = with("user-agent", sent);
            let seen = outcome("userAgent", stored.clone(), require, request).await;
            assert_eq!(seen, expected, "{stored:?} {sent:?}");
        }
    }
}

fn peer(access: &Access<'_>) -> Option<IpAddr> {
    access.headers().get("x-peer")?.to_str().ok()?.parse().ok()
}

#[tokio::test]
async fn the_network_is_the_one_that_signed_in() {
    let known = [
        ("192.0.2.7", "192.0.2.7", "200"),
        ("192.0.2.7", "::ffff:192.0.2.7", "200"),
        ("::ffff:192.0.2.7", "192.0.2.7", "200"),
        ("::ffff:c000:207", "::ffff:192.0.2.7", "200"),
        ("2001:db8:1:2::1", "2001:db8:1:2::1", "200"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "200"),
        ("2001:db8:1:2::", "2001:0DB8:1:2::9", "200"),
        ("192.0.2.7", "192.0.2.8", ADDRESS),
        ("192.0.2.7", "::ffff:192.0.2.8", ADDRESS),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.8", ADDRESS),
        // Not mapped: all of IPv4 would be one network otherwise.
        ("192.0.2.7", "::192.0.2.7", ADDRESS),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", ADDRESS),
        ("2001:db8:1:2::1", "2001:db8:1:0:2::1", ADDRESS),
        ("2001:db8:1:2::1", "192.0.2.7", ADDRESS),
        ("::1", "127.0.0.1", ADDRESS),
        ("192.0.2.7", "", ADDRESS),
        ("192.0.2.7", "192.0.2.7, 192.0.2.8", ADDRESS),
        ("192.0.2.7", "192.0.2.7:443", ADDRESS),
    ]
    .map(|(stored, sent, expected)| (Some(json!(stored)), sent, expected, expected));
    let unknown = [None, Some(json!(null)), Some(json!(""))]
        .into_iter()
        .flat_map(|stored| {
            ["192.0.2.7", "::1", ""].map(|sent| (stored.clone(), sent, ADDRESS, "200"))
        });
    for (stored, sent, strict, lenient) in known.into_iter().chain(unknown) {
        for (require, expected) in [
            (Require::same_ip(peer), strict),
            (Require::same_ip_if_known(peer), lenient),
        ] {
            let request = with("x-peer", &[sent]);
            let seen = outcome("ipAddress", stored.clone(), require, request).await;
            assert_eq!(seen, expected, "{stored:?} {sent:?}");
        }
    }
}

/// `Access::extension` is where the peer's address comes from.
#[tokio::test]
async fn the_address_can_come_from_an_extension() {
    let peer = |access: &Access<'_>| access.extension::<IpAddr>();
    for (ip, expected) in [
        (Some("192.0.2.7"), "200"),
        (Some("192.0.2.8"), ADDRESS),
        (None, ADDRESS),
    ] {
        let mut request = signed_in("/");
        if let Some(ip) = ip {
            request
                .extensions_mut()
                .insert(ip.parse::<IpAddr>().unwrap());
        }
        let stored = Some(json!("192.0.2.7"));
        let seen = outcome("ipAddress", stored, Require::same_ip(peer), request).await;
        assert_eq!(seen, expected, "{ip:?}");
    }
}

#[tokio::test]
async fn an_address_must_be_verified_and_nobody_may_act_as_somebody_else() {
    for (field, expected) in [
        (json!(true), "200"),
        (json!(false), "403 EMAIL_NOT_VERIFIED"),
        (json!(null), "403 EMAIL_NOT_VERIFIED"),
        (json!("true"), "403 EMAIL_NOT_VERIFIED"),
        (json!(1), "403 EMAIL_NOT_VERIFIED"),
    ] {
        let user = json!({"id": "u1", "emailVerified": field});
        let seen = super::ask(user, "/", Require::verified_email(), "/").await;
        assert_eq!(seen.summary(), expected, "{field}");
    }
    for (admin, expected) in [
        (None, "200"),
        (Some(json!(null)), "200"),
        (Some(json!("root")), "403 IMPERSONATED"),
    ] {
        let guard = Require::not_impersonated();
        let seen = outcome("impersonatedBy", admin.clone(), guard, signed_in("/")).await;
        assert_eq!(seen, expected, "{admin:?}");
    }
}
