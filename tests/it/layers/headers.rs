//! The headers are read when the layer runs: what happens to them further in changes nothing.

use axum::{Router, body::Body, routing::get};
use http::{HeaderMap, HeaderValue, Request, header};
use tower::util::MapRequestLayer;
use tower_better_auth::{CurrentUser, Require, SessionAuth};

use crate::support::{
    answer,
    probe::{anonymous, send, signed_in},
    recorder::Recorder,
};

type Change = fn(&mut HeaderMap);

const CHANGES: [Change; 3] = [
    |headers| {
        headers.remove(header::COOKIE);
    },
    |headers| {
        let other = HeaderValue::from_static("better-auth.session_token=other");
        headers.insert(header::COOKIE, other);
    },
    |headers| {
        let other = HeaderValue::from_static("better-auth.session_token=other");
        headers.append(header::COOKIE, other);
    },
];

/// A handler behind `auth` and behind a layer that changes the headers in between.
fn app(auth: SessionAuth, change: Change) -> Router {
    let between = MapRequestLayer::new(move |mut request: Request<Body>| {
        change(request.headers_mut());
        request
    });
    let handler = async |user: Option<CurrentUser>| {
        user.map_or_else(|| "nobody".into(), |user| user.id.clone())
    };
    Router::new()
        .route("/", get(handler))
        .layer(between)
        .layer(auth)
}

#[tokio::test]
async fn a_layer_in_between_cannot_change_who_asks() {
    for (index, change) in CHANGES.into_iter().enumerate() {
        let recorder = Recorder::signed_in();
        let required = SessionAuth::new(recorder.handle());
        for auth in [required.clone(), required.optional()] {
            let seen = send(app(auth, change), signed_in("/")).await;
            assert_eq!(
                (seen.status.as_u16(), seen.body.as_str()),
                (200, answer::USER_ID),
                "{index}"
            );
            let calls = recorder.take();
            assert_eq!(calls.len(), 1, "{index}");
            assert_eq!(
                calls[0].headers()[header::COOKIE],
                answer::cookie(),
                "{index}"
            );
        }
    }
}

#[tokio::test]
async fn a_layer_in_between_cannot_sign_anybody_in() {
    let recorder = Recorder::signed_in();
    for change in CHANGES {
        let optional = SessionAuth::new(recorder.handle()).optional();
        let seen = send(app(optional.clone(), change), anonymous("/")).await;
        assert_eq!((seen.status.as_u16(), seen.body.as_str()), (200, "nobody"));

        let guarded = app(optional, change).layer(Require::role("admin"));
        assert_eq!(
            send(guarded, anonymous("/")).await.status,
            500,
            "the guard stands outside"
        );
    }
    assert_eq!(recorder.count(), 0);
}
