//! Every setting does something, and is off or at its default unless it is set.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower_better_auth::BetterAuthBuilder;

use crate::support::{
    answer::{self, EXPIRES_AT, TOKEN},
    probe,
    recorder::Recorder,
};

type Set = fn(BetterAuthBuilder) -> BetterAuthBuilder;

const NOTHING: Set = |builder| builder;

/// The status, and the query and given header of the call; `None` where there was none.
async fn asked(
    set: Set,
    headers: &[(&'static str, &str)],
    name: &str,
) -> (u16, Option<(String, String)>) {
    let recorder = Recorder::signed_in();
    let (app, _) = probe::protected(set(recorder.builder()).build().unwrap());
    let mut request = Request::get("/").body(Body::empty()).unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    let seen = probe::send(app, request).await;
    let call = recorder.take().pop();
    let shown = call.map(|call| {
        let value = call
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned());
        (
            call.uri().query().unwrap().to_owned(),
            value.unwrap_or_default(),
        )
    });
    (seen.status.as_u16(), shown)
}

const FRESH: &str = "disableCookieCache=true&disableRefresh=true";

fn question(value: &str) -> (u16, Option<(String, String)>) {
    (200, Some((FRESH.to_owned(), value.to_owned())))
}

const NOBODY: (u16, Option<(String, String)>) = (401, None);

#[tokio::test]
async fn the_cookie_names_are_settings() {
    let prefix: Set = |builder| builder.cookie_prefix("app");
    let exact: Set = |builder| builder.session_cookie("__Secure-sid");
    for (set, cookie, expected) in [
        (NOTHING, "better-auth.session_token=A", true),
        (NOTHING, "app.session_token=A", false),
        (prefix, "app.session_token=A", true),
        (prefix, "__Secure-app.session_token=A", true),
        (prefix, "better-auth.session_token=A", false),
        (exact, "__Secure-sid=A", true),
        (exact, "sid=A", false),
        (exact, "better-auth.session_token=A", false),
    ] {
        let expected = if expected { question(cookie) } else { NOBODY };
        assert_eq!(
            asked(set, &[("cookie", cookie)], "cookie").await,
            expected,
            "{cookie}"
        );
    }
    let both = "__Secure-sid=A; better-auth.dont_remember=t";
    assert_eq!(
        asked(exact, &[("cookie", both)], "cookie").await,
        question("__Secure-sid=A")
    );
}

#[tokio::test]
async fn a_bearer_and_an_api_key_count_only_where_they_are_switched_on() {
    let bearer = ("authorization", "Bearer A");
    let key = ("x-api-key", "K");
    let on: [Set; 2] = [
        BetterAuthBuilder::accept_bearer,
        BetterAuthBuilder::accept_api_key,
    ];
    for ((name, value), set) in [bearer, key].into_iter().zip(on) {
        let cookie = answer::cookie();
        let with_cookie = [(name, value), ("cookie", cookie.as_str())];
        assert_eq!(
            asked(NOTHING, &[(name, value)], name).await,
            NOBODY,
            "{name}"
        );
        assert_eq!(
            asked(NOTHING, &with_cookie, name).await,
            question(""),
            "{name}"
        );
        assert_eq!(
            asked(set, &[(name, value)], name).await,
            question(value),
            "{name}"
        );
        assert_eq!(
            asked(set, &with_cookie, name).await,
            question(value),
            "{name}"
        );
        assert_eq!(
            asked(set, &with_cookie, "cookie").await,
            question(&cookie),
            "{name}"
        );
    }
    assert_eq!(asked(on[0], &[key], "x-api-key").await, NOBODY);
    assert_eq!(asked(on[1], &[bearer], "authorization").await, NOBODY);
}

#[tokio::test]
async fn the_cookie_cache_is_trusted_only_where_that_was_chosen() {
    let trusted: Set = BetterAuthBuilder::trust_cookie_cache;
    let data = "better-auth.session_data.0=x; better-auth.session_data.1=y";
    let cookies = format!("{}; {data}", answer::cookie());
    let lines = [("cookie", cookies.as_str())];
    assert_eq!(
        asked(NOTHING, &lines, "cookie").await,
        question(&answer::cookie())
    );
    let expected = (
        200,
        Some(("disableRefresh=true".to_owned(), cookies.clone())),
    );
    assert_eq!(asked(trusted, &lines, "cookie").await, expected);
    assert_eq!(asked(trusted, &[("cookie", data)], "cookie").await, NOBODY);
}

#[tokio::test]
async fn the_client_s_address_is_sent_where_it_was_found_and_nobody_s_chain() {
    let peer: Set = |builder| {
        builder.client_ip(|_, extensions| extensions.get::<SocketAddr>().map(SocketAddr::ip))
    };
    let fixed: Set = |builder| builder.client_ip(|_, _| Some(IpAddr::from([192, 0, 2, 7])));
    let cookie = answer::cookie();
    let lines = [
        ("cookie", cookie.as_str()),
        ("x-forwarded-for", "198.51.100.1, 198.51.100.2"),
    ];
    assert_eq!(
        asked(NOTHING, &lines, "x-forwarded-for").await,
        question("")
    );
    assert_eq!(asked(peer, &lines, "x-forwarded-for").await, question(""));
    assert_eq!(
        asked(fixed, &lines, "x-forwarded-for").await,
        question("192.0.2.7")
    );
}

/// Extensions are there because the layer hands them on.
#[tokio::test]
async fn the_client_s_address_may_come_from_the_extensions() {
    let recorder = Recorder::signed_in();
    let auth = recorder
        .builder()
        .client_ip(|_, extensions| extensions.get::<IpAddr>().copied());
    let (app, _) = probe::protected(auth.build().unwrap());
    let mut request = probe::signed_in("/");
    request
        .extensions_mut()
        .insert(IpAddr::from([192, 0, 2, 9]));
    probe::send(app, request).await;
    assert_eq!(recorder.take()[0].headers()["x-forwarded-for"], "192.0.2.9");
}

#[tokio::test]
async fn a_decoder_of_ones_own_reads_the_200_and_is_checked_like_any_other() {
    fn decode(
        body: &[u8],
    ) -> Result<Option<tower_better_auth::AuthSession>, Box<dyn std::error::Error + Send + Sync>>
    {
        let answer: Value = serde_json::from_slice(body)?;
        if answer == "nobody" {
            return Ok(None);
        }
        let end = answer["end"].as_str().unwrap_or(EXPIRES_AT);
        let user = json!({"id": answer["who"], "banned": answer["banned"]});
        Ok(Some(serde_json::from_value(
            json!({"user": user, "session": {"id": "s", "expiresAt": end}}),
        )?))
    }
    for (status, body, expected) in [
        (200, json!({"who": "u1"}), "200"),
        (200, json!("nobody"), "401 INVALID_SESSION"),
        (
            200,
            json!({"who": "u1", "end": "2020-01-01T00:00:00.000Z"}),
            "401 INVALID_SESSION",
        ),
        (200, json!({"who": "u1", "banned": true}), "403 USER_BANNED"),
        (200, json!({"who": ""}), "503 AUTH_SERVICE_UNAVAILABLE"),
        (200, json!({}), "503 AUTH_SERVICE_UNAVAILABLE"),
        (200, answer::session(), "503 AUTH_SERVICE_UNAVAILABLE"),
        (401, json!({"who": "u1"}), "401 INVALID_SESSION"),
        (500, json!({"who": "u1"}), "503 AUTH_SERVICE_UNAVAILABLE"),
    ] {
        let recorder = Recorder::answering(StatusCode::from_u16(status).unwrap(), &body);
        let auth = recorder.builder().decode_with(decode).build().unwrap();
        let (seen, _) = probe::ask(auth).await;
        assert_eq!(seen.summary(), expected, "{status} {body}");
        assert!(!seen.text().contains(TOKEN));
    }
}
