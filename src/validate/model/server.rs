//! An auth server that answers when it is told to, and what it is told to.

use std::{
    mem,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use tokio::sync::oneshot;

use super::terms::{Answer, CallId, Credential, user_of};
#[cfg(feature = "proxy")]
use crate::client::{Lost, Sent, StreamBody};
use crate::{
    client::{Cause, Transport},
    verdict::BoxFuture,
};

#[derive(Default)]
pub(super) struct Server {
    arrivals: Mutex<Vec<Arrival>>,
    pending: Arc<AtomicUsize>,
}

/// A call that waits for its answer.
pub(super) struct Arrival {
    pub(super) credential: Credential,
    /// The request that it was made for; `None` for a renewal.
    pub(super) request: Option<usize>,
    pub(super) answer: oneshot::Sender<Response<Bytes>>,
}

impl Server {
    pub(super) fn arrivals(&self) -> Vec<Arrival> {
        mem::take(&mut self.arrivals.lock().unwrap())
    }

    pub(super) fn pending(&self) -> usize {
        self.pending.load(Ordering::SeqCst)
    }
}

impl Transport for Server {
    fn exchange(
        &self,
        request: Request<Bytes>,
        _: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, Cause>> {
        let (answer, answered) = oneshot::channel();
        self.arrivals.lock().unwrap().push(Arrival {
            credential: number(request.headers(), "cookie").unwrap(),
            request: number(request.headers(), "x-request-id"),
            answer,
        });
        let pending = Pending::new(&self.pending);
        Box::pin(async move {
            let _pending = pending;
            answered.await.map_err(|_| Cause::Panicked)
        })
    }

    /// Nobody proxies here.
    #[cfg(feature = "proxy")]
    fn stream(&self, _: Request<StreamBody>) -> BoxFuture<'_, Result<Response<StreamBody>, Lost>> {
        let (cause, sent) = (Cause::Panicked, Sent::No);
        Box::pin(async move { Err(Lost { cause, sent }) })
    }
}

/// What comes behind the last `=`, or all of it.
fn number(headers: &HeaderMap, name: &str) -> Option<usize> {
    let value = headers.get(name)?.to_str().unwrap();
    Some(value.rsplit('=').next()?.parse().unwrap())
}

/// Counts a call until its future is dropped.
struct Pending(Arc<AtomicUsize>);

impl Pending {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The answer in Better Auth's words. The user's name says by which call it was found out.
pub(super) fn response(answer: Answer, credential: Credential, call: CallId) -> Response<Bytes> {
    let response = Response::builder().header("content-type", "application/json");
    let (status, body) = match answer {
        Answer::Active { rest } => (200, session(credential, call, i64::try_from(rest).unwrap())),
        Answer::Over => (200, session(credential, call, -10)),
        Answer::SignedOut => (200, "null".to_owned()),
        Answer::Fault => (500, "null".to_owned()),
        Answer::Nonsense => (200, "{}".to_owned()),
        Answer::LeaveMeAlone { .. } => (429, "null".to_owned()),
    };
    let response = match answer {
        Answer::LeaveMeAlone { seconds } => response.header("x-retry-after", seconds),
        _ => response,
    };
    response.status(status).body(body.into()).unwrap()
}

fn session(credential: Credential, call: CallId, rest: i64) -> String {
    // The clock on the wall moves on while the other is paused: half a second for it.
    let distance = Duration::from_secs(rest.unsigned_abs());
    let end = match rest {
        0.. => SystemTime::now() + distance + Duration::from_millis(500),
        ..0 => SystemTime::now() - distance,
    };
    let (user, end) = (user_of(credential), humantime::format_rfc3339_millis(end));
    format!(
        r#"{{"user":{{"id":"u{user}","name":"{call}"}},"session":{{"id":"s{credential}","userId":"u{user}","expiresAt":"{end}"}}}}"#
    )
}
