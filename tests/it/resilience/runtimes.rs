//! A runtime that ends takes its calls with it, and nobody else.

use tokio::runtime::{Builder, Runtime};

use super::{app, get, start_many};
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
