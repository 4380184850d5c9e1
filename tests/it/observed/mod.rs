//! What operators get to see: spans, warnings, metrics, audit events.

mod audit;
#[cfg(feature = "metrics")]
mod dashboard;
#[cfg(feature = "metrics")]
mod metrics;
mod one_line;
mod source;
mod spans;
mod warnings;

use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// The `Cookie` header of the browser with that number.
fn cookie_of(number: usize) -> String {
    format!("better-auth.session_token=t0ken{number}.c2ln")
}
