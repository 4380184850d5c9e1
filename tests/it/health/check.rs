//! Every finding of the check, from the answers that bring it about.

use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tower_better_auth::{
    BetterAuth,
    health::{CheckErrorKind, WarningKind},
};

use super::{OK, SESSION, SIGN_OUT, assert_error, check, html, kinds, ok, server, sign_out};
use crate::support::{
    answer, log,
    mock::{Act, Mock},
};

fn with_header(status: u16, name: &'static str, value: &str) -> Act {
    Act::json(status, &[(name, value)], &Value::Null)
}

fn paths(mock: &Mock) -> Vec<String> {
    let calls = mock.calls();
    let shown = calls
        .iter()
        .map(|call| format!("{} {}", call.method(), call.uri().path()));
    shown.collect()
}

#[tokio::test]
async fn a_server_as_it_should_be_passes_with_its_cookie_name_and_without_warnings() {
    let mock = server([]);
    let diagnosis = check(mock.builder()).await.unwrap();
    assert_eq!(diagnosis.warnings, []);
    assert_eq!(
        diagnosis.session_cookie.as_deref(),
        Some("better-auth.session_token")
    );
    assert_eq!(
        paths(&mock),
        [
            format!("GET {SESSION}"),
            format!("GET {OK}"),
            format!("POST {SIGN_OUT}")
        ]
    );
}

