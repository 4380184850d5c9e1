//! The validator and the requests of an episode.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue};

use super::{
    order,
    terms::{Credential, DEADLINE},
};
use crate::{
    client::{BreakerPolicy, Client, CookieCache, Decoder, Endpoint, Limits, Questions, Transport},
    cookie::CookieNames,
    credential::{Acceptance, Ambiguity, CredentialPolicy},
};

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn headers(credential: Credential, request: usize) -> HeaderMap {
    let value = |text: String| HeaderValue::try_from(text).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("cookie", value(format!("b.session_token={credential}")));
    headers.insert("x-request-id", value(request.to_string()));
    headers
}

pub(super) fn policy() -> CredentialPolicy {
    CredentialPolicy {
        cookies: CookieNames::with_prefix("b"),
        limit: 100,
        ambiguity: Ambiguity::LetTheServerDecide,
        bearer: Acceptance::Ignored,
        api_key: Acceptance::Ignored,
    }
}

/// Without retries, which `retry` is tested for: what they wait is random.
pub(super) fn client(transport: Arc<dyn Transport>, places: usize, has_breaker: bool) -> Client {
    let endpoint = Endpoint::parse("http://localhost").unwrap();
    let origin = endpoint.origin();
    let questions = Questions::new(&endpoint, "/s", CookieCache::Bypassed, origin).unwrap();
    let limits = Limits {
        deadline: seconds(DEADLINE),
        max_body: 1000,
        max_concurrency: places,
        retries: 0,
        breaker: has_breaker.then(|| BreakerPolicy {
            failures: order::FAILURES,
            calls: order::CALLS,
            window: seconds(order::WINDOW),
            open: seconds(order::OPEN),
        }),
    };
    Client::new(questions, transport, Decoder::BetterAuth, limits)
}
