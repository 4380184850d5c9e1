//! The auth server's side, as the handler's side sees it.

use std::{sync::Arc, time::SystemTime};

use http::{Extensions, HeaderMap, HeaderValue, header};
use tracing::Instrument;

use super::{
    Validator,
    carry::carried,
    checks::{Landed, SharedEntry},
    report::Checked,
};
use crate::{
    client::{Asked, Lane},
    cookie::{Said, SetCookies},
    credential::{Companions, Credential, Inquiry, Presented},
    observe::{self, Check, Source},
    question::{Question, Refresh, Replied, Reply},
    types::AuthSession,
    verdict::{Ask, BoxFuture, Heard, Verdict, Watchers},
};

impl Ask for Validator {
    fn inquire(&self, headers: &HeaderMap, extensions: &Extensions) -> Inquiry {
        let presented = self.policy.read(headers);
        match &presented {
            Presented::Credential(_) => self.inquiry(&presented, headers, extensions),
            Presented::Nothing | Presented::Unusable(_) => Inquiry {
                presented: presented.to_owned(),
                companions: Companions {
                    client_ip: self.client_ip(headers, extensions),
                    ..Companions::default()
                },
                user_agent: headers.get(header::USER_AGENT).cloned(),
            },
        }
    }

    fn ask<'a>(&'a self, inquiry: &'a Inquiry, refresh: Refresh) -> BoxFuture<'a, Heard> {
        Box::pin(async move {
            let mut check = Check::begin(Source::Fetched);
            let span = check.span();
            let asking = async {
                match self.credential(inquiry) {
                    Err((source, checked)) => {
                        check.comes_from(source);
                        checked
                    }
                    Ok(credential) => {
                        let companions = &inquiry.companions;
                        let refresh = self.refresh(refresh, credential.is_cookie_alone());
                        self.check(credential, companions, refresh, &mut check)
                            .await
                    }
                }
            };
            let checked = asking.instrument(span).await;
            self.end(check, checked, inquiry)
        })
    }

    fn ask_now<'a>(&'a self, inquiry: &'a Inquiry) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            let check = Check::begin(Source::Live);
            let asking = async {
                match self.credential(inquiry) {
                    Err((_, checked)) => checked,
                    Ok(credential) => self.check_now(credential, &inquiry.companions).await,
                }
            };
            let checked = asking.instrument(check.span()).await;
            self.end(check, checked, inquiry).verdict
        })
    }

    fn now(&self) -> SystemTime {
        self.checks.clock.now()
    }

    fn watchers(&self) -> &Arc<Watchers> {
        &self.watchers
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
            let companions = &inquiry.companions;
            let told = client
                .ask_about(question, credential, companions, lane)
                .await;
            match told.answer {
                Ok(reply) => self.replied(reply, told.set_cookies, credential),
                Err(unavailable) => {
                    let finding = self
                        .checks
                        .unavailable(Asked::about(question), &unavailable);
                    self.report_unanswered(&unavailable, inquiry);
                    finding.reply().into()
                }
            }
        })
    }

    fn note_denied(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        session: Option<&AuthSession>,
        code: &str,
    ) {
        let caller = self.caller(headers, extensions);
        self.report_denied(session, code, caller);
    }
}

impl Validator {
    /// What there is to ask with, or the verdict that needs no asking.
    fn credential<'a>(&self, inquiry: &'a Inquiry) -> Result<&'a Credential, (Source, Checked)> {
        match &inquiry.presented {
            Presented::Credential(credential) => {
                if credential.is_ambiguous {
                    observe::ambiguous();
                    self.report_ambiguity(inquiry);
                }
                Ok(credential)
            }
            Presented::Nothing => {
                let checked = Checked::remembered(Verdict::Anonymous);
                Err((Source::Anonymous, checked))
            }
            Presented::Unusable(why) => {
                observe::unusable(*why);
                Err((Source::Refused, Checked::refused(*why)))
            }
        }
    }

    /// Says in the log what is wrong, and keeps the cookies that may come back.
    fn replied(&self, reply: Reply, lines: Vec<HeaderValue>, credential: &Credential) -> Replied {
        // The only reply that is a mistake of the application's.
        if reply == Reply::Misconfigured {
            observe::misconfigured(
                "the auth server refuses the origin of permission checks: set `origin` to one of its `trustedOrigins`",
            );
        }
        let set_cookies = if credential.is_cookie_alone() {
            // A reply about somebody who is signed in.
            self.checks.set_cookies(lines, Said::Active)
        } else {
            SetCookies::default()
        };
        Replied { reply, set_cookies }
    }

    pub(super) async fn check_now(
        &self,
        credential: &Credential,
        companions: &Companions,
    ) -> Checked {
        let (checks, flights) = (Arc::clone(&self.checks), self.flights.share());
        let key = self.key(credential);
        let names = self.names(key, credential);
        let (credential, companions) = (credential.clone(), companions.clone());
        let check = async move {
            let (birth, lane) = (checks.birth(), checks.lane(key));
            let call = async {
                let told = checks.client.ask_now(&credential, &companions, lane).await;
                checks.landed(key, birth, SharedEntry::Possible, Refresh::Never, told)
            };
            let keep = |landed: &Landed| checks.keep(names, landed);
            flights.alone(key, call, keep).await
        };
        let landed = carried(check).await;
        self.checks.count();
        self.checks
            .verdict(landed.unwrap_or_else(|| self.checks.panicked()))
    }
}
