//! Who was refused, and what was revoked, for an audit trail.
//!
//! A request that is let in leaves no event. Without a sink of the application's, events are written to the log.

mod event;
mod log;
mod mailbox;
mod text;

use std::{net::IpAddr, time::SystemTime};

use http::HeaderValue;
use tokio::time::Instant;

pub use self::event::{AuditEvent, AuditEventKind};
pub(crate) use self::mailbox::AuditSink;
use self::{log::Log, mailbox::Mailbox};
use crate::types::AuthSession;

/// Where audit events go.
#[derive(Debug)]
pub(crate) enum Audit {
    Log(Log),
    Sink(Mailbox),
}

/// Who sent a request, as far as the request itself says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Caller<'a> {
    pub(crate) ip: Option<IpAddr>,
    pub(crate) user_agent: Option<&'a HeaderValue>,
}

impl Audit {
    pub(crate) fn new(sink: Option<Box<AuditSink>>) -> Self {
        match sink {
            None => Self::Log(Log::default()),
            Some(sink) => Self::Sink(Mailbox::open(sink)),
        }
    }

    /// Something happened to a request.
    #[cold]
    pub(crate) fn request(
        &self,
        kind: AuditEventKind,
        reason: &str,
        session: Option<&AuthSession>,
        caller: Caller<'_>,
    ) {
        if self.is_heard() {
            self.record(event_of(kind, reason, session, caller));
        }
    }

    /// Nobody could say who sent a request. In an outage that is all of them: the log gets a line a second for each cause,
    /// as for its warnings, and a sink every event.
    #[cold]
    pub(crate) fn unavailable(&self, cause: &'static str, caller: Caller<'_>) {
        let event = || event_of(AuditEventKind::SessionUnavailable, cause, None, caller);
        match self {
            Self::Log(log) if log::is_heard() => {
                if let Some(left_out) = log.pass_outage(cause, Instant::now()) {
                    log.write(&event(), Some(left_out));
                }
            }
            Self::Log(_) => {}
            Self::Sink(mailbox) => mailbox.put(event()),
        }
    }

    /// A session was forgotten, all of a user's, or all.
    pub(crate) fn revoked(&self, reason: &str, user_id: Option<&str>, session_id: Option<&str>) {
        self.record(AuditEvent {
            event: AuditEventKind::SessionRevoked,
            timestamp: SystemTime::now(),
            user_id: user_id.map(text::escape),
            session_id: session_id.map(text::escape),
            ip_address: None,
            user_agent: None,
            reason: text::escape(reason),
        });
    }

    /// Made-up cookies come in floods: nothing is written that nobody reads.
    fn is_heard(&self) -> bool {
        match self {
            Self::Log(_) => log::is_heard(),
            Self::Sink(_) => true,
        }
    }

    fn record(&self, event: AuditEvent) {
        match self {
            Self::Log(log) => log.write(&event, None),
            Self::Sink(mailbox) => mailbox.put(event),
        }
    }
}

fn event_of(
    kind: AuditEventKind,
    reason: &str,
    session: Option<&AuthSession>,
    caller: Caller<'_>,
) -> AuditEvent {
    AuditEvent {
        event: kind,
        timestamp: SystemTime::now(),
        user_id: session.map(|session| text::escape(&session.user.id)),
        session_id: session.map(|session| text::escape(&session.session.id)),
        ip_address: caller.ip.map(|ip| ip.to_canonical()),
        user_agent: caller.user_agent.map(text::of_header),
        reason: text::escape(reason),
    }
}
