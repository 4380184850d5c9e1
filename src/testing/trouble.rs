//! What goes wrong at an [`AuthServer`], and what it has seen.

use std::time::Duration;

use super::{AuthServer, Fault, RecordedRequest, SignedIn, listener::Door};

impl AuthServer {
    /// Fails all that this crate asks, from `get-session` to `sign-out`, in this way until [`recover`](Self::recover).
    pub fn fail_with(&self, fault: Fault) {
        self.begin(fault, None);
    }

    /// Fails as often as this and not again: for what is retried, and for what comes back by itself.
    ///
    /// # Panics
    ///
    /// For [`Fault::Refused`] at a server with a socket: what never gets there cannot be counted.
    #[track_caller]
    pub fn fail_next(&self, times: usize, fault: Fault) {
        assert!(
            self.running.is_none() || !matches!(fault, Fault::Refused),
            "a connection that is refused cannot be counted: use `fail_with`, or `AuthServer::in_process`"
        );
        self.begin(fault, Some(times));
    }

    /// Ends the fault. Calls that hang already go on hanging.
    pub fn recover(&self) {
        self.shared.state().trouble.end();
        self.set_door(Door::Open);
    }

    /// Lets every answer take so long from now on. Defaults to no time at all.
    pub fn answer_after(&self, latency: Duration) {
        self.shared.state().trouble.latency = latency;
    }

    fn begin(&self, fault: Fault, times: Option<usize>) {
        let door = match fault {
            Fault::Refused => Door::Shut,
            _ => Door::Open,
        };
        self.shared.state().trouble.begin(fault, times);
        self.set_door(door);
    }

    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.state().requests.clone()
    }

    /// Counts anew from here.
    pub fn forget_requests(&self) {
        self.shared.state().requests.clear();
    }

    /// How many times somebody asked for a session.
    #[must_use]
    pub fn session_calls(&self) -> usize {
        self.count(|_| true)
    }

    /// How many times somebody asked for this session.
    #[must_use]
    pub fn session_calls_of(&self, session: &SignedIn) -> usize {
        self.count(|request| session.sent(request))
    }

    fn count(&self, is_meant: impl Fn(&RecordedRequest) -> bool) -> usize {
        let state = self.shared.state();
        let is_call = |request: &&RecordedRequest| {
            request.uri.path().ends_with("/get-session") && is_meant(request)
        };
        state.requests.iter().filter(is_call).count()
    }
}

/// What goes wrong, and for how long.
#[derive(Default)]
pub(super) struct Trouble {
    fault: Option<Fault>,
    /// How many answers it spoils; `None` for all.
    rest: Option<usize>,
    /// How long every answer takes.
    pub(super) latency: Duration,
}

impl Trouble {
    pub(super) fn begin(&mut self, fault: Fault, times: Option<usize>) {
        self.fault = Some(fault);
        self.rest = times;
    }

    pub(super) fn end(&mut self) {
        self.fault = None;
    }

    /// The connection is refused, so that nothing arrives.
    pub(super) fn refuses(&mut self) -> bool {
        matches!(self.fault, Some(Fault::Refused)) && self.next().is_some()
    }

    /// The fault of the next answer.
    pub(super) fn next(&mut self) -> Option<Fault> {
        if let Some(rest) = &mut self.rest {
            *rest = rest.checked_sub(1)?;
        }
        self.fault.clone()
    }
}
