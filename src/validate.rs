//! From a request to a verdict: the only place where cookies, cache and client meet.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime},
};

use http::{Extensions, HeaderMap};

use crate::{
    client::{Answer, Client},
    credential::{Companions, CredentialPolicy, Inquiry, Presented},
    observe,
    verdict::{Ask, BoxFuture, Verdict},
};

/// Finds the address of the client in the headers or extensions of a request.
pub(crate) type ClientIp = dyn Fn(&HeaderMap, &Extensions) -> Option<IpAddr> + Send + Sync;

/// What all clones of a handle share.
pub(crate) struct Validator {
    pub(crate) policy: CredentialPolicy,
    pub(crate) client: Client,
    pub(crate) client_ip: Option<Box<ClientIp>>,
    /// What a client is told when the auth server did not say when to come back.
    pub(crate) retry_after: Duration,
}

impl Validator {
    /// Takes from a request all that a check needs, so that nothing later can change it.
    pub(crate) fn inquire(&self, headers: &HeaderMap, extensions: &Extensions) -> Inquiry {
        let presented = self.policy.read(headers);
        let companions = match presented {
            Presented::Credential { .. } => {
                let client_ip = self
                    .client_ip
                    .as_ref()
                    .and_then(|find| find(headers, extensions));
                Companions::read(headers, client_ip)
            }
            Presented::Nothing | Presented::Unusable(_) => Companions::default(),
        };
        Inquiry {
            presented,
            companions,
        }
    }

    /// The verdict, where nobody has to be asked for it.
    pub(crate) fn known(inquiry: &Inquiry) -> Option<Verdict> {
        match inquiry.presented {
            Presented::Nothing => Some(Verdict::Anonymous),
            Presented::Unusable(why) => {
                observe::unusable(why);
                Some(Verdict::SignedOut)
            }
            Presented::Credential { .. } => None,
        }
    }

    /// Turns the server's word into a verdict, at the time of now.
    fn judge(&self, answer: Answer) -> Verdict {
        match answer {
            Answer::Active(session) => Verdict::of(session, SystemTime::now()),
            Answer::SignedOut => Verdict::SignedOut,
            Answer::Unavailable(unavailable) => {
                observe::unavailable(&unavailable.cause, unavailable.fix());
                let retry_after = unavailable.retry_after.unwrap_or(self.retry_after);
                Verdict::Unavailable { retry_after }
            }
        }
    }
}

impl Ask for Validator {
    fn ask<'a>(&'a self, inquiry: &'a Inquiry) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            let Presented::Credential {
                credential,
                ambiguous,
            } = &inquiry.presented
            else {
                return Self::known(inquiry).unwrap_or(Verdict::Anonymous);
            };
            if *ambiguous {
                observe::ambiguous();
            }
            let answer = self.client.ask(credential, &inquiry.companions).await;
            self.judge(answer)
        })
    }
}
