//! How cookies are written, on the way from the browser to the server.

use serde_json::json;

use super::{app, configured, plain, session_cookie};

/// Undoes the percent-encoding of a signed value, as some proxies and clients do.
fn decoded(value: &str) -> String {
    value
        .replace("%2B", "+")
        .replace("%2F", "/")
        .replace("%3D", "=")
}

#[tokio::test]
async fn a_percent_decoded_value_is_the_same_session() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let value = decoded(ada.session_token());
    assert_ne!(value, ada.session_token());

    app.get_as(&session_cookie(&value), "/me")
        .await
        .assert_user(&ada.user_id);
}

#[tokio::test]
async fn a_quoted_value_is_the_same_session() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let value = format!("\"{}\"", ada.session_token());

    app.get_as(&session_cookie(&value), "/me")
        .await
        .assert_user(&ada.user_id);
}

#[tokio::test]
async fn a_value_that_was_encoded_twice_is_an_invalid_session() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let value = ada.session_token().replace('%', "%25");

    app.get_as(&session_cookie(&value), "/me")
        .await
        .assert_invalid();
}

#[tokio::test]
async fn a_value_that_lost_its_padding_is_an_invalid_session() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let value = ada.session_token().trim_end_matches("%3D");

    app.get_as(&session_cookie(value), "/me")
        .await
        .assert_invalid();
}

#[tokio::test]
async fn the_session_cookie_is_found_on_any_cookie_line() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let session = session_cookie(ada.session_token());

    for lines in [["theme=dark", &session], [&session, "theme=dark"]] {
        let headers = lines.map(|line| ("cookie", line));
        app.get("/me", &headers).await.assert_user(&ada.user_id);
    }
}

#[tokio::test]
async fn an_analytics_cookie_outside_of_ascii_harms_nobody() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let session = session_cookie(ada.session_token());

    for junk in [
        "utm=é".as_bytes(),
        b"utm=\xE9\xFF",
        b"\xC3\xA9=1",
        b"utm=\"a",
        b"{\"a\":1}",
    ] {
        for cookie in [
            [junk, b"; ", session.as_bytes()].concat(),
            [session.as_bytes(), b"; ", junk].concat(),
        ] {
            app.get("/me", &[("cookie", cookie)])
                .await
                .assert_user(&ada.user_id);
        }
    }
}

#[tokio::test]
async fn half_a_megabyte_of_other_cookies_harms_nobody() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let mut crumbs: Vec<_> = (0..420)
        .map(|number| format!("junk{number}={}", "x".repeat(1000)))
        .collect();
    crumbs.push(session_cookie(ada.session_token()));

    app.get_as(&crumbs.join("; "), "/me")
        .await
        .assert_user(&ada.user_id);
}

#[tokio::test]
async fn a_session_cookie_too_large_to_forward_is_invalid_without_a_call() {
    let (server, app) = plain();
    let marker = "too-large-to-forward";
    let value = format!("{marker}{}", "x".repeat(9000));

    app.get_as(&session_cookie(&value), "/me")
        .await
        .assert_invalid();

    assert_eq!(server.checks_with(marker).await.len(), 0);
}

#[tokio::test]
async fn the_secure_spelling_is_found_without_being_told() {
    let (server, app) = configured(json!({"baseURL": "https://auth.example.com"}));
    let ada = server.sign_up("ada").await;
    assert!(
        ada.cookie
            .starts_with("__Secure-better-auth.session_token="),
        "{}",
        ada.cookie
    );

    app.get_as(&ada.cookie, "/me")
        .await
        .assert_user(&ada.user_id);
}

#[tokio::test]
async fn a_secure_server_does_not_know_the_plain_spelling() {
    let (server, app) = configured(json!({"baseURL": "https://auth.example.com"}));
    let ada = server.sign_up("ada").await;
    let value = ada.value("__Secure-better-auth.session_token");

    app.get_as(&session_cookie(value), "/me")
        .await
        .assert_invalid();
}

#[tokio::test]
async fn a_plain_server_does_not_know_the_secure_spelling() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let secure = format!("__Secure-{}", session_cookie(ada.session_token()));

    app.get_as(&secure, "/me").await.assert_invalid();
}

#[tokio::test]
async fn a_server_with_both_spellings_in_the_request_reads_its_own() {
    let garbage = |name: &str| format!("{name}=garbage");
    for (config, own, other) in [
        (
            json!({}),
            "better-auth.session_token",
            "__Secure-better-auth.session_token",
        ),
        (
            json!({"baseURL": "https://auth.example.com"}),
            "__Secure-better-auth.session_token",
            "better-auth.session_token",
        ),
    ] {
        let (server, app) = configured(config);
        let ada = server.sign_up("ada").await;
        let valid = format!("{own}={}", ada.value(own));
        let cookie = format!("{}; {valid}", garbage(other));
        app.get_as(&cookie, "/me").await.assert_user(&ada.user_id);
    }
}

#[tokio::test]
async fn a_cookie_prefix_of_the_server_is_one_setting_here() {
    let (server, default) = configured(json!({"cookiePrefix": "shop"}));
    let ada = server.sign_up("ada").await;
    let configured = app(server, |builder| builder.cookie_prefix("shop"));

    configured
        .get_as(&ada.cookie, "/me")
        .await
        .assert_user(&ada.user_id);
    default
        .get_as(&ada.cookie, "/me")
        .await
        .assert_unauthenticated();
}

#[tokio::test]
async fn a_session_cookie_with_a_name_of_its_own_is_found_by_that_name_alone() {
    let (server, default) = configured(json!({"sessionCookieName": "sid"}));
    let ada = server.sign_up("ada").await;
    let configured = app(server, |builder| builder.session_cookie("sid"));

    configured
        .get_as(&ada.cookie, "/me")
        .await
        .assert_user(&ada.user_id);
    default
        .get_as(&ada.cookie, "/me")
        .await
        .assert_unauthenticated();
    let other_name = session_cookie(ada.value("sid"));
    configured
        .get_as(&other_name, "/me")
        .await
        .assert_unauthenticated();
}
