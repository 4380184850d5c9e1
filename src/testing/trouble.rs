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
