//! A guard of the application's own, and the same checks in a handler.

use std::sync::Arc;

use axum::{Router, extract::Path, routing::get};
use serde_json::json;
use tower_better_auth::{
    Access, CurrentSession, CurrentUser, Denied, Guard, Rejection, Require, SessionAuth,
};

use super::{ID, ROLE, ask};
use crate::support::{
    probe::{Seen, send, signed_in},
    recorder::Recorder,
};

/// Lets in what the request and the session say, all of it.
struct Everything;

impl Guard for Everything {
    fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
        let plan = access.user().field::<String>("plan").ok().flatten();
        let is_right = plan.as_deref() == Some("pro")
            && access.session().session.id == "s1"
            && access.method() == "GET"
            && access.uri().path() == "/teams/t1"
            && access.headers().contains_key("cookie")
            && access.path_param("team") == Some("t1")
            && access.path_param("other").is_none();
        if is_right {
            Ok(())
        } else {
            Err(Denied::new("PLAN_REQUIRED").message("Not \"this\" plan"))
        }
    }
}

#[tokio::test]
async fn a_guard_of_ones_own_sees_the_session_and_the_request() {
    for (plan, expected) in [("pro", "200"), ("free", "403 PLAN_REQUIRED")] {
        let user = json!({"id": "u1", "plan": plan});
        let seen = ask(
            user,
            "/teams/{team}",
            Require::guard(Everything),
            "/teams/t1",
        )
        .await;
        assert_eq!(seen.summary(), expected, "{plan}");
    }
}

#[tokio::test]
async fn a_guard_may_be_shared_or_chosen_at_run_time() {
    let shared: Arc<dyn Guard> = Arc::new(Everything);
    let boxed: fn() -> Box<dyn Guard> = || Box::new(Everything);
    for (plan, expected) in [("pro", "200"), ("free", "403 PLAN_REQUIRED")] {
        let guards = [
            Require::guard(Arc::clone(&shared)),
            Require::guard(Arc::new(Everything)),
            Require::guard(boxed()),
            Require::guard(Box::new(Everything)),
            Require::guard(Arc::new(boxed())),
        ];
        for guard in guards {
            let user = json!({"id": "u1", "plan": plan});
            let seen = ask(user, "/teams/{team}", guard, "/teams/t1").await;
            assert_eq!(seen.summary(), expected);
        }
    }
}

#[tokio::test]
async fn a_denial_is_a_403_in_its_own_words() {
    let user = json!({"id": "u1"});
    let seen = ask(
        user,
        "/teams/{team}",
        Require::guard(Everything),
        "/teams/t1",
    )
    .await;
    assert_eq!(
        seen.body,
        r#"{"success":false,"error":"Not \"this\" plan","code":"PLAN_REQUIRED"}"#
    );
    assert_eq!(seen.header("cache-control"), Some("no-store"));
    assert_eq!(seen.header("www-authenticate"), None);
    assert_eq!(seen.header("retry-after"), None);
}

#[tokio::test]
async fn guards_leave_the_request_as_it_was() {
    let handler = async |Path(team): Path<String>, user: CurrentUser| format!("{team} {}", user.id);
    let guards = Require::guard(Everything).and(Require::guard(Everything));
    let auth = Recorder::signed_in_as(json!({"id": "u1", "plan": "pro"})).handle();
    let app = Router::<()>::new()
        .route("/teams/{team}", get(handler).route_layer(guards))
        .layer(SessionAuth::new(auth));
    let seen = send(app, signed_in("/teams/t1")).await;
    assert_eq!(
        (seen.summary().as_str(), seen.body.as_str()),
        ("200", "t1 u1")
    );
}

async fn in_handler<H, T>(handler: H) -> Seen
where
    H: axum::handler::Handler<T, ()>,
    T: 'static,
{
    let auth = Recorder::signed_in_as(json!({"id": "u1", "role": "user"})).handle();
    let app = Router::new()
        .route("/{user_id}", get(handler))
        .layer(SessionAuth::new(auth));
    send(app, signed_in("/u2")).await
}

#[tokio::test]
async fn a_check_in_a_handler_answers_as_the_layer_does() {
    type Checked = Result<(), Rejection>;
    let user = || json!({"id": "u1", "role": "user"});
    let role = ask(user(), "/{user_id}", Require::role("admin"), "/u2").await;
    let id = ask(user(), "/{user_id}", Require::user_id("user_id"), "/u2").await;
    assert_eq!((role.summary().as_str(), id.summary().as_str()), (ROLE, ID));
    for (by_layer, in_handler) in [
        (
            &role,
            in_handler(async |user: CurrentUser| -> Checked { user.require_role("admin") }).await,
        ),
        (
            &role,
            in_handler(async |all: CurrentSession| -> Checked { all.require_role("admin") }).await,
        ),
        (
            &role,
            in_handler(async |all: CurrentSession| -> Checked { all.user.require_role("admin") })
                .await,
        ),
        (
            &id,
            in_handler(async |user: CurrentUser| -> Checked { user.require_id("u2") }).await,
        ),
        (
            &id,
            in_handler(async |all: CurrentSession| -> Checked { all.require_id("u2") }).await,
        ),
    ] {
        assert_eq!(
            (in_handler.status, &in_handler.body),
            (by_layer.status, &by_layer.body)
        );
        for name in ["content-type", "cache-control"] {
            assert_eq!(in_handler.header(name), by_layer.header(name), "{name}");
        }
    }
    let passes = async |user: CurrentUser| -> Checked {
        user.require_role("user")?;
        user.require_id("u1")
    };
    assert_eq!(in_handler(passes).await.summary(), "200");
}
