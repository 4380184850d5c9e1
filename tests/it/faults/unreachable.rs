//! Nobody there, nobody to be found, or nobody who speaks TLS.

use tower_better_auth::BetterAuth;

use super::{DEADLINE, EPSILON, UNAVAILABLE, assert_outcome};
use crate::support::{
    answer::signed_in,
    nowhere::nowhere,
    probe,
    raw_server::{RawServer, answer},
};

async fn assert_unavailable(url: &str) {
    let auth = BetterAuth::builder(url).deadline(DEADLINE).build();
    let (seen, handled) = probe::ask(auth.unwrap()).await;
    assert!(
        seen.elapsed < DEADLINE + EPSILON,
        "{url} took {:?}",
        seen.elapsed
    );
    assert_outcome(url, &seen, handled, UNAVAILABLE);
}

#[tokio::test]
async fn a_refused_connection_is_unavailable() {
    assert_unavailable(&nowhere()).await;
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_unavailable() {
    assert_unavailable("http://nonexistent.invalid").await;
}

/// TEST-NET-1 of RFC 5737: nobody answers there, or the kernel says that there is no way.
#[tokio::test]
async fn an_address_without_a_route_is_unavailable() {
    assert_unavailable("http://192.0.2.1:9").await;
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_unavailable() {
    let server = RawServer::start(answer(signed_in())).await;
    assert_unavailable(&format!("https://{}", server.address())).await;
    assert!(
        server.requests().is_empty(),
        "the cookie went out in clear text"
    );
}
