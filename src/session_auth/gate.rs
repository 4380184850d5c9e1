//! What [`SessionAuth`](super::SessionAuth) does with a verdict, and with the response.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header};

use super::layer::{Caching, Settings};
use crate::{
    gate::Gate,
    rejection::{self, Rejection},
    verdict::{Ask, Checkpoint, Lazy, Verdict},
};

pub(super) struct SessionGate {
    settings: Settings,
    asker: Arc<dyn Ask>,
    /// `None` where a verdict was required, and so was active when the inner service was called.
    question: Option<Arc<Lazy>>,
}

impl SessionGate {
    pub(super) fn required(settings: &Settings, asker: Arc<dyn Ask>) -> Self {
        Self::optional(settings, asker, None)
    }

    pub(super) fn optional(
        settings: &Settings,
        asker: Arc<dyn Ask>,
        question: Option<Arc<Lazy>>,
    ) -> Self {
        Self {
            settings: settings.clone(),
            asker,
            question,
        }
    }
}

impl Gate for SessionGate {
    fn admit<B>(&self, request: &mut Request<B>, verdict: Verdict) -> Result<(), Rejection> {
        let session = Rejection::unless_active(verdict)?;
        let verdict = Verdict::Active(session);
        let checkpoint = Checkpoint::settled(Arc::clone(&self.asker), verdict);
        request.extensions_mut().insert(checkpoint);
        Ok(())
    }

    fn refuse(&self, rejection: Rejection) -> Response<Bytes> {
        let mut response = rejection::render(rejection);
        vary_on(&self.settings.vary, response.headers_mut());
        response
    }

    fn finish<B>(&self, response: &mut Response<B>) {
        let (is_consulted, is_signed_in) = match &self.question {
            None => (true, true),
            Some(question) => (question.is_consulted(), question.is_signed_in()),
        };
        if is_consulted {
            vary_on(&self.settings.vary, response.headers_mut());
        }
        if is_consulted && is_signed_in && self.settings.caching == Caching::PrivateUnlessSet {
            response
                .headers_mut()
                .entry(header::CACHE_CONTROL)
                .or_insert(HeaderValue::from_static("private"));
        }
    }
}

/// Adds to `Vary` what is not there yet.
fn vary_on(names: &[&'static str], headers: &mut HeaderMap) {
    for name in names {
        if !varies_on(name, headers) {
            headers.append(header::VARY, HeaderValue::from_static(name));
        }
    }
}

fn varies_on(name: &str, headers: &HeaderMap) -> bool {
    headers
        .get_all(header::VARY)
        .iter()
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
            vary_on(&["Cookie"], &mut headers);
            let after: Vec<_> = headers.get_all(header::VARY).iter().collect();
            assert_eq!(after, expected, "{before:?}");
        }
    }
}
