//! Without a layer above: a 500 that tells the client nothing and the log the fix.

use std::collections::BTreeMap;

use axum::{
    Router,
    routing::{MethodRouter, get},
};
use serde::Deserialize;
use serde_json::json;
use tower_better_auth::{CurrentSession, CurrentUser, Require, SessionAuth};

use crate::support::{
    log,
    probe::{anonymous, send, signed_in},
    recorder::Recorder,
};

#[test]
fn an_extractor_or_guard_without_a_layer_is_a_500_and_the_log_names_the_fix() {
    let cases: [(&str, fn() -> MethodRouter); 6] = [
        ("`CurrentUser`", || get(async |_: CurrentUser| ())),
        ("`CurrentUser`", || get(async |_: CurrentUser<Profile>| ())),
        ("`Option<CurrentUser>`", || {
            get(async |_: Option<CurrentUser>| ())
        }),
        ("`CurrentSession`", || get(async |_: CurrentSession| ())),
        ("`Option<CurrentSession>`", || {
            get(async |_: Option<CurrentSession>| ())
        }),
        ("`Require`", || {
            get(async || ()).route_layer(Require::role("admin"))
        }),
    ];
    for (name, handler) in cases {
        for request in [signed_in("/"), anonymous("/")] {
            let app = Router::new().route("/", handler());
            let (seen, log) = log::of(send(app, request));
            assert_eq!(seen.summary(), "500 AUTH_MISCONFIGURED", "{name}");
            assert!(!seen.text().contains("SessionAuth"), "{}", seen.text());
            let error = log
                .lines()
                .find(|line| line.contains("ERROR"))
                .unwrap_or_default();
            assert!(error.contains(name), "{name}: {log}");
            assert!(
                error.contains(".layer(SessionAuth::new(auth))"),
                "{name}: {log}"
            );
        }
    }
}

#[derive(Deserialize)]
struct Profile {
    #[expect(dead_code, reason = "only its type matters")]
    plan: u32,
}

#[test]
fn a_profile_that_does_not_fit_is_a_500_and_the_log_names_the_field_and_no_value() {
    for user in [json!({"id": "u1"}), json!({"id": "u1", "plan": "pl4n"})] {
        let recorder = Recorder::signed_in_as(user);
        let app = Router::<()>::new()
            .route("/", get(async |_: CurrentUser<Profile>| ()))
            .layer(SessionAuth::new(recorder.handle()));
        let (seen, log) = log::of(send(app, signed_in("/")));
        assert_eq!(seen.summary(), "500 AUTH_MISCONFIGURED");
        assert!(log.contains("Profile") && log.contains("`plan`"), "{log}");
        assert!(
            !log.contains("pl4n") && !seen.text().contains("plan"),
            "{log}"
        );
    }
}

#[derive(Deserialize)]
struct Tagged {
    #[expect(dead_code, reason = "only its type matters")]
    tags: BTreeMap<String, u32>,
}

#[test]
fn what_a_user_has_chosen_as_a_key_forges_no_line_of_the_log() {
    for end in ["\n", "\r", "\u{85}", "\u{2028}", "\u{1b}[2J"] {
        let key = format!("a{end}2026-01-01T00:00:00Z ERROR forged: all is lost");
        let recorder = Recorder::signed_in_as(json!({"id": "u1", "tags": {key: "x"}}));
        let app = Router::<()>::new()
            .route("/", get(async |_: CurrentUser<Tagged>| ()))
            .layer(SessionAuth::new(recorder.handle()));
        let (seen, log) = log::of(send(app, signed_in("/")));
        assert_eq!(seen.summary(), "500 AUTH_MISCONFIGURED");
        assert_eq!(log.matches("forged").count(), 1, "{log}");
        let is_control = |char: char| char.is_control() || char == '\u{2028}';
        let is_one_line = log.trim_end().chars().all(|char| !is_control(char));
        assert!(is_one_line, "{log:?}");
    }
}
