//! From the URL and the paths to the address that is asked.

use axum::{Router, routing::get};
use tower_better_auth::{BetterAuth, BetterAuthBuilder, Require, SessionAuth};

use crate::support::{log, probe, recorder::Recorder};

/// The address that a handle asks, without the query.
async fn asked(builder: BetterAuthBuilder) -> String {
    let recorder = Recorder::signed_in();
    let auth = builder.transport(recorder.clone()).build().unwrap();
    probe::ask(auth).await;
    let uri = recorder.take().remove(0).uri().to_string();
    uri.split('?').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_url_without_a_path_gets_the_default_one_and_a_url_with_a_path_is_the_base_path() {
    for (url, expected) in [
        (
            "http://localhost:3000",
            "http://localhost:3000/api/auth/get-session",
        ),
        (
            "http://localhost:3000/",
            "http://localhost:3000/api/auth/get-session",
        ),
        (
            "http://localhost:3000/auth",
            "http://localhost:3000/auth/get-session",
        ),
        (
            "http://localhost:3000/auth/",
            "http://localhost:3000/auth/get-session",
        ),
        (
            "http://localhost:3000/a/b/c",
            "http://localhost:3000/a/b/c/get-session",
        ),
        (
            "https://auth.example.com",
            "https://auth.example.com/api/auth/get-session",
        ),
        (
            "https://auth.example.com:443",
            "https://auth.example.com/api/auth/get-session",
        ),
        (
            "http://[::1]:3000",
            "http://[::1]:3000/api/auth/get-session",
        ),
    ] {
        assert_eq!(asked(BetterAuth::builder(url)).await, expected, "{url}");
    }
}

#[tokio::test]
async fn the_paths_are_settings() {
    let builder = || BetterAuth::builder("http://localhost");
    for (builder, expected) in [
        (
            builder().base_path("/auth"),
            "http://localhost/auth/get-session",
        ),
        (
            builder().base_path("/auth/"),
            "http://localhost/auth/get-session",
        ),
        (
            builder().session_path("/session"),
            "http://localhost/api/auth/session",
        ),
        (
            builder().session_path("/me/session"),
            "http://localhost/api/auth/me/session",
        ),
        (
            builder().base_path("/x").session_path("/y"),
            "http://localhost/x/y",
        ),
        (
            BetterAuth::builder("http://localhost/auth").base_path("/auth"),
            "http://localhost/auth/get-session",
        ),
    ] {
        assert_eq!(asked(builder).await, expected);
    }
}

/// The origin that a guard's question comes from, and where it goes.
async fn question(builder: BetterAuthBuilder) -> (String, String) {
    let recorder = Recorder::signed_in();
    let auth = builder.transport(recorder.clone()).build().unwrap();
    let guarded = get(async || ()).route_layer(Require::permission("user", ["list"]));
    let app = Router::new().route("/", guarded);
    probe::send(app.layer(SessionAuth::new(auth)), probe::signed_in("/")).await;
    let question = recorder.take().remove(1);
    let origin = question.headers()["origin"].to_str().unwrap().to_owned();
    (origin, question.uri().to_string())
}

#[tokio::test]
async fn the_origin_of_a_question_is_written_as_browsers_write_it() {
    for (url, expected) in [
        ("http://localhost:3000", "http://localhost:3000"),
        ("HTTP://LocalHost:3000", "http://localhost:3000"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:443", "http://localhost:443"),
        ("https://Auth.Example.COM", "https://auth.example.com"),
        ("https://auth.example.com:443", "https://auth.example.com"),
        ("https://AUTH.example.com:443/x", "https://auth.example.com"),
        ("https://auth.example.com:80", "https://auth.example.com:80"),
        ("http://[2001:DB8::1]:80", "http://[2001:db8::1]"),
    ] {
        let (origin, uri) = question(BetterAuth::builder(url)).await;
        assert_eq!(origin, expected, "{url}");
        assert!(uri.starts_with(&format!("{expected}/")), "{url}: {uri}");
        let elsewhere = BetterAuth::builder("http://localhost:3000");
        let setting = url.strip_suffix("/x").unwrap_or(url);
        let (origin, _) = question(elsewhere.origin(setting)).await;
        assert_eq!(origin, expected, "{url} as a setting");
    }
}

#[test]
fn cookies_in_clear_text_over_a_network_are_warned_about_once_and_at_start_up() {
    for (url, is_warned) in [
        ("http://auth.internal", true),
        ("http://192.0.2.7", true),
        ("http://localhost.example.com", true),
        ("https://auth.example.com", false),
        ("http://localhost:3000", false),
        ("http://LocalHost:3000", false),
        ("http://127.0.0.2", false),
        ("http://[::1]", false),
        ("http://auth.localhost", false),
    ] {
        let recorder = Recorder::signed_in();
        let ((), log) = log::of(async {
            let builder = BetterAuth::builder(url).transport(recorder);
            let (app, _) = probe::protected(builder.build().unwrap());
            for _ in 0..2 {
                probe::send(app.clone(), probe::signed_in("/")).await;
            }
        });
        let warnings = log
            .lines()
            .filter(|line| line.contains("clear text"))
            .count();
        assert_eq!(warnings, usize::from(is_warned), "{url}: {log}");
    }
}
