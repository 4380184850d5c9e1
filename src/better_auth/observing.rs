//! The settings for whoever watches.

use super::BetterAuthBuilder;
use crate::observe::AuditEvent;

impl BetterAuthBuilder {
    /// Gives audit events to a sink of your own: who was refused and why, and what was revoked.
    ///
    /// The sink runs on a thread of its own, one event at a time. No request waits for it: up to 1024 events do, and
    /// further ones are lost. An event is also lost when the sink fails or panics. How many are lost is logged, at most
    /// once a second, and counted. The thread ends after the last clone of the handle is gone; a process that ends before
    /// takes along what waits.
    ///
    /// Session ids are given to the sink as they are, so that they can be found at the auth server; see [`AuditEvent`].
    /// The address is the one that [`client_ip`](Self::client_ip) finds. By default the events are written to the log,
    /// under the target `tower_better_auth::audit`, with a keyed hash in place of the session id, and those of an outage
    /// once a second for each cause.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_better_auth::BetterAuth;
    ///
    /// let auth = BetterAuth::builder("http://localhost:3000")
    ///     .audit(|event| {
    ///         println!("{}", serde_json::to_string(&event)?);
    ///         Ok(())
    ///     })
    ///     .build()?;
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    pub fn audit<F>(mut self, sink: F) -> Self
    where
        F: FnMut(AuditEvent) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
            + Send
            + 'static,
    {
        self.audit = Some(Box::new(sink));
        self
    }

    /// Finds the trace that the current span belongs to, so that the auth server's spans join it.
    ///
    /// Called for a request that brings no `traceparent` of its own and may have to be asked about, in the span of that
    /// request. What `find` gives is sent as `traceparent` if it is a well-formed one of
    /// [W3C Trace Context](https://www.w3.org/TR/trace-context/#traceparent-header). Not sent by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_better_auth::BetterAuth;
    ///
    /// fn traceparent() -> Option<String> {
    ///     // With `tracing-opentelemetry`, in whichever version the application has:
    ///     // let mut headers = HashMap::new();
    ///     // TraceContextPropagator::new().inject_context(&Span::current().context(), &mut headers);
    ///     // headers.remove("traceparent")
    ///     # None
    /// }
    ///
    /// let auth = BetterAuth::builder("http://localhost:3000")
    ///     .trace_context(traceparent)
    ///     .build()?;
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    pub fn trace_context<F>(mut self, find: F) -> Self
    where
        F: Fn() -> Option<String> + Send + Sync + 'static,
    {
        self.trace_context = Some(Box::new(find));
        self
    }
}
