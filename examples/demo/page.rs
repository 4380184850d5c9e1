//! The page, and the headers that every answer of the app has.

use axum::{Router, response::Html, routing::get};
use http::{HeaderName, HeaderValue, header};
use tower::ServiceBuilder;
use tower_http::set_header::SetResponseHeaderLayer;

/// Nothing but what this origin serves, in no frame. No script or style stands in the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    // Browsers heed it over https, and ignore it here.
    (
        header::STRICT_TRANSPORT_SECURITY,
        "max-age=63072000; includeSubDomains",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    // For browsers that do not know `frame-ancestors`.
    (header::X_FRAME_OPTIONS, "DENY"),
];

pub(crate) fn routes() -> Router {
    let file = |content_type, text: &'static str| {
        get(move || async move { ([(header::CONTENT_TYPE, content_type)], text) })
    };
    Router::new()
        .route("/", get(|| async { Html(include_str!("page/index.html")) }))
        .route(
            "/style.css",
            file("text/css; charset=utf-8", include_str!("page/style.css")),
        )
        .route(
            "/app.js",
            file(
                "text/javascript; charset=utf-8",
                include_str!("page/app.js"),
            ),
        )
}

/// On every answer, whoever gives it.
pub(crate) fn secured(app: Router) -> Router {
    HEADERS.into_iter().fold(app, |app, (name, value)| {
        let value = HeaderValue::from_static(value);
        let layer = SetResponseHeaderLayer::overriding(name, value);
        app.layer(ServiceBuilder::new().layer(layer))
    })
}
