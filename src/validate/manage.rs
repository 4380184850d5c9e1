//! What users do with their own sessions.

use std::{sync::Arc, time::Duration};

use http::HeaderValue;

use super::{Validator, carry::carried, checks::Finding};
use crate::{
    client::{Asked, Cause, Declined, Listed, Order, Told},
    cookie,
    credential::{Credential, Inquiry, Presented},
    observe,
    verdict::Verdict,
};

/// Why it is not done, or nobody knows whether it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotDone {
    /// The sign-in is too long ago.
    NotFresh,
    Unavailable {
        retry_after: Duration,
    },
    /// It cannot be asked for like this. The log says why.
    Misconfigured,
}

impl Validator {
    /// The sessions of whoever sent the request, who was found signed in.
    pub(crate) async fn list_sessions(&self, inquiry: &Inquiry) -> Result<Vec<Listed>, NotDone> {
        let credential = shown(inquiry)?.clone();
        let (checks, companions) = (Arc::clone(&self.checks), inquiry.companions.clone());
        let list = async move { checks.client.list_sessions(&credential, &companions).await };
        let told = carried(list).await;
        let told = told.unwrap_or_else(|| Told::nothing(Cause::Panicked.into()));
        self.heard(Asked::Sessions, told, inquiry)
    }

    /// Gives the `Set-Cookie` lines that delete what means nothing any more.
    pub(crate) async fn carry_out(
        &self,
        order: &Order,
        inquiry: &Inquiry,
    ) -> Result<Vec<HeaderValue>, NotDone> {
        let credential = shown(inquiry)?;
        let client = self.client();
        let told = client
            .carry_out(order, credential, &inquiry.companions)
            .await;
        let mut lines = self.heard(order.asked(), told, inquiry)?;
        lines.retain(|line| cookie::ends_with_session(line.as_bytes(), &self.policy.cookies));
        Ok(lines)
    }

    /// What has become of a session that was to end. Nobody's request, so that no audit trail takes it for one that was
    /// refused.
    pub(crate) async fn look_again(&self, inquiry: &Inquiry) -> Verdict {
        match &inquiry.presented {
            Presented::Credential(credential) => {
                let checked = self.check_now(credential, &inquiry.companions).await;
                checked.verdict
            }
            Presented::Nothing | Presented::Unusable(_) => Verdict::Anonymous,
        }
    }

    fn heard<T>(
        &self,
        asked: Asked,
        told: Told<Result<T, Declined>>,
        inquiry: &Inquiry,
    ) -> Result<T, NotDone> {
        match told.answer {
            Ok(Ok(heard)) => Ok(heard),
            Ok(Err(Declined::NotFresh)) => Err(NotDone::NotFresh),
            Ok(Err(Declined::Origin)) => {
                observe::misconfigured(
                    "the auth server refuses the origin of this handle: set `origin` to one of its `trustedOrigins`",
                );
                Err(NotDone::Misconfigured)
            }
            Err(unavailable) => {
                let finding = self.checks.unavailable(asked, &unavailable);
                self.report_unanswered(&unavailable, inquiry);
                Err(finding.into())
            }
        }
    }
}

/// Nobody is found signed in without one.
fn shown(inquiry: &Inquiry) -> Result<&Credential, NotDone> {
    match &inquiry.presented {
        Presented::Credential(credential) => Ok(credential),
        Presented::Nothing | Presented::Unusable(_) => Err(NotDone::Misconfigured),
    }
}

impl From<Finding> for NotDone {
    fn from(finding: Finding) -> Self {
        match finding {
            Finding::Unavailable { retry_after, .. } => Self::Unavailable { retry_after },
            Finding::Active(_) | Finding::SignedOut => Self::Misconfigured,
        }
    }
}
