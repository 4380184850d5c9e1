//! Work that goes on though whoever waits for it is not polled.
//!
//! A check holds a place, and may be the only one that the circuit breaker lets through; its deadline passes only while
//! somebody polls it. A lease is polled by the body of a response, and that for as long as the client reads.

use std::future::Future;

use tokio::task::JoinSet;
use tracing::Instrument;

/// Has it carried by a task of its own, which is given up with this future. `None` if it panicked.
///
/// # Panics
///
/// Outside of a Tokio runtime.
pub(super) async fn carried<F>(work: F) -> Option<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let mut task = JoinSet::new();
    task.spawn(work.in_current_span());
    task.join_next().await?.ok()
}
