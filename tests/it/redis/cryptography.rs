//! The cryptography of rustls, which there is one of in a process: each test is one.

use rustls::crypto::CryptoProvider;
use tower_better_auth::Redis;

use super::{SECRET, builder, listening, redis};
use crate::support::{child, mock::Mock, redis::RedisServer};

macro_rules! in_a_process_of_its_own {
    ($name:ident, $test:block) => {
        #[tokio::test]
        async fn $name() {
            if !child::is_child() {
                return child::run(concat!(module_path!(), "::", stringify!($name)), &[], &[])
                    .await;
            }
            assert!(!is_chosen());
            $test
        }
    };
}

fn is_chosen() -> bool {
    CryptoProvider::get_default().is_some()
}

in_a_process_of_its_own!(without_tls_it_is_left_to_the_application, {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    // Connected, and heard.
    let (auth, _) = listening(builder(&mock, redis(server.url()))).await;
    let watch = auth.watch_secondary_storage(server.url(), "").unwrap();
    tokio::spawn(watch);
    server.until_watched().await;
    assert!(!is_chosen());
});

in_a_process_of_its_own!(without_tls_a_cluster_leaves_it_to_the_application, {
    let (mock, server) = (Mock::new(), RedisServer::start_cluster().await);
    listening(builder(&mock, Redis::cluster([server.url()], SECRET))).await;
    assert!(!is_chosen());
});

in_a_process_of_its_own!(with_tls_it_is_chosen_when_the_handle_is_built, {
    let tls = redis("rediss://localhost".to_owned());
    builder(&Mock::new(), tls).build().unwrap();
    assert!(is_chosen());
});

in_a_process_of_its_own!(a_cluster_with_tls_has_it_chosen_as_well, {
    let tls = Redis::cluster(["rediss://localhost", "rediss://elsewhere"], SECRET);
    builder(&Mock::new(), tls).build().unwrap();
    assert!(is_chosen());
});
