//! With a concurrency limit inside: a request that is refused, answered or given up gives its permit back.

use std::{convert::Infallible, future::pending, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use serde_json::json;
use tokio::time::timeout;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, limit::ConcurrencyLimit, service_fn};
use tower_better_auth::{BetterAuth, Require, SessionAuth};

use crate::support::{answer, recorder::Recorder};

type Asked = Request<Empty<Bytes>>;
type Answered = Result<Response<Empty<Bytes>>, Infallible>;

const LONG: Duration = Duration::from_secs(5);

fn signed_in() -> Asked {
    let request = Request::get("/").header("cookie", answer::cookie());
    request.body(Empty::new()).unwrap()
}

fn anonymous() -> Asked {
    Request::new(Empty::new())
}

/// Admits one request at a time.
fn one_at_a_time() -> ConcurrencyLimit<
    impl Service<Asked, Response = Response<Empty<Bytes>>, Error = Infallible, Future: Send> + Clone,
> {
    ServiceBuilder::new()
        .concurrency_limit(1)
        .service(service_fn(async |_: Asked| -> Answered {
            Ok(Response::new(Empty::new()))
        }))
}

/// Calls `service`, keeps it, and then calls a clone of it: once what the first one got, then what the other got.
async fn one_then_another<S, R>(mut service: S, first: Asked, second: Asked) -> (u16, u16)
where
    S: Service<Asked, Response = Response<R>, Error = Infallible> + Clone,
{
    let mut other = service.clone();
    let one = service
        .ready()
        .await
        .unwrap()
        .call(first)
        .await
        .unwrap()
        .status();
    let ready = timeout(LONG, other.ready())
        .await
        .expect("the permit came back")
        .unwrap();
    let another = ready.call(second).await.unwrap().status();
    (one.as_u16(), another.as_u16())
}

#[tokio::test]
async fn a_refused_request_gives_its_permit_back() {
    let user = Recorder::signed_in_as(json!({"id": "u1", "role": "member"}));
    let required = SessionAuth::new(user.handle());
    let optional = required.clone().optional();
    let (admin, member) = (Require::role("admin"), Require::role("member"));
    let signed_out = SessionAuth::new(Recorder::signed_out().handle());

    let seen = one_then_another(required.layer(one_at_a_time()), anonymous(), signed_in()).await;
    assert_eq!(seen, (401, 200), "refused at once");
    let seen = one_then_another(signed_out.layer(one_at_a_time()), signed_in(), anonymous()).await;
    assert_eq!(seen, (401, 401), "refused after asking");
    let guarded = required.layer(admin.layer(one_at_a_time()));
    assert_eq!(
        one_then_another(guarded, signed_in(), signed_in()).await,
        (403, 403),
        "by a guard"
    );
    let guarded = optional.layer(member.layer(one_at_a_time()));
    assert_eq!(
        one_then_another(guarded, anonymous(), signed_in()).await,
        (401, 200),
        "by a guard that knew without asking"
    );
    let guarded = optional.layer(admin.layer(one_at_a_time()));
    assert_eq!(
        one_then_another(guarded, signed_in(), anonymous()).await,
        (403, 401),
        "by a guard that asked"
    );
    let bare = member.layer(one_at_a_time());
    assert_eq!(
        one_then_another(bare, signed_in(), signed_in()).await,
        (500, 500),
        "misconfigured"
    );
}

#[tokio::test]
async fn a_request_that_was_served_gives_its_permit_back() {
    let required = SessionAuth::new(Recorder::signed_in().handle());
    let optional = required.clone().optional();
    let asking = required.layer(one_at_a_time());
    assert_eq!(
        one_then_another(asking, signed_in(), signed_in()).await,
        (200, 200)
    );
    let direct = optional.layer(one_at_a_time());
    assert_eq!(
        one_then_another(direct, anonymous(), anonymous()).await,
        (200, 200)
    );
}

#[tokio::test]
async fn a_request_that_is_given_up_while_asking_gives_its_permit_back() {
    let never = service_fn(async |_: Request<Bytes>| {
        pending::<Result<Response<Empty<Bytes>>, Infallible>>().await
    });
    let auth = BetterAuth::builder("http://localhost")
        .transport(never)
        .build()
        .unwrap();
    let mut service = SessionAuth::new(auth).layer(one_at_a_time());
    let mut other = service.clone();
    let asking = service.ready().await.unwrap().call(signed_in());
    assert!(timeout(Duration::from_millis(20), asking).await.is_err());
    let ready = timeout(LONG, other.ready())
        .await
        .expect("the permit came back")
        .unwrap();
    assert_eq!(ready.call(anonymous()).await.unwrap().status(), 401);
}
