//! Every mistake in the settings, and that its text names the setting and the fix.

use std::time::Duration;

use tower_better_auth::{BetterAuth, BetterAuthBuilder, ConfigError, SameOrigin};

use crate::support::child;

fn builder() -> BetterAuthBuilder {
    BetterAuth::builder("http://localhost:3000")
}

/// The variant's name and the text.
fn told(built: Result<BetterAuth, ConfigError>) -> (String, String) {
    let error = built.unwrap_err();
    let debug = format!("{error:?}");
    let end = debug
        .find(|char: char| !char.is_alphanumeric())
        .unwrap_or(debug.len());
    (debug[..end].to_owned(), error.to_string())
}

#[test]
fn a_url_that_cannot_work_is_refused_with_the_fix() {
    let cases = [
        ("", "empty"),
        (" ", "empty"),
        ("localhost:3000", "write it like `https://auth.example.com`"),
        ("localhost", "write it like `https://auth.example.com`"),
        ("/api/auth", "write it like `https://auth.example.com`"),
        (
            "//auth.example.com",
            "write it like `https://auth.example.com`",
        ),
        ("http://", "write it like `https://auth.example.com`"),
        (
            "http:///api/auth",
            "write it like `https://auth.example.com`",
        ),
        ("http://a b", "write it like `https://auth.example.com`"),
        ("http://a\r\nb", "write it like `https://auth.example.com`"),
        (
            " http://localhost",
            "write it like `https://auth.example.com`",
        ),
        ("http://:3000", "write it like `https://auth.example.com`"),
        (
            "http://localhost:99999",
            "write it like `https://auth.example.com`",
        ),
        (
            "http://localhost:x",
            "write it like `https://auth.example.com`",
        ),
        ("ftp://auth.example.com", "neither `http` nor `https`"),
        ("ws://auth.example.com", "neither `http` nor `https`"),
        (
            "unix:///run/auth.sock",
            "write it like `https://auth.example.com`",
        ),
        ("http://user@auth.example.com", "what stands before the `@`"),
        (
            "http://user:s3cret@auth.example.com",
            "what stands before the `@`",
        ),
        ("http://auth.example.com?x", "query or fragment"),
        ("http://auth.example.com/api/auth?x=y", "query or fragment"),
        ("http://auth.example.com#x", "query or fragment"),
        ("http://auth.example.com//api", "its path holds"),
        ("http://auth.example.com/a/../b", "its path holds"),
        ("http://auth.example.com/%2e%2e", "its path holds"),
        ("http://auth.example.com/a\\b", "its path holds"),
    ];
    for (url, expected) in cases {
        let built = BetterAuth::new(url);
        assert!(built.is_err(), "{url:?} was taken");
        let (kind, text) = told(built);
        assert_eq!(kind, "Url", "{url:?}: {text}");
        assert!(text.starts_with("the auth server's URL"), "{url:?}: {text}");
        assert!(text.contains(expected), "{url:?}: {text}");
        assert_eq!(text.matches("write it like").count(), 1, "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[test]
fn a_setting_that_cannot_work_is_refused_by_its_name_with_the_fix() {
    let zero = "leave it out for the default, or set it higher";
    let cookie = "visible ASCII characters";
    let base = "write it like `/api/auth`";
    let path = "write it like `/get-session`";
    let cases: Vec<(BetterAuthBuilder, &str, &str, &str)> = vec![
        (
            builder().connect_timeout(Duration::ZERO),
            "Zero",
            "`connect_timeout`",
            zero,
        ),
        (
            builder().deadline(Duration::ZERO),
            "Zero",
            "`deadline`",
            zero,
        ),
        (builder().max_body(0), "Zero", "`max_body`", zero),
        (
            builder().cookie_prefix(""),
            "CookieName",
            "`cookie_prefix`",
            cookie,
        ),
        (
            builder().cookie_prefix("a b"),
            "CookieName",
            "`cookie_prefix`",
            cookie,
        ),
        (
            builder().cookie_prefix("a;b"),
            "CookieName",
            "`cookie_prefix`",
            cookie,
        ),
        (
            builder().cookie_prefix("a=b"),
            "CookieName",
            "`cookie_prefix`",
            cookie,
        ),
        (
            builder().cookie_prefix("é"),
            "CookieName",
            "`cookie_prefix`",
            cookie,
        ),
        (
            builder().cookie_prefix("a\r\nb"),
            "CookieName",
            "`cookie_prefix`",
            cookie,
        ),
        (
            builder().session_cookie(""),
            "CookieName",
            "`session_cookie`",
            cookie,
        ),
        (
            builder().session_cookie("a,b"),
            "CookieName",
            "`session_cookie`",
            cookie,
        ),
        (
            builder().session_cookie("\"a\""),
            "CookieName",
            "`session_cookie`",
            cookie,
        ),
        (
            builder().session_cookie("a\0"),
            "CookieName",
            "`session_cookie`",
            cookie,
        ),
        (builder().base_path(""), "Path", "`base_path`", base),
        (builder().base_path("api/auth"), "Path", "`base_path`", base),
        (builder().base_path("//api"), "Path", "`base_path`", base),
        (builder().base_path("/api?x"), "Path", "`base_path`", base),
        (builder().base_path("/a/../b"), "Path", "`base_path`", base),
        (builder().base_path("/a b"), "Path", "`base_path`", base),
        (
            builder().base_path("http://localhost/api"),
            "Path",
            "`base_path`",
            base,
        ),
        (builder().session_path(""), "Path", "`session_path`", path),
        (
            builder().session_path("get-session"),
            "Path",
            "`session_path`",
            path,
        ),
        (
            builder().session_path("/get-session?disableRefresh=false"),
            "Path",
            "`session_path`",
            path,
        ),
        (
            builder().session_path("/%2e%2e/sign-out"),
            "Path",
            "`session_path`",
            path,
        ),
        (
            builder().session_path("/get-session#x"),
            "Path",
            "`session_path`",
            path,
        ),
        (
            BetterAuth::builder("http://localhost/auth").base_path("/other"),
            "TwoBasePaths",
            "`base_path`",
            "leave out one of the two",
        ),
    ];
    for (index, (builder, kind, setting, fix)) in cases.into_iter().enumerate() {
        let (seen, text) = told(builder.build());
        assert_eq!(seen, kind, "row {index}: {text}");
        assert!(text.contains(setting), "row {index}: {text}");
        assert!(text.contains(fix), "row {index}: {text}");
    }
}

/// Scheme, host and port, wherever an origin is set.
#[test]
fn what_is_more_or_less_than_an_origin_is_refused_with_the_fix() {
    type Set = fn(&str) -> Result<(), ConfigError>;
    let settings: [(&str, Set); 3] = [
        ("origin", |origin| {
            builder().origin(origin).build().map(drop)
        }),
        ("public_origin", |origin| {
            let proxy = builder().build()?.proxy();
            proxy.public_origin(origin).map(drop)
        }),
        ("trust", |origin| SameOrigin::new().trust(origin).map(drop)),
    ];
    let path = "it has a path; leave out what stands behind host and port";
    let query = "it has a query or fragment; leave that out";
    for (setting, set) in settings {
        for (origin, why) in [
            ("https://a.example/x", path),
            ("https://a.example//x", path),
            ("https://a.example/../x/", path),
            ("https://a.example?x", query),
            ("https://a.example/x#y", query),
            ("", "it is empty"),
            ("a.example", "it is not a URL"),
            (
                "ftp://a.example",
                "its scheme is neither `http` nor `https`",
            ),
            (
                "https://a@b.example",
                "it holds a user name or password; leave out what stands before the `@`",
            ),
        ] {
            assert_eq!(
                set(origin).unwrap_err().to_string(),
                format!(
                    "`{setting}` cannot be used: {why}; write it like `https://app.example.com`"
                ),
            );
        }
        assert!(set("https://a.example/").is_ok(), "{setting}");
    }
}

#[test]
fn a_cookie_name_is_refused_for_each_character_that_the_text_names() {
    let separators = "( ) < > @ , ; : \\ \" / [ ] ? = { }";
    for separator in separators.split(' ') {
        for name in [format!("a{separator}b"), separator.to_owned()] {
            let (kind, text) = told(builder().session_cookie(name).build());
            assert_eq!(kind, "CookieName", "{separator}");
            assert!(text.contains(separators), "{text}");
        }
    }
}

#[test]
fn what_can_work_is_not_refused() {
    for (name, builder) in [
        (
            "smallest",
            builder().deadline(Duration::from_nanos(1)).max_body(1),
        ),
        (
            "largest",
            builder().deadline(Duration::MAX).max_body(usize::MAX),
        ),
        (
            "same base path twice",
            BetterAuth::builder("http://localhost/auth/").base_path("/auth"),
        ),
        (
            "a cookie name with all that it may have",
            builder().session_cookie("!#$%&'*+-.^_`|~0aZ"),
        ),
        ("IPv6", BetterAuth::builder("http://[::1]:3000/api/auth")),
    ] {
        assert!(builder.build().is_ok(), "{name}");
    }
}

#[test]
fn an_error_is_one_sentence_without_a_full_stop() {
    for error in [
        BetterAuth::new("").unwrap_err(),
        builder().base_path("x").build().unwrap_err(),
        builder().cookie_prefix("").build().unwrap_err(),
        builder().max_body(0).build().unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(!text.ends_with('.') && !text.contains('\n'), "{text}");
        assert!(
            text.starts_with(|first: char| first.is_lowercase() || first == '`'),
            "{text}"
        );
    }
}

const VARIABLE: &str = "BETTER_AUTH_URL";

#[tokio::test]
async fn a_missing_variable_is_named_with_an_example() {
    const NAME: &str = concat!(
        module_path!(),
        "::a_missing_variable_is_named_with_an_example"
    );
    if !child::is_child() {
        return child::run(NAME, &[], &[VARIABLE]).await;
    }
    let (kind, text) = told(BetterAuth::from_env());
    assert_eq!(kind, "MissingEnv");
    assert!(
        text.contains(VARIABLE) && text.contains("http://localhost:3000"),
        "{text}"
    );
}

#[tokio::test]
async fn a_variable_with_a_url_is_read_as_new_reads_it() {
    const NAME: &str = concat!(
        module_path!(),
        "::a_variable_with_a_url_is_read_as_new_reads_it"
    );
    if child::is_child() {
        assert!(BetterAuth::from_env().is_ok());
        return;
    }
    child::run(NAME, &[(VARIABLE, "http://localhost:3000")], &[]).await;
}

#[tokio::test]
async fn a_variable_that_is_empty_or_no_url_is_refused_as_new_refuses_it() {
    const NAME: &str = concat!(
        module_path!(),
        "::a_variable_that_is_empty_or_no_url_is_refused_as_new_refuses_it"
    );
    if child::is_child() {
        assert_eq!(told(BetterAuth::from_env()).0, "Url");
        return;
    }
    for url in ["", "localhost:3000"] {
        child::run(NAME, &[(VARIABLE, url)], &[]).await;
    }
}
