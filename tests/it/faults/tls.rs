//! Whose certificate is believed: a server that cannot prove its name gets nobody's cookie.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
};

use super::{ACTIVE, UNAVAILABLE, assert_outcome, builder};
use crate::support::{
    answer::signed_in,
    child, log, probe,
    raw_server::{RawServer, answer},
    tls::TlsFront,
};

const FIX: &str = "give the server a certificate that this machine trusts";

/// A server that would let everybody in, behind a certificate for `name`.
async fn server(name: &str) -> (RawServer, TlsFront) {
    let inner = RawServer::start(answer(signed_in())).await;
    let front = TlsFront::of(inner.address(), name).await;
    (inner, front)
}

#[test]
fn a_certificate_that_nobody_trusts_is_unavailable_and_no_cookie_is_sent() {
    // A retry is all that it costs, as with any connection that cannot be made.
    for (retries, connections) in [(None, 2), (Some(0), 1)] {
        let ((), log) = log::of(async {
            let (inner, front) = server("localhost").await;
            let builder = match retries {
                Some(retries) => builder(front.url()).retries(retries),
                None => builder(front.url()),
            };
            let (seen, handled) = probe::ask(builder.build().unwrap()).await;
            assert_outcome("not trusted", &seen, handled, UNAVAILABLE);
            assert_eq!((inner.connections(), inner.requests().len()), (0, 0));
            assert_eq!(front.connections(), connections, "{retries:?}");
        });
        assert_says_tls(&log);
    }
}

/// One warning that names the fix, one audit event, and no word of a cookie.
fn assert_says_tls(log: &str) {
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("WARN")).collect();
    let [warning] = warnings[..] else {
        panic!("one line for one outage: {log}");
    };
    assert!(warning.contains("auth server unavailable"), "{warning}");
    assert!(warning.contains(FIX), "{warning}");
    let mut events = log
        .lines()
        .filter(|line| line.contains("session.unavailable"));
    let event = events.next().unwrap_or_default();
    assert!(event.contains("reason=\"tls\""), "{log}");
}

#[cfg(feature = "metrics")]
#[test]
fn a_certificate_that_nobody_trusts_is_counted_as_what_it_is() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        log::of(async {
            let (_inner, front) = server("localhost").await;
            probe::ask(builder(front.url()).build().unwrap()).await
        })
    });
    let counted = snapshotter.snapshot().into_vec().into_iter();
    let causes = counted.filter_map(|(key, ..)| {
        let (_, key) = key.into_parts();
        let mut labels = key.labels().filter(|label| label.key() == "cause");
        labels.next().map(|label| label.value().to_owned())
    });
    assert_eq!(causes.collect::<Vec<_>>(), ["tls"]);
}

/// Where a child process finds the server of its parent.
const URL: &str = "TOWER_BETTER_AUTH_TLS_URL";

/// What this process sees, whose parent has said which certificate it trusts.
async fn assert_seen_by_child(expected: &str) {
    let url = env::var(URL).unwrap();
    let (seen, handled) = probe::ask(builder(&url).build().unwrap()).await;
    assert_outcome(&url, &seen, handled, expected);
}

/// Runs `test` in a child process on a machine that trusts the server's certificate.
async fn run_trusting(server: &TlsFront, test: &str) {
    let trusted = Trusted::new(server);
    let path = trusted.0.to_str().unwrap();
    let set = [(URL, &*server.url()), ("SSL_CERT_FILE", path)];
    child::run(test, &set, &["SSL_CERT_DIR"]).await;
}

/// A file of trusted certificates, for as long as this lives.
struct Trusted(PathBuf);

impl Trusted {
    fn new(server: &TlsFront) -> Self {
        let name = format!("trusted-{}-{}.pem", process::id(), server.port());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&path, server.certificate()).unwrap();
        Self(path)
    }
}

impl Drop for Trusted {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg_attr(
    not(target_os = "linux"),
    ignore = "takes certificates from the system alone"
)]
#[tokio::test]
async fn a_certificate_that_this_machine_trusts_lets_the_user_in() {
    if child::is_child() {
        return assert_seen_by_child(ACTIVE).await;
    }
    let (inner, front) = server("localhost").await;
    run_trusting(
        &front,
        concat!(
            module_path!(),
            "::a_certificate_that_this_machine_trusts_lets_the_user_in"
        ),
    )
    .await;
    assert_eq!(inner.requests().len(), 1);
}

#[cfg_attr(
    not(target_os = "linux"),
    ignore = "takes certificates from the system alone"
)]
#[tokio::test]
async fn a_trusted_certificate_for_another_name_is_unavailable_and_no_cookie_is_sent() {
    if child::is_child() {
        return assert_seen_by_child(UNAVAILABLE).await;
    }
    let (inner, front) = server("auth.example").await;
    run_trusting(
        &front,
        concat!(
            module_path!(),
            "::a_trusted_certificate_for_another_name_is_unavailable_and_no_cookie_is_sent"
        ),
    )
    .await;
    assert_eq!((inner.connections(), inner.requests().len()), (0, 0));
    assert_eq!(front.connections(), 2);
}
