//! Layers between a refusal and the `SessionAuth` that gives it its form.

use axum::{Router, middleware::map_response, response::Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tower_better_auth::{
    BetterAuth, SessionAuth,
    rejection::problem,
    testing::{AuthServer, user},
};
use tower_http::{compression::CompressionLayer, set_header::SetResponseHeaderLayer};

use super::{app, cookie, fetch, layer, routes};

const PROBLEM: &str = "application/problem+json";

/// What layers like to add, and what is about the response that they saw.
async fn add(mut response: Response) -> Response {
    for (name, value) in [
        ("x-request-id", "42"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("vary", "accept-language"),
        ("strict-transport-security", "max-age=1"),
        ("cache-control", "public, max-age=60"),
        ("content-language", "en"),
        ("etag", "\"of the other body\""),
        ("retry-after", "99"),
        ("www-authenticate", "Basic"),
    ] {
        let name = HeaderName::from_static(name);
        let value = HeaderValue::from_static(value);
        response.headers_mut().append(name, value);
    }
    response
}

#[tokio::test]
async fn what_layers_in_between_add_is_kept_unless_it_is_about_the_other_response() {
    let server = AuthServer::start().await;
    let ada = [cookie(server.sign_in(user("ada")).cookie())];
    let auth = layer(&server).respond_with(problem);
    let app: Router = routes().layer(map_response(add)).layer(auth.optional());
    for (headers, status, challenge) in [
        (
            &[][..],
            401,
            vec!["cookie realm=\"better-auth\"".to_owned()],
        ),
        (&ada[..], 403, vec![]),
    ] {
        let seen = fetch(&app, "/guarded", headers).await;
        assert_eq!(seen.status, status);
        assert_eq!(seen.header(header::CONTENT_TYPE), Some(PROBLEM));
        let request_id = seen.headers.get("x-request-id").unwrap();
        assert_eq!(request_id, "42");
        assert_eq!(seen.list(header::SET_COOKIE), ["a=1", "b=2"]);
        assert_eq!(seen.list(header::VARY), ["accept-language", "cookie"]);
        assert!(seen.headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
        assert_eq!(seen.list(header::CACHE_CONTROL), ["no-store"]);
        assert_eq!(seen.header(header::CONTENT_LANGUAGE), None);
        assert_eq!(seen.header(header::ETAG), None);
        assert_eq!(seen.header(header::RETRY_AFTER), None);
        assert_eq!(seen.list(header::WWW_AUTHENTICATE), challenge);
        let length = seen.header(header::CONTENT_LENGTH).unwrap();
        assert_eq!(length, seen.body.len().to_string());
    }
}

/// Hides what one may not see, as some applications do.
async fn hide(mut response: Response) -> Response {
    if response.status() == StatusCode::FORBIDDEN {
        *response.status_mut() = StatusCode::NOT_FOUND;
        *response.body_mut() = "nothing here".into();
        response.headers_mut().remove(header::CONTENT_LENGTH);
        let plain = HeaderValue::from_static("text/plain");
        response.headers_mut().insert(header::CONTENT_TYPE, plain);
    }
    response
}

#[tokio::test]
async fn a_refusal_that_became_something_else_is_left_alone() {
    let server = AuthServer::start().await;
    let ada = [cookie(server.sign_in(user("ada")).cookie())];
    let auth = layer(&server).respond_with(problem);
    let app: Router = routes().layer(map_response(hide)).layer(auth);
    for path in ["/guarded", "/handler"] {
        let seen = fetch(&app, path, &ada).await;
        assert_eq!((seen.status.as_u16(), seen.text()), (404, "nothing here"));
        assert_eq!(seen.header(header::CONTENT_TYPE), Some("text/plain"));
    }
}

/// Puts refusals into words of its own, and leaves them refusals.
async fn restyle(mut response: Response) -> Response {
    if response.status().is_client_error() {
        *response.body_mut() = "in my own words".into();
        response.headers_mut().remove(header::CONTENT_LENGTH);
        let plain = HeaderValue::from_static("text/plain");
        response.headers_mut().insert(header::CONTENT_TYPE, plain);
    }
    response
}

#[tokio::test]
async fn a_refusal_with_other_words_keeps_them_unless_a_form_was_chosen() {
    let server = AuthServer::start().await;
    let ada = [cookie(server.sign_in(user("ada")).cookie())];
    let auth = SessionAuth::new(
        BetterAuth::builder(server.url())
            .accept_bearer()
            .build()
            .unwrap(),
    );
    let restyled = |auth| -> Router { routes().layer(map_response(restyle)).layer(auth) };
    let default = restyled(auth.clone().optional());
    let chosen = restyled(auth.respond_with(problem).optional());
    for (path, headers, status, challenges) in [
        ("/user", &[][..], 401, 2),
        ("/guarded", &[][..], 401, 2),
        ("/guarded", &ada[..], 403, 0),
        ("/handler", &ada[..], 403, 0),
    ] {
        let seen = fetch(&default, path, headers).await;
        assert_eq!(
            (seen.status.as_u16(), seen.text()),
            (status, "in my own words")
        );
        assert_eq!(seen.header(header::CONTENT_TYPE), Some("text/plain"));
        assert_eq!(seen.list(header::WWW_AUTHENTICATE).len(), challenges);
        assert_eq!(seen.list(header::CACHE_CONTROL), ["no-store"]);

        let seen = fetch(&chosen, path, headers).await;
        assert_eq!(seen.status, status);
        assert_eq!(seen.header(header::CONTENT_TYPE), Some(PROBLEM));
        assert!(!seen.text().contains("in my own words"));
        assert_eq!(seen.list(header::WWW_AUTHENTICATE).len(), challenges);
    }
}

#[tokio::test]
async fn no_cache_keeps_a_refusal_whatever_a_layer_in_between_says() {
    let server = AuthServer::start().await;
    let ada = [cookie(server.sign_in(user("ada")).cookie())];
    for auth in [layer(&server), layer(&server).respond_with(problem)] {
        for cache in [
            SetResponseHeaderLayer::overriding,
            SetResponseHeaderLayer::appending,
        ] {
            let public = HeaderValue::from_static("public, max-age=60");
            let cache = cache(header::CACHE_CONTROL, public);
            let app: Router = routes().layer(cache).layer(auth.clone());
            let seen = fetch(&app, "/guarded", &ada).await;
            assert_eq!(seen.status, 403);
            assert_eq!(seen.list(header::CACHE_CONTROL), ["no-store"]);
        }
    }
}

#[tokio::test]
async fn a_compressed_refusal_is_replaced_as_a_whole() {
    let server = AuthServer::start().await;
    let ada = server.sign_in(user("ada")).cookie();
    let gzip = (header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    let headers = [cookie(ada), gzip];
    let auth = layer(&server).respond_with(problem);

    let inside: Router = routes().layer(CompressionLayer::new()).layer(auth.clone());
    let seen = fetch(&inside, "/guarded", &headers).await;
    assert_eq!(seen.header(header::CONTENT_ENCODING), None);
    let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(body["code"], "INSUFFICIENT_ROLE");
    assert_eq!(seen.list(header::VARY), ["accept-encoding", "cookie"]);
    let length = seen.header(header::CONTENT_LENGTH).unwrap();
    assert_eq!(length, seen.body.len().to_string());

    // What is outside compresses what was chosen.
    let outside = app(auth).layer(CompressionLayer::new());
    let seen = fetch(&outside, "/guarded", &headers).await;
    assert_eq!(seen.header(header::CONTENT_ENCODING), Some("gzip"));
    assert_eq!(seen.body[..2], [0x1f, 0x8b]);
    assert_eq!(seen.header(header::CONTENT_TYPE), Some(PROBLEM));
}
