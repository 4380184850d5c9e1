//! What a check that is remembered allocates: no more than its entry in the request's extensions, and the two headers of
//! the response.

use std::{convert::Infallible, future::Ready, time::Duration};

use allocation_counter::{AllocationInfo, measure};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use tower::{Layer, Service, service_fn};
use tower_better_auth::{
    BetterAuth, Cache, Require, SessionAuth,
    testing::{AuthServer, SignedIn, user},
};

type Body = Full<Bytes>;

fn answer(_: Request<Body>) -> Ready<Result<Response<Body>, Infallible>> {
    std::future::ready(Ok(Response::new(Body::default())))
}

/// A request as it comes from axum: something is in its extensions already.
fn request(session: &SignedIn) -> Request<Body> {
    let mut request = Request::new(Body::default());
    request
        .headers_mut()
        .insert(header::COOKIE, session.cookie());
    request.extensions_mut().insert(0_u8);
    request
}

/// What calling a service allocates, when the answer is there at once.
fn allocations<S, B>(service: &mut S, request: Request<Body>) -> AllocationInfo
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
{
    let mut request = Some(request);
    measure(|| {
        let response = service.call(request.take().expect("called once"));
        let response = response.now_or_never().expect("an answer at once");
        assert!(response.is_ok_and(|response| response.status() == 200));
    })
}

/// What any layer would allocate that leaves a value behind and adds two headers.
fn by_hand(session: &SignedIn) -> AllocationInfo {
    let mut service = service_fn(|mut request: Request<Body>| {
        request.extensions_mut().insert([0_u64; 8]);
        answer(request).map(|response| {
            response.map(|mut response| {
                let headers = response.headers_mut();
                headers.insert(header::VARY, HeaderValue::from_static("Cookie"));
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
                response
            })
        })
    });
    allocations(&mut service, request(session))
}

#[tokio::test]
async fn a_remembered_check_allocates_no_more_than_any_layer_with_an_extension_and_two_headers() {
    let server = AuthServer::start().await;
    let ada = server.sign_in(user("ada").role("admin"));
    let cache = Cache::ttl(Duration::from_secs(60));
    let auth = BetterAuth::builder(server.url())
        .cache(cache)
        .build()
        .unwrap();
    let layer = SessionAuth::new(auth);
    let mut service = layer.layer(service_fn(answer));
    let mut guarded = layer.layer(Require::role("admin").layer(service_fn(answer)));
    service.call(request(&ada)).await.unwrap();

    let fewest = |service: &mut dyn FnMut() -> AllocationInfo| {
        // Now and then the cache tidies up.
        let counts = (0..16).map(|_| service().count_total);
        counts.min().expect("sixteen")
    };
    let expected = by_hand(&ada).count_total;
    let counted = fewest(&mut || allocations(&mut service, request(&ada)));
    assert_eq!(counted, expected, "with `SessionAuth`");
    let counted = fewest(&mut || allocations(&mut guarded, request(&ada)));
    assert_eq!(counted, expected, "with a guard as well");
}
