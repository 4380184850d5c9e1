//! One call: its turn, as many attempts as it takes, and the deadline over all of it.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Poll,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    Client, Lane,
    error::{Cause, Unavailable},
};
use crate::{
    observe::{self, Fetch, Waiting},
    verdict::BoxFuture,
};

/// How far a call has come, also when it is cut off.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) attempts: u32,
    pub(super) status: Option<StatusCode>,
    pub(super) set_cookies: Vec<HeaderValue>,
}

impl Client {
    pub(super) async fn within_deadline<T>(
        &self,
        request: Request<Bytes>,
        lane: Lane,
        read: impl Fn(Response<Bytes>) -> Result<T, Unavailable>,
        progress: &mut Progress,
    ) -> Result<T, Unavailable> {
        let deadline = self.limits.deadline;
        let end = Instant::now() + deadline;
        let waiting = Waiting::begin();
        let place = timeout_at(end, self.lanes.enter(lane)).await;
        let place = place.map_err(|_| Cause::Busy(deadline))?;
        let place = place.ok_or(Cause::Crowded)?;
        drop(waiting);
        let result = timeout_at(end, self.attempts(&request, read, progress)).await;
        drop(place);
        result.unwrap_or_else(|_| Err(Cause::Deadline(deadline).into()))
    }

    async fn attempts<T>(
        &self,
        request: &Request<Bytes>,
        read: impl Fn(Response<Bytes>) -> Result<T, Unavailable>,
        progress: &mut Progress,
    ) -> Result<T, Unavailable> {
        self.retries.begin();
        loop {
            progress.attempts += 1;
            progress.status = None;
            progress.set_cookies.clear();
            let fetch = Fetch::begin();
            let exchange = self
                .transport
                .exchange(request.clone(), self.limits.max_body);
            let response = or_panicked(exchange, || Cause::Panicked).await;
            if let Ok(response) = &response {
                progress.status = Some(response.status());
                let lines = response.headers().get_all(header::SET_COOKIE);
                progress.set_cookies.extend(lines.iter().cloned());
            }
            fetch.end(response.as_ref().map(Response::status).map_err(Cause::name));
            let result = response.map_err(Unavailable::from).and_then(&read);
            let Err(unavailable) = &result else {
                return result;
            };
            match self.retries.next(progress.attempts, &unavailable.cause) {
                Some(wait) => {
                    sleep(wait).await;
                    observe::retried();
                }
                None => return result,
            }
        }
    }
}

/// A transport that panics is one that failed: whoever waits is answered, whichever task carries the call.
pub(super) async fn or_panicked<T, E>(
    mut exchange: BoxFuture<'_, Result<T, E>>,
    panicked: fn() -> E,
) -> Result<T, E> {
    poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| exchange.as_mut().poll(cx)))
            .unwrap_or_else(|_| Poll::Ready(Err(panicked())))
    })
    .await
}
