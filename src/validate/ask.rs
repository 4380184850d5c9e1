//! The auth server's side, as the handler's side sees it.

use http::{Extensions, HeaderMap};

use super::{Validator, checks::Landed};
use crate::{
    client::{Asked, Lane},
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
                    let (checks, key) = (&self.checks, self.key(credential));
                    let (born, lane) = (checks.generation(), checks.lane(key));
                    let call = async {
                        let companions = &inquiry.companions;
                        let answer = checks.client.ask_now(credential, companions, lane).await;
                        Landed {
                            finding: checks.finding(key, answer),
                            born,
                        }
                    };
                    let keep = |landed: &Landed| checks.keep(key, landed);
                    let Landed { finding, .. } = self.flights.alone(key, call, keep).await;
                    finding.verdict()
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
            let Presented::Credential(credential) = &inquiry.presented else {
                observe::misconfigured(
                    "a guard that asks the auth server found no credential: keep the request's cookies until after \
                     the guards",
                );
                return Reply::Misconfigured.into();
            };
            let client = &self.checks.client;
            // Guards run for nobody else.
            let lane = Lane::Known;
            match client
                .ask_about(question, credential, &inquiry.companions, lane)
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
