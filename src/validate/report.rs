//! What a check says to whoever watches: its span, metrics, and the audit trail.

use http::{Extensions, HeaderMap, StatusCode, header};

use super::Validator;
use crate::{
    client::Unavailable,
    cookie::SetCookies,
    credential::{Inquiry, Unusable},
    observe::{AuditEventKind, Caller, Check},
    types::AuthSession,
    verdict::{Heard, Verdict},
};

/// The auth server knows no session for the credential.
pub(super) const NO_SESSION: &str = "no_session";

/// A verdict, and what there is to say about it.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) verdict: Verdict,
    /// In a word; empty where nobody asks for one.
    pub(super) reason: &'static str,
    /// Of the auth server's answer, if there is one.
    pub(super) status: Option<StatusCode>,
    /// What the browser has to be told.
    pub(super) set_cookies: SetCookies,
}

impl Checked {
    /// What no call was made for.
    pub(super) fn remembered(verdict: Verdict) -> Self {
        let reason = match &verdict {
            Verdict::Active(_) | Verdict::Anonymous | Verdict::Unavailable { .. } => "",
            Verdict::Banned(_) => "banned",
            Verdict::SignedOut => NO_SESSION,
        };
        Self {
            verdict,
            reason,
            status: None,
            set_cookies: SetCookies::default(),
        }
    }

    pub(super) fn refused(why: Unusable) -> Self {
        let reason = match why {
            Unusable::TooLarge => "too_large",
            Unusable::Ambiguous => "ambiguous",
        };
        Self {
            verdict: Verdict::SignedOut,
            reason,
            status: None,
            set_cookies: SetCookies::default(),
        }
    }
}

impl Validator {
    /// Closes a check that may have waited.
    pub(super) fn end(&self, check: Check, checked: Checked, inquiry: &Inquiry) -> Heard {
        self.report(&checked, || caller_of(inquiry));
        check.end(&checked.verdict, checked.status);
        Heard {
            verdict: checked.verdict,
            set_cookies: checked.set_cookies,
        }
    }

    /// For the audit trail. Who is let in, or shows no credential, leaves no trace there.
    #[inline]
    pub(super) fn report<'a>(&self, checked: &Checked, caller: impl FnOnce() -> Caller<'a>) {
        let (kind, session) = match &checked.verdict {
            Verdict::Active(_) | Verdict::Anonymous => return,
            Verdict::Banned(session) => (AuditEventKind::SessionBanned, Some(&**session)),
            Verdict::SignedOut => (AuditEventKind::SessionRejected, None),
            Verdict::Unavailable { .. } => {
                return self.audit.unavailable(checked.reason, caller());
            }
        };
        self.audit.request(kind, checked.reason, session, caller());
    }

    pub(super) fn report_ambiguity(&self, inquiry: &Inquiry) {
        let kind = AuditEventKind::SessionAmbiguous;
        self.audit.request(kind, "asked", None, caller_of(inquiry));
    }

    /// A guard's question.
    pub(super) fn report_unanswered(&self, why: &Unavailable, inquiry: &Inquiry) {
        self.audit.unavailable(why.cause.name(), caller_of(inquiry));
    }

    pub(super) fn report_denied(
        &self,
        session: Option<&AuthSession>,
        code: &str,
        caller: Caller<'_>,
    ) {
        let kind = AuditEventKind::AccessDenied;
        self.audit.request(kind, code, session, caller);
    }

    pub(super) fn caller<'a>(&self, headers: &'a HeaderMap, extensions: &Extensions) -> Caller<'a> {
        Caller {
            ip: self.client_ip(headers, extensions),
            user_agent: headers.get(header::USER_AGENT),
        }
    }
}

pub(super) fn caller_of(inquiry: &Inquiry) -> Caller<'_> {
    Caller {
        ip: inquiry.companions.client_ip,
        user_agent: inquiry.user_agent.as_ref(),
    }
}
