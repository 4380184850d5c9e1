//! Bodies under way: how much, and how fast.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::{
    client::{BoxError, StreamBody},
    visible::Visible,
};

/// What ends a body before its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("it is larger than allowed")]
    TooLarge,
    #[error("nothing came for {0:?}")]
    TooSlow(Duration),
    #[error("it broke off: {}", Visible(.0))]
    Broken(BoxError),
}

type OnFault = Box<dyn FnOnce(&Fault) + Send>;

/// A body with an eye on it. Trailers are left out: they are for the next hop unless it says otherwise, and Better Auth
/// knows none.
pub(super) struct Watched {
    inner: StreamBody,
    left: u64,
    idle: Duration,
    /// Runs while something is waited for.
    patience: Option<Pin<Box<Sleep>>>,
    on_fault: Option<OnFault>,
}

impl Watched {
    /// At most `limit` bytes, and never nothing for as long as `idle`.
    pub(super) fn new(
        inner: StreamBody,
        limit: u64,
        idle: Duration,
        on_fault: impl FnOnce(&Fault) + Send + 'static,
    ) -> Self {
        Self {
            inner,
            left: limit,
            idle,
            patience: None,
            on_fault: Some(Box::new(on_fault)),
        }
    }

    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Fault>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) else {
            let idle = self.idle;
            let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(idle)));
            ready!(patience.as_mut().poll(cx));
            return Poll::Ready(Some(Err(Fault::TooSlow(idle))));
        };
        self.patience = None;
        Poll::Ready(match frame.map(|frame| frame.map(Frame::into_data)) {
            // Trailers come last.
            None | Some(Ok(Err(_))) => None,
            Some(Err(error)) => Some(Err(Fault::Broken(error))),
            Some(Ok(Ok(data))) => Some(self.count(data)),
        })
    }

    fn count(&mut self, data: Bytes) -> Result<Bytes, Fault> {
        let left = self.left.checked_sub(data.len() as u64);
        self.left = left.ok_or(Fault::TooLarge)?;
        Ok(data)
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let next = ready!(self.next(cx));
        if let Some(Err(fault)) = &next
            && let Some(on_fault) = self.on_fault.take()
        {
            on_fault(fault);
        }
        Poll::Ready(next.map(|data| data.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        sync::{Arc, Mutex},
    };

    use http::HeaderMap;
    use http_body_util::{BodyExt, Full, StreamBody as FromStream};
    use tokio::sync::mpsc;

    use super::*;

    const IDLE: Duration = Duration::from_secs(10);

    type Chunks = mpsc::UnboundedSender<Frame<Bytes>>;
    type Faults = Arc<Mutex<Vec<String>>>;

    /// A body that comes when it is sent.
    struct Coming(mpsc::UnboundedReceiver<Frame<Bytes>>);

    impl Body for Coming {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0.poll_recv(cx).map(|frame| frame.map(Ok))
        }
    }

    fn watched(limit: u64) -> (Chunks, Watched, Faults) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let inner = Coming(receiver)
            .map_err(|never| match never {})
            .boxed_unsync();
        let faults = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&faults);
        let note = move |fault: &Fault| noted.lock().unwrap().push(fault.to_string());
        (sender, Watched::new(inner, limit, IDLE, note), faults)
    }

    fn data(text: &'static str) -> Frame<Bytes> {
        Frame::data(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn the_last_byte_that_is_allowed_passes_and_the_next_does_not() {
        for (text, expected) in [("12345", Some("12345")), ("123456", None)] {
            let (sender, body, faults) = watched(5);
            sender.send(data(&text[..3])).unwrap();
            sender.send(data(&text[3..])).unwrap();
            drop(sender);
            let collected = body
                .collect()
                .await
                .ok()
                .map(http_body_util::Collected::to_bytes);
            assert_eq!(collected.as_deref(), expected.map(str::as_bytes));
            assert_eq!(
                faults.lock().unwrap().len(),
                usize::from(expected.is_none())
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_take_its_time_but_not_fall_silent() {
        let (sender, mut body, faults) = watched(100);
        for _ in 0..5 {
            let _ = tokio::time::timeout(IDLE * 9 / 10, body.frame())
                .await
                .unwrap_err();
            sender.send(data("x")).unwrap();
            body.frame().await.unwrap().unwrap();
        }
        let began = tokio::time::Instant::now();
        assert!(matches!(body.frame().await, Some(Err(Fault::TooSlow(_)))));
        assert_eq!(began.elapsed(), IDLE);
        assert_eq!(*faults.lock().unwrap(), ["nothing came for 10s"]);
    }

    #[tokio::test]
    async fn trailers_are_left_out() {
        let (sender, body, faults) = watched(100);
        sender.send(data("x")).unwrap();
        sender
            .send(Frame::trailers(HeaderMap::from_iter([(
                http::header::ETAG,
                "a".parse().unwrap(),
            )])))
            .unwrap();
        drop(sender);
        let collected = body.collect().await.unwrap();
        assert_eq!(collected.trailers(), None);
        assert_eq!(collected.to_bytes(), "x");
        assert!(faults.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_does_not_end() {
        let frames = futures_util::stream::iter([Ok(data("x")), Err(BoxError::from("reset"))]);
        let inner = FromStream::new(frames).boxed_unsync();
        let body = Watched::new(inner, 100, IDLE, |_| {});
        assert!(matches!(body.collect().await, Err(Fault::Broken(_))));
        let whole = Full::new(Bytes::from_static(b"xyz"))
            .map_err(|never| match never {})
            .boxed_unsync();
        assert_eq!(
            Watched::new(whole, 1, IDLE, |_| {}).size_hint().exact(),
            Some(3)
        );
    }
}
