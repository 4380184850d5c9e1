//! A mistake in a test is told in the words of the fix.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tower_better_auth::testing::{AuthServer, Fault, Route, anonymous, signed_in, user};

fn panic(act: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(act)).expect_err("it panics");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[tokio::test]
async fn what_is_unknown_is_told_with_what_is_known() {
    let server = AuthServer::in_process();
    let (ada, eve) = (server.sign_in(user("ada")), server.sign_in(user("eve")));
    server.set_member_role("acme", "ada", "owner");
    server.revoke(&eve);
    let known = r#"no user "adda": it knows ["ada", "eve"]"#;
    let elsewhere = AuthServer::in_process();
    let cases: [(&dyn Fn(), &str); 8] = [
        (&|| server.change_user("adda", |_| {}), known),
        (&|| server.delete_user("adda"), known),
        (&|| server.ban("adda"), known),
        (&|| server.revoke_user("adda"), known),
        (
            &|| server.remove_member("acme", "eve"),
            "members are: ada in acme (owner)",
        ),
        (
            &|| server.expire(&eve),
            r#"the session of "eve" is not at this server"#,
        ),
        (&|| elsewhere.expire(&ada), "or was opened at another"),
        (
            &|| drop(server.sign_in(user(""))),
            "a user needs an id that is not empty",
        ),
    ];
    for (act, expected) in cases {
        let told = panic(act);
        assert!(told.contains(expected), "{told}");
    }
    server.expire(&ada);
}

#[tokio::test]
async fn what_cannot_be_is_told() {
    let server = AuthServer::start().await;
    for (told, expected) in [
        (
            panic(|| server.fail_next(1, Fault::Refused)),
            "cannot be counted: use `fail_with`",
        ),
        (panic(|| drop(Fault::status(42))), "42 is no status code"),
        (
            panic(|| drop(Fault::page().with_header("a b", "c"))),
            "\"a b\": \"c\" is no header",
        ),
        (
            panic(|| drop(Route::from("me"))),
            "a path begins with `/`, and \"me\" does not",
        ),
        (
            panic(|| drop(Route::from(("G E T", "/me")))),
            "\"G E T\" is no method",
        ),
        (
            panic(|| drop(anonymous().member_of("acme", "owner"))),
            "begin with `signed_in(user(\"ada\"))`",
        ),
        (
            panic(|| drop(anonymous().permitted("note", "read"))),
            "nobody is signed in",
        ),
        (
            panic(|| drop(AuthServer::in_process().with_base_path("auth"))),
            "a base path begins with `/`",
        ),
        (
            panic(|| drop(AuthServer::in_process().with_session_cookie("a=b"))),
            "no cookie can be called \"a=b\"",
        ),
    ] {
        assert!(told.contains(expected), "{told}");
    }
    drop(signed_in(user("ada")).member_of("acme", "owner"));
}
