//! `poll_ready` asks the inner service and nothing else, and the service that said yes is the one that is called.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    io, mem,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use serde_json::json;
use tower::{Layer, Service, ServiceExt};
use tower_better_auth::{Require, SessionAuth};

use crate::support::{answer, probe::Counter, recorder::Recorder};

type Asked = Request<Empty<Bytes>>;

fn request() -> Asked {
    let request = Request::get("/").header("cookie", answer::cookie());
    request.body(Empty::new()).unwrap()
}

/// Fails the test when it is called without having been asked whether it is ready.
#[derive(Default)]
struct Strict {
    is_ready: bool,
    called: Counter,
}

/// A clone has not been asked.
impl Clone for Strict {
    fn clone(&self) -> Self {
        Self {
            is_ready: false,
            called: self.called.clone(),
        }
    }
}

impl Service<Asked> for Strict {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Asked) -> Self::Future {
        assert!(
            mem::take(&mut self.is_ready),
            "called without being asked whether it is ready"
        );
        self.called.increment();
        ready(Ok(Response::new(Empty::new())))
    }
}

async fn call_twice<S, R>(mut service: S) -> Vec<u16>
where
    S: Service<Asked, Response = Response<R>, Error = Infallible>,
{
    let mut statuses = Vec::new();
    for _ in 0..2 {
        let response = service
            .ready()
            .await
            .unwrap()
            .call(request())
            .await
            .unwrap();
        statuses.push(response.status().as_u16());
    }
    statuses
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_that_is_called() {
    let admin = Recorder::signed_in_as(json!({"id": "u1", "role": "admin"}));
    let required = SessionAuth::new(admin.handle());
    let optional = required.clone().optional();
    let guard = Require::role("admin");
    let inner = Strict::default();
    let each = [
        call_twice(required.layer(inner.clone())).await,
        call_twice(optional.layer(inner.clone())).await,
        call_twice(required.layer(required.layer(inner.clone()))).await,
        call_twice(optional.layer(required.layer(inner.clone()))).await,
        call_twice(required.layer(guard.layer(inner.clone()))).await,
        call_twice(optional.layer(guard.layer(inner.clone()))).await,
        call_twice(optional.layer(guard.layer(guard.layer(inner.clone())))).await,
    ];
    assert_eq!(each, [[200, 200]; 7]);
    assert_eq!(inner.called.get(), 14);
}

#[tokio::test]
async fn a_service_that_refused_is_asked_again_before_the_next_call() {
    let member = Recorder::signed_in_as(json!({"id": "u1", "role": "member"}));
    let required = SessionAuth::new(Recorder::signed_out().handle());
    let guarded = SessionAuth::new(member.handle());
    let guard = Require::role("admin");
    let inner = Strict::default();
    let each = [
        call_twice(required.layer(inner.clone())).await,
        call_twice(guarded.layer(guard.layer(inner.clone()))).await,
        call_twice(guarded.optional().layer(guard.layer(inner.clone()))).await,
        call_twice(guard.layer(inner.clone())).await,
    ];
    assert_eq!(each, [[401, 401], [403, 403], [403, 403], [500, 500]]);
    assert_eq!(inner.called.get(), 0);
}

/// Says what it is told to when it is asked whether it is ready.
#[derive(Clone)]
struct Says(fn() -> Poll<Result<(), io::Error>>, Counter);

impl Service<Asked> for Says {
    type Response = Response<Empty<Bytes>>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Response, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        self.1.increment();
        self.0()
    }

    fn call(&mut self, _: Asked) -> Self::Future {
        unreachable!("nobody calls it")
    }
}

#[test]
fn poll_ready_is_the_inner_service_s_own() {
    let recorder = Recorder::signed_in();
    let session = SessionAuth::new(recorder.handle());
    let guard = Require::role("admin");
    let says: [fn() -> Poll<Result<(), io::Error>>; 3] = [
        || Poll::Pending,
        || Poll::Ready(Ok(())),
        || Poll::Ready(Err(io::Error::other("broken"))),
    ];
    for say in says {
        let polled = Counter::default();
        let mut service = session.layer(guard.layer(Says(say, polled.clone())));
        let answer = service.poll_ready(&mut Context::from_waker(Waker::noop()));
        assert_eq!(format!("{answer:?}"), format!("{:?}", say()));
        assert_eq!((polled.get(), recorder.count()), (1, 0));
    }
}
