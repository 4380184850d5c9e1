//! The server's process dies, stops, and comes back.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{SHORT, app, assert_recovers, default_app};
use crate::support::node::{BetterAuthServer, Database};

const LATE: Duration = Duration::from_secs(4);

/// A database in a file, which is gone with this.
struct DatabaseFile(PathBuf);

impl DatabaseFile {
    fn new(name: &str) -> Self {
        let name = format!("{name}-{}.db", process::id());
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }
}

impl Drop for DatabaseFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn a_server_that_died_is_unavailable_and_needs_no_new_sign_in_when_it_is_back() {
    let file = DatabaseFile::new("restarted");
    let server = BetterAuthServer::start(json!({"database": "sqlite", "databaseFile": file.0}));
    let app = default_app(&server);
    let ada = server.sign_up("ada").await;
    app.get_as(&ada.cookie, "/me")
        .await
        .assert_user(&ada.user_id);

    server.kill();
    let asked = Instant::now();
    for _ in 0..3 {
        app.get_as(&ada.cookie, "/me").await.assert_unavailable();
    }
    assert!(asked.elapsed() < LATE, "{:?}", asked.elapsed());
    server.restart();

    assert_recovers(&app, &ada.cookie).await;
}

#[tokio::test]
async fn a_server_that_came_back_without_its_sessions_signs_out() {
    let server = BetterAuthServer::start(json!({}));
    let app = default_app(&server);
    let ada = server.sign_up("ada").await;
    app.get_as(&ada.cookie, "/me").await.assert_ok();

    server.restart();

    // A connection from before the restart may still be in the pool.
    let me = app.get_as(&ada.cookie, "/me").await;
    if me.status == http::StatusCode::UNAUTHORIZED {
        me.assert_invalid();
    } else {
        me.assert_unavailable();
        app.get_as(&ada.cookie, "/me").await.assert_invalid();
    }
}

#[tokio::test]
async fn a_server_that_dies_during_a_check_is_unavailable_at_once() {
    let server = BetterAuthServer::start(json!({}));
    let app = app(&server, |builder| builder.deadline(Duration::from_secs(60)));
    let ada = server.sign_up("ada").await;
    server.database(Database::Hang).await;

    let asked = Instant::now();
    let (waiting, cookie) = (app.clone(), ada.cookie.clone());
    let check = tokio::spawn(async move { waiting.get_as(&cookie, "/me").await });
    while server.checks_with(&ada.token).await.is_empty() {
        assert!(
            asked.elapsed() < Duration::from_secs(20),
            "the check does not arrive"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.kill();

    check.await.unwrap().assert_unavailable();
    assert!(
        asked.elapsed() < Duration::from_secs(30),
        "{:?}",
        asked.elapsed()
    );
}

#[tokio::test]
async fn a_server_that_is_stopped_is_unavailable_at_the_deadline_and_back_when_continued() {
    let server = BetterAuthServer::start(json!({}));
    let app = app(&server, |builder| builder.deadline(SHORT));
    let ada = server.sign_up("ada").await;
    assert_recovers(&app, &ada.cookie).await;

    server.pause();
    let asked = Instant::now();
    app.get_as(&ada.cookie, "/me").await.assert_unavailable();
    let waited = asked.elapsed();
    server.resume();

    assert!((SHORT..LATE).contains(&waited), "{waited:?}");
    assert_recovers(&app, &ada.cookie).await;
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_the_next_one_unharmed() {
    let server = BetterAuthServer::start(json!({}));
    let app = default_app(&server);
    let ada = server.sign_up("ada").await;

    server.pause();
    let hung_up = tokio::time::timeout(SHORT, app.get_as(&ada.cookie, "/me")).await;
    assert!(hung_up.is_err(), "a stopped server answered");
    server.resume();

    assert_recovers(&app, &ada.cookie).await;
}
