//! The check at start-up, and readiness as a service.

mod check;
mod probe;
mod sockets;

use http::Request;
use tower_better_auth::{
    BetterAuth, BetterAuthBuilder, CheckError, Diagnosis,
    health::{CheckErrorKind, Warning, WarningKind},
};

use crate::support::mock::{Act, Mock};

const SESSION: &str = "/api/auth/get-session";
const OK: &str = "/api/auth/ok";
const SIGN_OUT: &str = "/api/auth/sign-out";

/// What a path is answered; 404 where none is named.
type Answers = Vec<(&'static str, Act)>;

fn ok() -> Act {
    Act::json(200, &[], &serde_json::json!({"ok": true}))
}

fn sign_out(name: &str) -> Act {
    let line = format!("{name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax");
    Act::json(
        200,
        &[("set-cookie", &line)],
        &serde_json::json!({"success": true}),
    )
}

fn html(status: u16) -> Act {
    let Act::Answer(mut page) = Act::status(status) else {
        unreachable!("it answers")
    };
    page.headers_mut()
        .insert("content-type", "text/html".parse().unwrap());
    Act::Answer(page)
}

/// What a healthy server answers, before `changes`.
fn server(changes: impl IntoIterator<Item = (&'static str, Act)>) -> Mock {
    let mut answers: Answers = changes.into_iter().collect();
    answers.extend([
        (SESSION, Act::signed_out()),
        (OK, ok()),
        (SIGN_OUT, sign_out("better-auth.session_token")),
    ]);
    let mock = Mock::new();
    mock.plays(move |request: &Request<_>| {
        let path = request.uri().path();
        let answer = answers.iter().find(|(known, _)| *known == path);
        answer.map_or_else(|| Act::status(404), |(_, act)| act.clone())
    });
    mock
}

async fn check(builder: BetterAuthBuilder) -> Result<Diagnosis, CheckError> {
    let auth: BetterAuth = builder.build().unwrap();
    auth.check().await
}

fn kinds(diagnosis: &Diagnosis) -> Vec<WarningKind> {
    diagnosis.warnings.iter().map(Warning::kind).collect()
}

/// Of that kind, transient or not as the kind says, and in these words.
#[track_caller]
fn assert_error(error: &CheckError, kind: CheckErrorKind, words: &[&str]) {
    assert_eq!(error.kind(), kind, "{error}");
    let passes = [CheckErrorKind::Unreachable, CheckErrorKind::ServerError];
    assert_eq!(error.is_transient(), passes.contains(&kind), "{error}");
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
    assert!(
        !text.contains('?') || text.ends_with("`?"),
        "a query? {text}"
    );
}