#[tokio::test]
async fn whatever_keeps_sessions_from_being_checked_is_an_error_with_its_fix() {
    use CheckErrorKind as K;
    let session = || Act::session(&answer::session());
    let redirect = |to: &str| with_header(308, "location", to);
    let cases: Vec<(&str, Vec<(&'static str, Act)>, CheckErrorKind, &[&str])> = vec![
        (
            "a wrong base path, and a usual one answers",
            vec![(SESSION, html(404)), (OK, html(404)), ("/auth/ok", ok())],
            K::Path,
            &[
                "http://localhost/api/auth/get-session answers 404",
                "at `/auth`",
                "`base_path`",
            ],
        ),
        (
            "a page of the application's own in place of JSON",
            vec![
                (SESSION, html(200)),
                (OK, html(200)),
                ("/api/v1/auth/ok", ok()),
            ],
            K::Path,
            &["a page that is not JSON", "at `/api/v1/auth`"],
        ),
        (
            "a wrong session path",
            vec![(SESSION, Act::status(404))],
            K::Path,
            &["404", "`/api/auth/ok` answers", "correct `session_path`"],
        ),
        (
            "a customSession plugin that knows no `disableRefresh`",
            vec![(SESSION, Act::status(400))],
            K::UnexpectedAnswer,
            &["400", "`/api/auth/ok` answers", "Better Auth 1.6.6"],
        ),
        (
            "a stranger that says 400",
            vec![(SESSION, Act::status(400)), (OK, html(400))],
            K::UnexpectedAnswer,
            &["400", "no Better Auth server answers at `/api/auth`"],
        ),
        (
            "no Better Auth server at all",
            vec![(SESSION, html(200)), (OK, html(200))],
            K::UnexpectedAnswer,
            &[
                "no Better Auth server answers at `/api/auth`",
                "compare the URL",
            ],
        ),
        (
            "a `200` at `/ok` is not yet Better Auth's",
            vec![
                (SESSION, Act::status(404)),
                (OK, Act::json(200, &[], &json!({"ok": "yes"}))),
            ],
            K::UnexpectedAnswer,
            &["no Better Auth server answers"],
        ),
        (
            "another method",
            vec![(SESSION, Act::status(405))],
            K::Path,
            &["405", "correct `session_path`"],
        ),
        (
            "https",
            vec![(
                SESSION,
                redirect("https://localhost/api/auth/get-session?secret=1"),
            )],
            K::Redirect,
            &[
                "`https://localhost/api/auth/get-session`",
                "give `https://localhost` as the auth server's URL",
            ],
        ),
        (
            "another host, with a name and password",
            vec![(
                SESSION,
                redirect("http://me:pass@b.example:81/api/auth/get-session/"),
            )],
            K::Redirect,
            &[
                "`http://b.example:81/api/auth/get-session/`",
                "give `http://b.example:81` as",
            ],
        ),
        (
            "a login page",
            vec![(SESSION, redirect("/login?token=1"))],
            K::Redirect,
            &["redirects to `/login`", "without signing in"],
        ),
        (
            "a login page elsewhere",
            vec![(SESSION, redirect("https://sso.example/start?token=1#f"))],
            K::Redirect,
            &["`https://sso.example/start`", "without signing in"],
        ),
        (
            "a redirect to nowhere",
            vec![(SESSION, Act::status(302))],
            K::Redirect,
            &["redirects", "own address"],
        ),
        (
            "a gateway's 403",
            vec![(SESSION, Act::status(403))],
            K::Gateway,
            &["answers 403 Forbidden", "gateway"],
        ),
        (
            "a gateway's 401, not in JSON",
            vec![(SESSION, html(401))],
            K::Gateway,
            &["answers 401 Unauthorized", "gateway"],
        ),
        (
            "a gateway's 401 in JSON, which is not only about sessions",
            vec![(SESSION, Act::status(401)), (OK, Act::status(401))],
            K::Gateway,
            &["and so does `/ok`", "gateway"],
        ),
        (
            "a proxy without a server behind it",
            vec![(SESSION, html(502))],
            K::ServerError,
            &["502 Bad Gateway", "log"],
        ),
        (
            "a server without its database",
            vec![(SESSION, Act::status(500))],
            K::ServerError,
            &["500 Internal Server Error", "database"],
        ),
        (
            "a route that admits everybody",
            vec![(SESSION, session())],
            K::AdmitsAnybody,
            &["everybody would be signed in", "`null`"],
        ),
        (
            "a route with a shape of its own",
            vec![(SESSION, Act::session(&json!({})))],
            K::UnexpectedAnswer,
            &["not with `null`", "`decode_with`"],
        ),
        (
            "a compressing proxy",
            vec![(SESSION, with_header(200, "content-encoding", "gzip"))],
            K::UnexpectedAnswer,
            &["do not compress"],
        ),
        (
            "another cookie prefix",
            vec![(SIGN_OUT, sign_out("__Secure-app.session_token"))],
            K::CookieName,
            &[
                "`__Secure-app.session_token`",
                "only `better-auth.session_token`",
                "set `cookie_prefix` to `app`",
            ],
        ),
        (
            "a transport that fails",
            vec![(SESSION, Act::Refuse)],
            K::Unreachable,
            &["cannot be reached"],
        ),
        (
            "a transport that panics",
            vec![(SESSION, Act::Panic)],
            K::Unreachable,
            &["could not be asked"],
        ),
    ];
    for (name, changes, kind, words) in cases {
        let error = check(server(changes).builder()).await.expect_err(name);
        assert_error(&error, kind, words);
    }
}

#[tokio::test]
async fn what_the_log_will_call_signed_out_is_no_error_where_a_route_of_ones_own_may_say_so() {
    let mock = server([(SESSION, Act::status(401))]);
    assert_eq!(check(mock.builder()).await.unwrap().warnings, []);
}

#[tokio::test]
async fn a_decoder_that_reads_nobody_as_somebody_is_found() {
    let builder = server([]).builder().decode_with(|_| {
        let session = serde_json::from_value(answer::session())?;
        Ok(Some(session))
    });
    let error = check(builder).await.unwrap_err();
    assert_error(&error, CheckErrorKind::AdmitsAnybody, &["`decode_with`"]);
}

#[tokio::test]
async fn a_session_cookie_of_ones_own_is_compared_in_full() {
    let mock = server([(SIGN_OUT, sign_out("sid"))]);
    let diagnosis = check(mock.builder().session_cookie("sid")).await.unwrap();
    assert_eq!(diagnosis.session_cookie.as_deref(), Some("sid"));
    let error = check(mock.builder()).await.unwrap_err();
    let fix = "set `session_cookie` to `sid`";
    assert_error(&error, CheckErrorKind::CookieName, &[fix]);
}

#[tokio::test]
async fn where_other_credentials_count_a_wrong_cookie_name_is_a_warning() {
    let mock = server([(SIGN_OUT, sign_out("app.session_token"))]);
    for builder in [
        mock.builder().accept_bearer(),
        mock.builder().accept_api_key(),
    ] {
        let diagnosis = check(builder).await.unwrap();
        assert_eq!(kinds(&diagnosis), [WarningKind::CookieName]);
    }
}

#[tokio::test]
async fn a_rate_limiter_that_refuses_is_a_warning_that_knows_whether_client_ip_is_set() {
    let mock = server([(SESSION, with_header(429, "x-retry-after", "10"))]);
    let without = check(mock.builder()).await.unwrap();
    let with = check(mock.builder().client_ip(|_, _| None)).await.unwrap();
    for (diagnosis, expected) in [(without, true), (with, false)] {
        assert_eq!(kinds(&diagnosis), [WarningKind::RateLimited]);
        let text = diagnosis.warnings[0].to_string();
        assert!(
            text.contains("customRules: { \"/get-session\": false }"),
            "{text}"
        );
        assert_eq!(text.contains("set `client_ip`"), expected, "{text}");
    }
}

#[tokio::test]
async fn a_clock_that_is_half_a_minute_off_is_a_warning_on_either_side() {
    let now = SystemTime::now();
    let seconds = Duration::from_secs;
    for (date, is_off) in [
        (now - seconds(40), true),
        (now + seconds(40), true),
        (now - seconds(20), false),
        (now + seconds(20), false),
    ] {
        let date = httpdate::fmt_http_date(date);
        let mock = server([(SESSION, with_header(200, "date", &date))]);
        let diagnosis = check(mock.builder()).await.unwrap();
        assert_eq!(
            kinds(&diagnosis) == [WarningKind::ClockSkew],
            is_off,
            "{date}"
        );
        let skew = diagnosis.clock_skew.unwrap();
        assert_eq!(skew > seconds(30), is_off, "{skew:?}");
    }
    let diagnosis = check(server([]).builder()).await.unwrap();
    assert_eq!(diagnosis.clock_skew, None);
}

#[tokio::test]
async fn a_cookie_name_that_cannot_be_learnt_is_a_warning_and_sign_out_is_for_better_auth_alone() {
    let refused = server([(SIGN_OUT, Act::status(403))]);
    let diagnosis = check(refused.builder()).await.unwrap();
    assert_eq!(kinds(&diagnosis), [WarningKind::CookieNameUnknown]);
    assert_eq!(diagnosis.session_cookie, None);

    let stranger = server([(OK, Act::status(404))]);
    let diagnosis = check(stranger.builder()).await.unwrap();
    assert_eq!(kinds(&diagnosis), [WarningKind::CookieNameUnknown]);
    let calls = stranger.calls();
    assert!(
        calls.iter().all(|call| call.method() == Method::GET),
        "{calls:?}"
    );
}

#[tokio::test]
async fn no_call_shows_a_credential_and_there_are_never_more_than_six() {
    let nothing_there = server([(SESSION, html(404)), (OK, html(404))]);
    for (mock, base_path, most) in [
        (server([]), "/api/auth", 3),
        (server([(SESSION, Act::status(500))]), "/api/auth", 1),
        (nothing_there, "/api/auth", 5),
        (server([(OK, html(404))]), "/elsewhere", 6),
    ] {
        let builder = mock.builder().base_path(base_path);
        let builder = builder.accept_bearer().accept_api_key();
        let _ = check(builder).await;
        let calls = mock.calls();
        assert_eq!(calls.len(), most, "{calls:?}");
        for name in ["cookie", "authorization", "x-api-key"] {
            let shows = calls.iter().any(|call| call.headers().contains_key(name));
            assert!(!shows, "{name}");
        }
    }
}

#[tokio::test]
async fn users_are_served_as_if_nobody_had_checked() {
    let mock = server([(SESSION, with_header(429, "x-retry-after", "30"))]);
    let auth: BetterAuth = mock.builder().build().unwrap();
    let before = auth.readiness();
    auth.check().await.unwrap();
    mock.does(Act::status(500));
    for _ in 0..30 {
        auth.check().await.unwrap_err();
    }
    assert_eq!(auth.readiness(), before);
}

#[tokio::test]
async fn a_check_is_made_also_while_users_have_to_wait() {
    let mock = Mock::doing(with_header(429, "x-retry-after", "30"));
    let auth: BetterAuth = mock.builder().build().unwrap();
    let headers = [(http::header::COOKIE, answer::cookie().parse().unwrap())];
    let rejection = auth.validate(&headers.into_iter().collect()).await;
    assert_eq!(
        rejection.unwrap_err().status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert!(!auth.readiness().is_ready());
    mock.does(Act::signed_out());
    auth.check().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_whole_check_keeps_to_one_deadline() {
    let second = Duration::from_secs(1);
    for (mock, is_reached) in [
        (server([(SESSION, Act::Hang)]), false),
        (server([(OK, Act::Hang)]), true),
        (server([(SIGN_OUT, Act::Hang)]), true),
    ] {
        let begun = tokio::time::Instant::now();
        let result = check(mock.builder().deadline(3 * second)).await;
        assert_eq!(begun.elapsed().as_secs(), 3);
        match result {
            Ok(diagnosis) => assert_eq!(kinds(&diagnosis), [WarningKind::CookieNameUnknown]),
            Err(error) => {
                assert!(!is_reached, "{error}");
                assert_error(&error, CheckErrorKind::Unreachable, &["within 3s"]);
            }
        }
    }
    let slow = server([(SESSION, html(404)), (OK, html(404))]);
    slow.takes(second);
    let begun = tokio::time::Instant::now();
    check(slow.builder().deadline(3 * second))
        .await
        .unwrap_err();
    assert_eq!(begun.elapsed().as_secs(), 3);
}

#[test]
fn warnings_are_logged_and_errors_are_left_to_the_caller() {
    let ((), warned) = log::of(async {
        let mock = server([(SIGN_OUT, Act::status(404))]);
        check(mock.builder()).await.unwrap();
    });
    assert!(
        warned.contains("WARN") && warned.contains("could not be learnt"),
        "{warned}"
    );
    let ((), failed) = log::of(async {
        let mock = server([(SESSION, Act::status(500))]);
        check(mock.builder()).await.unwrap_err();
    });
    assert!(!failed.contains("WARN"), "{failed}");
}
