//! What the layers add to a future, and which threads their types may cross.

use std::{convert::Infallible, future::ready};

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use tower::{Layer, Service, service_fn};
use tower_better_auth::{
    AuthSession, BetterAuth, BetterAuthBuilder, ConfigError, CurrentSession, CurrentUser, Denied,
    Rejection, Require, ResponseBody, Session, SessionAuth, SessionAuthService, User,
    require::RequireService,
};

use crate::support::{answer, recorder::Recorder};

/// Past it, what axum boxes for each request leaves the allocator's fast path.
const LIMIT: usize = 1024;

fn request() -> Request<Empty<Bytes>> {
    let request = Request::get("/").header("cookie", answer::cookie());
    request.body(Empty::new()).unwrap()
}

#[tokio::test]
async fn the_futures_stay_small() {
    let inner = service_fn(|_: Request<Empty<Bytes>>| {
        ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
    });
    let layer = SessionAuth::new(Recorder::signed_in().handle());
    let session = layer.layer(inner).call(request());
    let guard = Require::role("admin").layer(inner).call(request());
    let (mut parts, _) = request().into_parts();
    let user = size_of_val(&<CurrentUser as FromRequestParts<()>>::from_request_parts(
        &mut parts,
        &(),
    ));
    let optional = size_of_val(
        &<CurrentUser as OptionalFromRequestParts<()>>::from_request_parts(&mut parts, &()),
    );
    let whole =
        size_of_val(&<CurrentSession as FromRequestParts<()>>::from_request_parts(&mut parts, &()));
    for (name, size) in [
        ("SessionAuthService", size_of_val(&session)),
        ("RequireService", size_of_val(&guard)),
        ("CurrentUser", user),
        ("Option<CurrentUser>", optional),
        ("CurrentSession", whole),
    ] {
        assert!(size < LIMIT, "{name}: {size} bytes");
    }
    // A handler's extractors run one after the other.
    let all = size_of_val(&session) + size_of_val(&guard) + user.max(optional).max(whole);
    assert!(all < LIMIT, "{all} bytes in all");
}

#[expect(dead_code, reason = "that it compiles is the test")]
fn everything_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    fn cloned<T: Clone + Send + Sync + 'static>() {}
    cloned::<BetterAuth>();
    cloned::<SessionAuth>();
    cloned::<SessionAuthService<()>>();
    cloned::<Require>();
    cloned::<RequireService<()>>();
    cloned::<AuthSession>();
    cloned::<User>();
    cloned::<Session>();
    cloned::<Rejection>();
    cloned::<Denied>();
    shared::<ResponseBody<Empty<Bytes>>>();
    shared::<CurrentUser>();
    shared::<CurrentSession>();
    shared::<ConfigError>();
}

#[expect(dead_code, reason = "that it compiles is the test")]
fn futures_can_be_spawned<S>(
    mut service: SessionAuthService<S>,
    auth: &BetterAuth,
    builder: BetterAuthBuilder,
) where
    S: Service<Request<Empty<Bytes>>, Response = Response<Empty<Bytes>>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send,
{
    fn spawned<T: Send + 'static>(_: T) {}
    spawned(service.call(request()));
    spawned(auth.validate(&http::HeaderMap::new()));
    spawned(auth.validate_optional(&http::HeaderMap::new()));
    spawned(builder);
}
