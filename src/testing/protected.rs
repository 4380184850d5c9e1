use std::{
    fmt::{Debug, Write},
    future::{Future, poll_fn},
    panic::Location,
};

use axum_core::body::Body;
use http::{HeaderValue, Request, Response, StatusCode, header};
use tower_service::Service;

use super::Route;
use crate::{Rejection, RejectionKind};

/// A session cookie, in both spellings, that no auth server has signed.
const MADE_UP: &str = "better-auth.session_token=made-up.c2lnbmF0dXJl; \
                       __Secure-better-auth.session_token=made-up.c2lnbmF0dXJl";

const FIX: &str = "`.layer(SessionAuth::new(auth))` covers the routes that were added before it, and none that are \
                   added after: add it to the router last, or give these routes a layer of their own.";

/// Asserts that each of these routes refuses whoever is not signed in: for the one that was added after `.layer`.
///
/// Each is sent a request without a cookie, and one with a made-up cookie of Better Auth's own name, which an app with a
/// [`cookie_prefix`](crate::BetterAuthBuilder::cookie_prefix) takes for none. The answer has to be a refusal of
/// [`SessionAuth`](crate::SessionAuth) or of an extractor: 401, or 503 where the app's auth server is down, whichever
/// form it has. A 401 of the app's own proves nothing, and a 404 means that there is no such route.
///
/// Where [`SessionAuth`](crate::SessionAuth) was added with `Router::layer`, it covers unknown paths as well, and a path
/// with a mistake in it looks protected. With `Router::route_layer` it is found out.
///
/// # Panics
///
/// With a list of all routes that are not protected, what they answered, and what to do.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::{get, post}};
/// use tower_better_auth::{SessionAuth, testing::{AuthServer, assert_protected}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = AuthServer::in_process();
/// let app: Router = Router::new()
///     .route("/me", get(|| async { "hello" }))
///     .route("/users/{id}/notes", post(|| async { "noted" }))
///     .route_layer(SessionAuth::new(server.builder().build()?));
///
/// assert_protected(app, ["/me", "POST /users/{id}/notes"]).await;
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn assert_protected<S, B, R>(
    app: S,
    routes: impl IntoIterator<Item = R>,
) -> impl Future<Output = ()>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    S::Error: Debug,
    R: Into<Route>,
{
    // Taken here, because the future is polled by somebody else.
    let caller = Location::caller();
    let routes: Vec<Route> = routes.into_iter().map(Into::into).collect();
    async move {
        assert!(!routes.is_empty(), "no routes to look at ({caller})");
        let mut open = Vec::new();
        for route in &routes {
            if let Some(finding) = finding(&app, route).await {
                open.push((route, finding));
            }
        }
        let report = report(&open, routes.len(), caller);
        assert!(open.is_empty(), "{report}");
    }
}

/// What is wrong with a route, if anything is.
async fn finding<S, B>(app: &S, route: &Route) -> Option<String>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    S::Error: Debug,
{
    for (cookie, who) in [
        (None, "without a cookie"),
        (Some(MADE_UP), "with a made-up cookie"),
    ] {
        let mut request = route.request();
        if let Some(cookie) = cookie {
            let cookie = HeaderValue::from_static(cookie);
            request.headers_mut().insert(header::COOKIE, cookie);
        }
        let response = match call(app.clone(), request).await {
            Ok(response) => response,
            Err(error) => return Some(format!("an error {who}: {error:?}")),
        };
        let rejection = response.extensions().get::<Rejection>();
        if let Some(why) = why_open(response.status(), rejection) {
            return Some(format!("{} {who}: {why}", response.status().as_u16()));
        }
    }
    None
}

async fn call<S: Service<Request<Body>>>(
    mut app: S,
    request: Request<Body>,
) -> Result<S::Response, S::Error> {
    poll_fn(|cx| app.poll_ready(cx)).await?;
    app.call(request).await
}

/// `None` for a refusal that is about the session.
fn why_open(status: StatusCode, rejection: Option<&Rejection>) -> Option<&'static str> {
    match rejection.map(Rejection::kind) {
        Some(
            RejectionKind::Unauthenticated
            | RejectionKind::InvalidSession
            | RejectionKind::Unavailable,
        ) => None,
        Some(RejectionKind::Misconfigured) => {
            Some("a guard or an extractor runs without a `SessionAuth`; the log names it")
        }
        Some(RejectionKind::Forbidden | RejectionKind::SessionNotFound) => {
            Some("the handler itself refuses")
        }
        Some(RejectionKind::CrossSite) => {
            Some("`SameOrigin` refuses it before the session is asked for")
        }
        None => Some(match status {
            StatusCode::NOT_FOUND => "there is no such route, check the path",
            StatusCode::METHOD_NOT_ALLOWED => "there is no such route, check the method",
            StatusCode::UNAUTHORIZED => "the app's own 401, and not that of `SessionAuth`",
            _ => "the request got through",
        }),
    }
}

fn report(open: &[(&Route, String)], of: usize, caller: &Location<'_>) -> String {
    let mut report = format!(
        "{} of {of} routes are not shown to be protected ({caller}):\n\n",
        open.len()
    );
    let width = open.iter().map(|(route, _)| route.to_string().len()).max();
    for (route, finding) in open {
        let width = width.unwrap_or_default();
        let _ = writeln!(report, "    {route:width$}  {finding}");
    }
    report + "\n" + FIX
}
