//! The check at start-up against real servers of all kinds.

use std::time::Duration;

use serde_json::{Value, json};
use tower_better_auth::{
    BetterAuth, BetterAuthBuilder, CheckError, Diagnosis,
    health::{CheckErrorKind, Warning, WarningKind},
};

use super::{SHORT, handle};
use crate::support::node::{BetterAuthServer, Database};

async fn check(
    config: Value,
    set_up: impl FnOnce(BetterAuthBuilder) -> BetterAuthBuilder,
) -> Result<Diagnosis, CheckError> {
    let server = BetterAuthServer::shared(config);
    handle(server, set_up).check().await
}

#[tokio::test]
async fn every_kind_of_server_passes_and_says_its_cookie_name() {
    let https = json!({"baseURL": "https://auth.example.com"});
    let prefix = json!({"cookiePrefix": "app"});
    let name = json!({"sessionCookieName": "sid"});
    let custom = json!({"customSession": "null"});
    let stateless = json!({"database": "none"});
    let cases: [(Value, fn(BetterAuthBuilder) -> BetterAuthBuilder, &str); 6] = [
        (json!({}), |it| it, "better-auth.session_token"),
        (https, |it| it, "__Secure-better-auth.session_token"),
        (prefix, |it| it.cookie_prefix("app"), "app.session_token"),
        (name, |it| it.session_cookie("sid"), "sid"),
        (custom, |it| it, "better-auth.session_token"),
        (stateless, |it| it, "better-auth.session_token"),
    ];
    for (config, set_up, expected) in cases {
        let diagnosis = check(config.clone(), set_up).await;
        let diagnosis = diagnosis.unwrap_or_else(|error| panic!("{config}: {error}"));
        assert_eq!(
            diagnosis.session_cookie.as_deref(),
            Some(expected),
            "{config}"
        );
        assert_eq!(diagnosis.warnings, [], "{config}");
        assert!(
            diagnosis.clock_skew.unwrap() < Duration::from_secs(3),
            "{config}"
        );
    }
}

#[tokio::test]
async fn a_wrong_setting_is_named() {
    use CheckErrorKind as K;
    let cases: [(
        Value,
        fn(BetterAuthBuilder) -> BetterAuthBuilder,
        CheckErrorKind,
        &str,
    ); 6] = [
        (
            json!({}),
            |it| it.base_path("/wrong"),
            K::Path,
            "answers at `/api/auth`",
        ),
        (
            json!({"basePath": "/auth"}),
            |it| it,
            K::Path,
            "answers at `/auth`",
        ),
        (
            json!({}),
            |it| it.session_path("/session"),
            K::Path,
            "correct `session_path`",
        ),
        (
            json!({}),
            |it| it.cookie_prefix("app"),
            K::CookieName,
            "set `cookie_prefix` to `better-auth`",
        ),
        (
            json!({"cookiePrefix": "app"}),
            |it| it,
            K::CookieName,
            "set `cookie_prefix` to `app`",
        ),
        (
            json!({"sessionCookieName": "sid"}),
            |it| it,
            K::CookieName,
            "set `session_cookie` to `sid`",
        ),
    ];
    for (config, set_up, kind, words) in cases {
        let error = check(config.clone(), set_up).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{config}: {error}");
        assert!(error.to_string().contains(words), "{config}: {error}");
        assert!(!error.is_transient(), "{error}");
    }
}

#[tokio::test]
async fn a_route_of_ones_own_that_answers_401_passes() {
    let config = json!({"sessionRoute": true});
    let diagnosis = check(config, |it| it.session_path("/session")).await;
    assert_eq!(diagnosis.unwrap().warnings, []);
}

/// Whoever shows nothing is looked up nowhere, so a check passes, and says nothing about the database.
#[tokio::test]
async fn nothing_is_written_and_nobody_is_signed_out() {
    let server = BetterAuthServer::start(json!({}));
    let ada = server.sign_up("ada").await;
    let auth: BetterAuth = handle(&server, |it| it);
    server.database(Database::Throw).await;
    auth.check().await.unwrap();
    server.database(Database::Ok).await;
    let session = auth.validate(&super::headers(&ada.cookie)).await.unwrap();
    assert_eq!(session.user.id, ada.user_id);
}

#[tokio::test]
async fn a_limiter_that_refuses_is_a_warning() {
    let config = json!({"production": true, "rateLimit": {"max": 2, "window": 60}});
    let server = BetterAuthServer::start(config);
    let auth = handle(&server, |it| it);
    for _ in 0..2 {
        auth.check().await.unwrap();
    }
    let warnings = auth.check().await.unwrap().warnings;
    let kinds: Vec<_> = warnings.iter().map(Warning::kind).collect();
    assert!(kinds.contains(&WarningKind::RateLimited), "{warnings:?}");
}

#[tokio::test]
async fn a_server_that_is_not_up_is_transient_and_passes_once_it_is() {
    let server = BetterAuthServer::start(json!({}));
    let auth = handle(&server, |it| it.deadline(SHORT));
    server.pause();
    let hung = auth.check().await.unwrap_err();
    server.resume();
    server.kill();
    let refused = auth.check().await.unwrap_err();
    for error in [hung, refused] {
        assert_eq!(error.kind(), CheckErrorKind::Unreachable, "{error}");
        assert!(error.is_transient());
    }
    server.restart();
    let patient = handle(&server, |it| it);
    patient.check().await.unwrap();
}
