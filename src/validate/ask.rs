//! The auth server's side, as the handler's side sees it.

use std::time::SystemTime;

use http::{Extensions, HeaderMap};

use super::Validator;
use crate::{
    client::Asked,
    credential::{Companions, Credential, Inquiry, Presented},
    observe,
    question::{Question, Replied, Reply},
    verdict::{Ask, BoxFuture, Verdict},
};

impl Ask for Validator {
    fn inquire(&self, headers: &HeaderMap, extensions: &Extensions) -> Inquiry {
        let presented = self.policy.read(headers);
        match &presented {
            Presented::Credential(_) => self.inquiry(&presented, headers, extensions),
            Presented::Nothing | Presented::Unusable(_) => Inquiry {
                presented: presented.to_owned(),
                companions: Companions::default(),
            },
        }
    }

    fn ask<'a>(&'a self, inquiry: &'a Inquiry) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            match credential(inquiry) {
                Err(verdict) => verdict,
                Ok(credential) => self.check(credential, &inquiry.companions).await,
            }
        })
    }

    fn ask_now<'a>(&'a self, inquiry: &'a Inquiry) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            match credential(inquiry) {
                Err(verdict) => verdict,
                Ok(credential) => {
                    let born = self.checks.generation();
                    let client = &self.checks.client;
                    let answer = client.ask_now(credential, &inquiry.companions).await;
                    let (key, finding) = (self.key(credential), self.checks.finding(answer));
                    // A call that began before must not undo what was learnt just now.
                    self.flights
                        .overrule(key, || self.checks.keep(key, &finding, born));
                    finding.verdict(self.now())
                }
            }
        })
    }

    fn now(&self) -> SystemTime {
        self.checks.clock.now()
    }

    fn ask_about<'a>(
        &'a self,
        inquiry: &'a Inquiry,
        question: &'a Question,
    ) -> BoxFuture<'a, Replied> {
        Box::pin(async move {
            let Presented::Credential(credential) = &inquiry.presented else {
                observe::misconfigured(
                    "a guard that asks the auth server found no credential: keep the request's cookies until after \
                     the guards",
                );
                return Reply::Misconfigured.into();
            };
            let client = &self.checks.client;
            match client
                .ask_about(question, credential, &inquiry.companions)
                .await
            {
                Ok(replied) => self.note(replied, credential),
                Err(unavailable) => {
                    let finding = self
                        .checks
                        .unavailable(Asked::about(question), &unavailable);
                    finding.reply().into()
                }
            }
        })
    }
}

/// What there is to ask with, or the verdict that needs no asking.
fn credential(inquiry: &Inquiry) -> Result<&Credential, Verdict> {
    match &inquiry.presented {
        Presented::Credential(credential) => {
            if credential.is_ambiguous {
                observe::ambiguous();
            }
            Ok(credential)
        }
        Presented::Nothing | Presented::Unusable(_) => {
            Err(Validator::known(inquiry).unwrap_or(Verdict::Anonymous))
        }
    }
}
