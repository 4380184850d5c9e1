//! What the reference speaks of.

pub(super) type Credential = usize;
pub(super) type CallId = usize;

pub(super) const TTL: u64 = 20;
pub(super) const DEADLINE: u64 = 5;

/// Two credentials to a user.
pub(super) fn user_of(credential: Credential) -> usize {
    credential / 2
}

/// What the server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// For `rest` seconds more.
    Active {
        rest: u64,
    },
    /// Active, with an end that has passed.
    Over,
    SignedOut,
    Fault,
    Nonsense,
    LeaveMeAlone {
        seconds: u64,
    },
}

/// What somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Found out by this call.
    Active(CallId),
    SignedOut,
    Unavailable,
}

/// What a request has to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Now(Told),
    With(CallId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Shared,
    Live,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Queued,
    AtServer,
    /// Over, with what it came to; nothing if it was given up.
    Over(Option<Told>),
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) credential: Credential,
    /// The request that it was made for; `None` for a renewal.
    pub(super) request: Option<usize>,
    pub(super) kind: Kind,
    pub(super) is_known: bool,
    pub(super) stage: Stage,
    pub(super) began: u64,
    pub(super) began_at: u64,
    pub(super) period: u64,
    /// Until when its answer may be believed.
    pub(super) good_until: u64,
}
