//! What [`SessionAuth`](super::SessionAuth) does with a verdict, and with the response.

use std::{cell::RefCell, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, Response,
    header::{self, Entry},
};

use super::layer::{Caching, Settings};
use crate::{
    cookie::SetCookies,
    gate::{Admission, Gate, Learned},
    rejection::{Asked, Rejection, ResponseBody},
    verdict::{Checkpoint, Heard, Lazy, Verdict},
};

pub(super) struct SessionGate {
    settings: Arc<Settings>,
    asked: Asked,
    consulted: Consulted,
    /// How much had been revoked when the request came.
    seen: u64,
    /// What the browser has to be told of the verdict.
    set_cookies: RefCell<SetCookies>,
}

/// Whether the response depends on who sent the request.
pub(super) enum Consulted {
    /// A session was required, and is there when the inner service answers.
    Always,
    /// If anybody wants to know.
    OnDemand(Option<Arc<Lazy>>),
}

impl SessionGate {
    pub(super) fn new<B>(
        settings: &Arc<Settings>,
        request: &Request<B>,
        consulted: Consulted,
        seen: u64,
    ) -> Self {
        Self {
            settings: Arc::clone(settings),
            asked: settings.form.keep(request),
            consulted,
            seen,
            set_cookies: RefCell::default(),
        }
    }

    fn pass_on_cookies(&self, headers: &mut HeaderMap) {
        let set_cookies = match &self.consulted {
            Consulted::OnDemand(Some(question)) => question.answered(),
            Consulted::OnDemand(None) | Consulted::Always => self.set_cookies.take(),
        };
        set_cookies.pass_on(headers);
    }
}

impl Gate for SessionGate {
    fn admit<B>(&self, request: &mut Request<B>, learned: Learned) -> Admission {
        let verdict = match learned {
            Learned::Verdict(Heard {
                verdict,
                set_cookies,
            }) => {
                self.set_cookies.replace(set_cookies);
                verdict
            }
            Learned::Live(verdict) => verdict,
            // This gate asks about nothing else.
            Learned::Reply(..) => return Admission::Refused(Rejection::misconfigured()),
        };
        match Rejection::unless_active(verdict) {
            Ok(session) => {
                let extensions = request.extensions_mut();
                let outer = extensions.get::<Checkpoint>();
                // That of a layer of the same handle further out knows the verdict, and what guards have asked since.
                if !outer.is_some_and(|outer| outer.is_of(&self.settings.validator)) {
                    let asker = self.settings.asker();
                    let verdict = Verdict::Active(session);
                    extensions.insert(Checkpoint::settled(asker, self.seen, verdict));
                }
                Admission::Admitted
            }
            Err(rejection) => Admission::Refused(rejection),
        }
    }

    fn refuse(&self, rejection: Rejection) -> Response<Bytes> {
        let mut response = self.settings.form.render(rejection, &self.asked);
        vary_on(&self.settings.vary, response.headers_mut());
        self.pass_on_cookies(response.headers_mut());
        response
    }

    fn finish<B>(&self, response: Response<B>) -> Response<ResponseBody<B>> {
        let mut response = self.settings.form.render_again(response, &self.asked);
        let (is_consulted, is_signed_in) = match &self.consulted {
            Consulted::Always => (true, true),
            Consulted::OnDemand(None) => (false, false),
            Consulted::OnDemand(Some(question)) => {
                (question.is_consulted(), question.is_signed_in())
            }
        };
        let headers = response.headers_mut();
        if is_consulted {
            vary_on(&self.settings.vary, headers);
        }
        if is_consulted && is_signed_in && self.settings.caching == Caching::PrivateUnlessSet {
            headers.entry(header::CACHE_CONTROL).or_insert(PRIVATE);
        }
        self.pass_on_cookies(headers);
        response
    }
}

const PRIVATE: HeaderValue = HeaderValue::from_static("private");

/// Adds to `Vary` what is not there yet.
fn vary_on(names: &[HeaderValue], headers: &mut HeaderMap) {
    for name in names {
        match headers.entry(header::VARY) {
            Entry::Vacant(vary) => {
                vary.insert(name.clone());
            }
            Entry::Occupied(vary) if is_listed(name, vary.iter()) => {}
            Entry::Occupied(mut vary) => vary.append(name.clone()),
        }
    }
}

fn is_listed<'a>(name: &HeaderValue, lines: impl Iterator<Item = &'a HeaderValue>) -> bool {
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .any(|listed| listed == b"*" || listed.eq_ignore_ascii_case(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vary_gets_what_is_missing_and_nothing_twice() {
        let cases: [(&[&str], &[&str]); 6] = [
            (&[], &["Cookie"]),
            (&["accept"], &["accept", "Cookie"]),
            (&["cookie"], &["cookie"]),
            (&["Accept, COOKIE"], &["Accept, COOKIE"]),
            (&["*"], &["*"]),
            (&["x-cookie", "accept"], &["x-cookie", "accept", "Cookie"]),
        ];
        for (before, expected) in cases {
            let lines = before
                .iter()
                .map(|line| (header::VARY, line.parse().unwrap()));
            let mut headers: HeaderMap = lines.collect();
            vary_on(&[HeaderValue::from_static("Cookie")], &mut headers);
            let after: Vec<_> = headers.get_all(header::VARY).iter().collect();
            assert_eq!(after, expected, "{before:?}");
        }
    }
}
