//! What tells one entry from another, and that no entry holds a credential.

use http::{HeaderMap, HeaderName};
use serde_json::json;
use tower_better_auth::{BetterAuth, Cache, SessionAuth};

use super::{TTL, headers};
use crate::support::{
    answer,
    mock::{Act, Mock},
};

type Lines = &'static [(&'static str, &'static str)];

const PLAIN: Lines = &[("cookie", "better-auth.session_token=a")];

fn request(lines: Lines) -> HeaderMap {
    let line = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), value.parse().unwrap())
    };
    lines.iter().map(line).collect()
}

fn cached(mock: &Mock) -> BetterAuth {
    let builder = mock.builder().accept_bearer().accept_api_key();
    builder.cache(Cache::ttl(TTL)).build().unwrap()
}

/// How many calls these requests cost together, one after another.
async fn calls(requests: &[Lines]) -> usize {
    let mock = Mock::new();
    let auth = cached(&mock);
    for lines in requests {
        auth.validate(&request(lines)).await.unwrap();
    }
    mock.count()
}

#[tokio::test(start_paused = true)]
async fn every_byte_of_a_credential_tells_it_from_others() {
    let others: &[Lines] = &[
        &[("cookie", "better-auth.session_token=b")],
        &[("cookie", "better-auth.session_token=aa")],
        &[("cookie", "__Secure-better-auth.session_token=a")],
        &[(
            "cookie",
            "better-auth.session_token=a; better-auth.dont_remember=true",
        )],
        &[(
            "cookie",
            "better-auth.session_token=a; better-auth.session_token=b",
        )],
        &[
            ("cookie", "better-auth.session_token=a"),
            ("authorization", "Bearer b"),
        ],
        &[
            ("cookie", "better-auth.session_token=a"),
            ("authorization", "Bearer c"),
        ],
        &[
            ("cookie", "better-auth.session_token=a"),
            ("x-api-key", "b"),
        ],
        &[("authorization", "Bearer b")],
        &[("x-api-key", "b")],
        &[("authorization", "Bearer bc"), ("x-api-key", "d")],
        &[("authorization", "Bearer b"), ("x-api-key", "cd")],
    ];
    for (index, other) in others.iter().enumerate() {
        assert_eq!(calls(&[PLAIN, other]).await, 2, "{other:?}");
        assert_eq!(calls(&[other, other]).await, 1, "{other:?}");
        for further in &others[index + 1..] {
            assert_eq!(calls(&[other, further]).await, 2, "{other:?} {further:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn where_one_part_ends_and_the_next_begins_tells_credentials_apart() {
    let one: Lines = &[(
        "cookie",
        "better-auth.session_token=ab; better-auth.dont_remember=c",
    )];
    let other: Lines = &[(
        "cookie",
        "better-auth.session_token=a; better-auth.dont_remember=bc",
    )];
    assert_eq!(calls(&[one, other]).await, 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_forwarded_changes_nothing() {
    let same: &[Lines] = &[
        &[("cookie", "_ga=GA1.1; better-auth.session_token=a")],
        &[("cookie", "better-auth.session_token=a; theme=dark")],
        &[
            ("cookie", "theme=dark"),
            ("cookie", "better-auth.session_token=a"),
        ],
        &[
            ("cookie", "better-auth.session_token=a"),
            ("user-agent", "curl"),
            ("x-request-id", "7"),
            ("authorization", "Basic YTpi"),
        ],
    ];
    for lines in same {
        assert_eq!(calls(&[PLAIN, lines]).await, 1, "{lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_can_be_printed_holds_the_token() {
    let mut answer = answer::session();
    answer["session"]["extra"] = json!(1);
    let mock = Mock::doing(Act::session(&answer));
    let builder = mock.builder().cache(Cache::ttl(TTL));
    let said_by_the_builder = format!("{builder:?}");
    let auth = builder.build().unwrap();
    let asked = auth.validate(&headers(&answer::cookie())).await.unwrap();
    let remembered = auth.validate(&headers(&answer::cookie())).await.unwrap();
    assert_eq!(mock.count(), 1);
    mock.does(Act::status(500));
    let rejection = auth
        .validate(&headers("better-auth.session_token=other-s3cret"))
        .await
        .unwrap_err();
    let said = format!(
        "{said_by_the_builder} {auth:?} {asked:?} {remembered:?} {rejection:?} {:?} {:?} {}",
        auth.readiness(),
        SessionAuth::new(auth.clone()),
        serde_json::to_string(&*remembered).unwrap(),
    );
    let (token, signature) = answer::TOKEN.split_once('.').unwrap();
    for secret in [answer::TOKEN, token, signature, "other-s3cret"] {
        assert!(!said.contains(secret), "{said}");
    }
}
