//! A runtime that ends takes its calls with it, and nobody else.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use futures_util::FutureExt;
use http::{HeaderMap, StatusCode};
use tokio::runtime::{Builder, Runtime};
use tower_better_auth::BetterAuth;

use super::{SECOND, app, cookie_of, get, start_many};
use crate::support::mock::{Act, Mock};

fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap()
}

#[test]
fn a_runtime_that_ends_in_the_middle_of_a_call_leaves_the_handle_to_the_next() {
    let mock = Mock::doing(Act::Hang);
    let (_auth, app) = app(mock.builder().max_concurrency(2));
    let first = runtime();
    let requests = first.block_on(start_many(&app, 10));
    let before = mock.count();
    assert!(before > 0);
    drop(first);
    drop(requests);
    mock.does(Act::signed_in());
    // Neither the call under this cookie nor its place is still taken.
    runtime().block_on(async {
        for number in 0..10 {
            get(&app, number).await.assert_ok();
        }
    });
    assert_eq!(mock.count(), before + 10);
}

/// What becomes of a check within the environment of `enter`; `None` if it panics.
fn check_in<G>(
    auth: &BetterAuth,
    enter: impl FnOnce() -> G + Send + 'static,
) -> Option<StatusCode> {
    let mut headers = HeaderMap::new();
    headers.insert("cookie", cookie_of(0).parse().unwrap());
    let (auth, (tell, told)) = (auth.clone(), mpsc::channel());
    // In a thread, for one that never comes back.
    thread::spawn(move || {
        let check = || {
            let _here = enter();
            let answer = auth.validate(&headers).now_or_never();
            answer.expect("an answer").unwrap_err().status()
        };
        tell.send(catch_unwind(AssertUnwindSafe(check)).ok())
            .unwrap();
    });
    told.recv_timeout(20 * SECOND)
        .expect("the check comes back")
}

#[test]
fn in_a_runtime_that_has_ended_a_check_is_unavailable_and_the_handle_goes_on() {
    let mock = Mock::new();
    let (auth, app) = app(mock.builder());
    let ended = runtime().handle().clone();
    let ended: &'static _ = Box::leak(Box::new(ended));
    let seen = check_in(&auth, || ended.enter());
    assert_eq!(seen, Some(StatusCode::SERVICE_UNAVAILABLE));
    runtime().block_on(async { get(&app, 0).await.assert_ok() });
    assert_eq!(mock.count(), 1);
}

#[test]
fn without_a_runtime_a_check_panics_and_the_handle_goes_on() {
    let mock = Mock::new();
    let (auth, app) = app(mock.builder());
    assert_eq!(check_in(&auth, || ()), None);
    runtime().block_on(async { get(&app, 0).await.assert_ok() });
    assert_eq!(mock.count(), 1);
}
