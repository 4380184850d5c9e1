//! From a request to a verdict: the only place where cookies, cache and client meet.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime},
};

use http::{Extensions, HeaderMap};

use crate::{
    client::{Answer, Asked, Client, Unavailable},
    cookie,
    credential::{Companions, Credential, CredentialPolicy, Inquiry, Presented},
    observe,
    question::{Question, Replied, Reply},
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
            Answer::Active(session) => {
                let verdict = Verdict::of(session, SystemTime::now());
                if matches!(verdict, Verdict::SignedOut) {
                    observe::advice(
                        "the auth server answered with a session that has ended by this host's clock: if that is not \
                         rare, compare the clocks of the two",
                    );
                }
                verdict
            }
            Answer::SignedOut => Verdict::SignedOut,
            Answer::Unavailable(unavailable) => Verdict::Unavailable {
                retry_after: self.retry_after(Asked::Session, &unavailable),
            },
        }
    }

    /// Says in the log why there is no answer, and tells when to come back.
    fn retry_after(&self, asked: Asked, unavailable: &Unavailable) -> Duration {
        observe::unavailable(asked.name(), &unavailable.cause, unavailable.fix(asked));
        unavailable.retry_after.unwrap_or(self.retry_after)
    }
}

impl Validator {
    /// Says in the log what is wrong, and keeps the cookies that may come back.
    fn note(&self, mut replied: Replied, credential: &Credential) -> Replied {
        // The only reply that is a mistake of the application's.
        if replied.reply == Reply::Misconfigured {
            observe::misconfigured(
                "the auth server refuses the origin of permission checks: set `origin` to one of its `trustedOrigins`",
            );
        }
        let names = &self.policy.cookies;
        let is_of_cookie = credential.is_cookie_alone();
        replied
            .set_cookies
            .retain(|line| is_of_cookie && cookie::may_come_back(line.as_bytes(), names));
        replied
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
            match credential(inquiry) {
                Err(verdict) => verdict,
                Ok(credential) => {
                    self.judge(self.client.ask(credential, &inquiry.companions).await)
                }
            }
        })
    }

    fn ask_now<'a>(&'a self, inquiry: &'a Inquiry) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            match credential(inquiry) {
                Err(verdict) => verdict,
                Ok(credential) => {
                    self.judge(self.client.ask_now(credential, &inquiry.companions).await)
                }
            }
        })
    }

    fn ask_about<'a>(
        &'a self,
        inquiry: &'a Inquiry,
        question: &'a Question,
    ) -> BoxFuture<'a, Replied> {
        Box::pin(async move {
            let Presented::Credential { credential, .. } = &inquiry.presented else {
                observe::misconfigured(
                    "a guard that asks the auth server found no credential: keep the request's cookies until after \
                     the guards",
                );
                return Reply::Misconfigured.into();
            };
            let companions = &inquiry.companions;
            match self
                .client
                .ask_about(question, credential, companions)
                .await
            {
                Ok(replied) => self.note(replied, credential),
                Err(unavailable) => Reply::Unavailable {
                    retry_after: self.retry_after(Asked::about(question), &unavailable),
                }
                .into(),
            }
        })
    }
}

/// What there is to ask with, or the verdict that needs no asking.
fn credential(inquiry: &Inquiry) -> Result<&Credential, Verdict> {
    match &inquiry.presented {
        Presented::Credential {
            credential,
            ambiguous,
        } => {
            if *ambiguous {
                observe::ambiguous();
            }
            Ok(credential)
        }
        Presented::Nothing | Presented::Unusable(_) => {
            Err(Validator::known(inquiry).unwrap_or(Verdict::Anonymous))
        }
    }
}
