//! From a request to a verdict: the only place where cookies, cache and client meet.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime},
};

use http::{Extensions, HeaderMap};

use crate::{
    client::{Answer, Client, Unavailable},
    credential::{Companions, CredentialPolicy, Inquiry, Presented},
    observe,
    question::{Question, Reply},
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
            Answer::Unavailable(unavailable) => Verdict::Unavailable {
                retry_after: self.retry_after(&unavailable),
            },
        }
    }

    /// Says in the log why there is no answer, and tells when to come back.
    fn retry_after(&self, unavailable: &Unavailable) -> Duration {
        observe::unavailable(&unavailable.cause, unavailable.fix());
        unavailable.retry_after.unwrap_or(self.retry_after)
    }
}

impl Ask for Validator {
    fn inquire(&self, headers: &HeaderMap, extensions: &Extensions) -> Inquiry {
        let presented = self.policy.read(headers);
        let companions = match presented {
            Presented::Credential { .. } => {
                let find = self.client_ip.as_ref();
                Companions::read(headers, find.and_then(|find| find(headers, extensions)))
            }
            Presented::Nothing | Presented::Unusable(_) => Companions::default(),
        };
        Inquiry {
            presented,
            companions,
        }
    }

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

    fn ask_now<'a>(&'a self, inquiry: &'a Inquiry) -> BoxFuture<'a, Verdict> {
        self.ask(inquiry)
    }

    fn ask_about<'a>(
        &'a self,
        inquiry: &'a Inquiry,
        question: &'a Question,
    ) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let Presented::Credential { credential, .. } = &inquiry.presented else {
                observe::misconfigured(
                    "a guard that asks the auth server found no credential: keep the request's cookies until after \
                     the guards",
                );
                return Reply::Misconfigured;
            };
            let reply = self
                .client
                .ask_about(question, credential, &inquiry.companions)
                .await;
            reply.map_or_else(
                |unavailable| Reply::Unavailable {
                    retry_after: self.retry_after(&unavailable),
                },
                noted,
            )
        })
    }
}

/// The only reply that is a mistake of the application's comes from a refused origin.
fn noted(reply: Reply) -> Reply {
    if reply == Reply::Misconfigured {
        observe::misconfigured(
            "the auth server refuses the origin of permission checks: set `origin` to one of its `trustedOrigins`",
        );
    }
    reply
}
