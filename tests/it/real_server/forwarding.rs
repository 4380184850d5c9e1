//! What leaves a request for the server, as the server saw it.

use super::{app, plain, session_cookie};

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn a_check_is_one_get_that_neither_trusts_the_cookie_cache_nor_refreshes() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;

    app.get_as(&ada.cookie, "/me").await.assert_ok();

    let checks = server.checks_with(&ada.token).await;
    assert_eq!(checks.len(), 1);
    assert_eq!(
        checks[0].url,
        "/api/auth/get-session?disableCookieCache=true&disableRefresh=true"
    );
}

#[tokio::test]
async fn only_the_cookies_of_the_session_are_forwarded_byte_for_byte() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let session = session_cookie(ada.session_token());
    let cookie = format!(
        "_ga=GA1.2; {}; better-auth.dont_remember=x; better-auth.session_data=y; better-auth.state=z; theme=dark",
        ada.cookie
    );

    app.get_as(&cookie, "/me").await.assert_user(&ada.user_id);

    let checks = server.checks_with(&ada.token).await;
    let expected = format!("{session}; better-auth.dont_remember=x");
    assert_eq!(checks[0].header("cookie"), Some(expected.as_str()));
}

#[tokio::test]
async fn no_header_of_the_client_is_forwarded() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let headers = [
        ("cookie", ada.cookie.as_str()),
        ("authorization", "Bearer of-the-client"),
        ("x-api-key", "of-the-client"),
        ("user-agent", "of-the-client"),
        ("accept", "of-the-client"),
        ("accept-encoding", "gzip"),
        ("accept-language", "of-the-client"),
        ("origin", "https://of-the-client"),
        ("referer", "https://of-the-client"),
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-host", "of-the-client"),
        ("forwarded", "for=203.0.113.7"),
        ("host", "of-the-client"),
        ("x-secret", "of-the-client"),
    ];

    app.get("/me", &headers).await.assert_user(&ada.user_id);

    let checks = server.checks_with(&ada.token).await;
    let mut names: Vec<_> = checks[0]
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["accept", "accept-encoding", "cookie", "host", "user-agent"]
    );
    let said = format!("{:?}", checks[0]);
    assert!(
        !said.contains("of-the-client") && !said.contains("gzip"),
        "{said}"
    );
}

#[tokio::test]
async fn a_trace_and_a_request_id_travel_along() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let headers = [
        ("cookie", ada.cookie.as_str()),
        ("traceparent", TRACEPARENT),
        ("x-request-id", "req-7"),
    ];

    app.get("/me", &headers).await.assert_ok();

    let checks = server.checks_with(&ada.token).await;
    assert_eq!(checks[0].header("traceparent"), Some(TRACEPARENT));
    assert_eq!(checks[0].header("x-request-id"), Some("req-7"));
}

#[tokio::test]
async fn a_trace_and_a_request_id_that_are_malformed_stay_here() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let headers = [
        ("cookie", ada.cookie.as_str()),
        (
            "traceparent",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        ),
        ("x-request-id", "two words"),
    ];

    app.get("/me", &headers).await.assert_ok();

    let checks = server.checks_with(&ada.token).await;
    assert_eq!(checks[0].header("traceparent"), None);
    assert_eq!(checks[0].header("x-request-id"), None);
}

#[tokio::test]
async fn one_address_is_sent_and_never_the_clients_own_chain() {
    let (server, _) = plain();
    let app = app(server, |builder| {
        builder.client_ip(|headers, _| headers.get("x-real-ip")?.to_str().ok()?.parse().ok())
    });
    let ada = server.sign_up("ada").await;
    let headers = [
        ("cookie", ada.cookie.as_str()),
        ("x-forwarded-for", "198.51.100.1, 198.51.100.2"),
        ("x-real-ip", "203.0.113.7"),
    ];

    app.get("/me", &headers).await.assert_ok();

    let checks = server.checks_with(&ada.token).await;
    assert_eq!(checks[0].header("x-forwarded-for"), Some("203.0.113.7"));
}
