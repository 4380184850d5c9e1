//! Wherever a refusal comes from, it looks the same.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::Router;
use http::{HeaderName, HeaderValue, Response, header};
use tower_better_auth::{
    BetterAuth, Rejection, SessionAuth,
    rejection::{RequestHead, problem},
    testing::{AuthServer, Fault, user},
};

use super::{Seen, app, cookie, fetch, forms, handle, layer, own, routes};

/// The refusal that all these places give, once it is seen to be one and the same.
async fn refused(
    places: &[(&Router, &str)],
    headers: &[(HeaderName, HeaderValue)],
    content_type: &str,
) -> Seen {
    let (app, path) = places[0];
    let first = fetch(app, path, headers).await;
    for (app, other) in places {
        let seen = fetch(app, other, headers).await;
        assert_eq!(seen.without(other), first.without(path), "at {other}");
    }
    assert_eq!(first.header(header::CONTENT_TYPE), Some(content_type));
    assert_eq!(first.header(header::CACHE_CONTROL), Some("no-store"));
    assert_eq!(first.list(header::VARY), ["cookie"], "{content_type}");
    let length = first.header(header::CONTENT_LENGTH).unwrap();
    assert_eq!(length, first.body.len().to_string());
    first
}

#[tokio::test]
async fn a_refusal_looks_the_same_wherever_it_comes_from() {
    let server = AuthServer::start().await;
    let ada = [cookie(server.sign_in(user("ada")).cookie())];
    for (content_type, form) in forms(handle(&server)) {
        server.recover();
        let required = app(form.clone());
        let optional = app(form.optional());
        let everywhere = [
            (&required, "/user"),
            (&required, "/"),
            (&optional, "/user"),
            (&optional, "/guarded"),
            (&optional, "/handler"),
        ];
        let seen = refused(&everywhere, &[], content_type).await;
        assert_eq!(seen.status, 401);
        let challenge = seen.header(header::WWW_AUTHENTICATE);
        assert_eq!(challenge, Some("Cookie realm=\"better-auth\""));
        assert_eq!(seen.header(header::RETRY_AFTER), None);

        let denied = [
            (&required, "/guarded"),
            (&required, "/handler"),
            (&optional, "/guarded"),
            (&optional, "/handler"),
        ];
        let seen = refused(&denied, &ada, content_type).await;
        assert_eq!(seen.status, 403);
        assert!(seen.text().contains("INSUFFICIENT_ROLE"));
        assert_eq!(seen.header(header::WWW_AUTHENTICATE), None);

        server.fail_with(Fault::DatabaseDown);
        let seen = refused(&everywhere, &ada, content_type).await;
        assert_eq!(seen.status, 503);
        assert_eq!(seen.header(header::RETRY_AFTER), Some("2"));
        assert_eq!(fetch(&optional, "/", &ada).await.status, 200);
    }
}

#[tokio::test]
async fn an_error_of_the_applications_own_keeps_its_form() {
    let server = AuthServer::start().await;
    let ada = [cookie(server.sign_in(user("ada")).cookie())];
    for (_, form) in forms(handle(&server)) {
        let seen = fetch(&app(form), "/own-error", &ada).await;
        assert_eq!(seen.status, 403);
        assert_eq!(seen.text(), r#"{"app":"own","why":"INSUFFICIENT_ROLE"}"#);
    }
}

/// Within these, the last is refused by both layers.
fn nested(inner: SessionAuth, outer: SessionAuth) -> Router {
    routes().layer(inner).layer(outer)
}

#[tokio::test]
async fn of_two_layers_the_inner_one_has_the_last_word() {
    let server = AuthServer::start().await;
    let other = AuthServer::start().await;
    let ada = [cookie(server.sign_in(user("ada")).cookie())];
    let rendered = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&rendered);
    let auth = handle(&server);
    let outer = SessionAuth::new(auth.clone()).respond_with(move |rejection, request| {
        count.fetch_add(1, Ordering::Relaxed);
        problem(rejection, request)
    });

    let same = SessionAuth::new(auth).respond_with(own);
    let seen = fetch(&nested(same, outer.clone()), "/guarded", &ada).await;
    assert_eq!(seen.header(header::CONTENT_TYPE), Some("text/x-own"));
    assert_eq!(seen.text(), "INSUFFICIENT_ROLE /guarded");

    // The other server does not know this session, and its layer says so.
    let foreign = layer(&other).respond_with(own);
    let seen = fetch(&nested(foreign, outer.clone()), "/user", &ada).await;
    assert_eq!(
        (seen.status.as_u16(), seen.text()),
        (401, "INVALID_SESSION /user")
    );

    // The default is a form as well.
    let seen = fetch(&nested(layer(&server), outer.clone()), "/guarded", &ada).await;
    assert_eq!(seen.header(header::CONTENT_TYPE), Some("application/json"));
    assert_eq!(rendered.load(Ordering::Relaxed), 0);

    // What the outer layer refuses itself, the inner one never sees.
    let seen = fetch(&nested(layer(&server), outer), "/guarded", &[]).await;
    assert_eq!(
        seen.header(header::CONTENT_TYPE),
        Some("application/problem+json")
    );
    assert_eq!(rendered.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn every_401_also_asks_for_a_bearer_token_where_one_is_accepted() {
    let server = AuthServer::start().await;
    let auth = BetterAuth::builder(server.url()).accept_bearer().build();
    for (content_type, form) in forms(auth.unwrap()) {
        for app in [app(form.clone()), app(form.optional())] {
            let seen = fetch(&app, "/user", &[]).await;
            assert_eq!(
                seen.list(header::WWW_AUTHENTICATE),
                [
                    "bearer realm=\"better-auth\"",
                    "cookie realm=\"better-auth\""
                ],
                "{content_type}"
            );
            assert_eq!(seen.list(header::VARY), ["authorization", "cookie"]);
        }
    }
}

/// Says itself what is otherwise added.
fn complete(rejection: &Rejection, request: &RequestHead<'_>) -> Response<String> {
    let mut response = own(rejection, request);
    for (name, value) in [
        (header::CACHE_CONTROL, "private, no-store"),
        (header::VARY, "accept-language"),
        (header::WWW_AUTHENTICATE, "Own"),
        (header::RETRY_AFTER, "7"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

#[tokio::test]
async fn a_form_may_set_what_every_refusal_has() {
    let server = AuthServer::start().await;
    let layer = layer(&server).respond_with(complete);
    for app in [app(layer.clone()), app(layer.optional())] {
        let seen = fetch(&app, "/user", &[]).await;
        assert_eq!(seen.list(header::CACHE_CONTROL), ["no-store", "private"]);
        assert_eq!(seen.list(header::VARY), ["accept-language", "cookie"]);
        assert_eq!(seen.list(header::WWW_AUTHENTICATE), ["own"]);
        assert_eq!(seen.list(header::RETRY_AFTER), ["7"]);
    }
}
