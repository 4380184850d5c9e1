//! What leaves a request for the auth server, and nothing else does.

mod companions;

use std::hash::Hasher;

use http::{HeaderMap, HeaderName, HeaderValue, header};

pub(crate) use self::companions::{Companions, REQUEST_ID, TRACEPARENT};
use crate::cookie::{self, CookieNames, Selected};

/// The header of Better Auth's API key plugin.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The bytes that prove who is calling. They decide the answer; every one of them is sensitive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) cookie: Option<HeaderValue>,
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) api_key: Option<HeaderValue>,
    /// Whether one cookie name came more than once.
    pub(crate) is_ambiguous: bool,
}

/// A credential where it lies in a request's headers.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    cookies: Option<Selected<'a>>,
    authorization: Option<&'a HeaderValue>,
    api_key: Option<&'a HeaderValue>,
}

/// What a request shows for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Presented<C> {
    Nothing,
    /// A credential that is refused without a call.
    Unusable(Unusable),
    Credential(C),
}

/// All that one request gives to a call to the auth server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inquiry {
    pub(crate) presented: Presented<Credential>,
    pub(crate) companions: Companions,
    /// For the audit trail. Not sent.
    pub(crate) user_agent: Option<HeaderValue>,
}

/// Why a credential is refused without a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    TooLarge,
    Ambiguous,
}

/// What to do with a request in which one cookie name comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ambiguity {
    LetTheServerDecide,
    Reject,
}

/// Whether a header that may carry a credential is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acceptance {
    Ignored,
    Accepted,
}

/// Which credentials count.
#[derive(Clone, Debug)]
pub(crate) struct CredentialPolicy {
    pub(crate) cookies: CookieNames,
    /// The most bytes of credentials that are forwarded.
    pub(crate) limit: usize,
    pub(crate) ambiguity: Ambiguity,
    pub(crate) bearer: Acceptance,
    pub(crate) api_key: Acceptance,
}

impl CredentialPolicy {
    /// Reads what `headers` present. Pure, copies nothing, and linear in their length.
    pub(crate) fn read<'a>(&self, headers: &'a HeaderMap) -> Presented<Shown<'a>> {
        let shown = Shown {
            cookies: cookie::select(headers, &self.cookies),
            authorization: self.bearer.read(headers, &header::AUTHORIZATION, is_bearer),
            api_key: self
                .api_key
                .read(headers, &API_KEY, |value| !value.is_empty()),
        };
        match shown.len() {
            0 => Presented::Nothing,
            length if length > self.limit => Presented::Unusable(Unusable::TooLarge),
            _ if self.ambiguity == Ambiguity::Reject && shown.is_ambiguous() => {
                Presented::Unusable(Unusable::Ambiguous)
            }
            _ => Presented::Credential(shown),
        }
    }

    /// The request headers that an answer may depend on, for `Vary`.
    pub(crate) fn vary(&self) -> Vec<HeaderValue> {
        let mut vary = vec![HeaderValue::from_static("Cookie")];
        if self.bearer == Acceptance::Accepted {
            vary.push(HeaderValue::from_static("Authorization"));
        }
        if self.api_key == Acceptance::Accepted {
            vary.push(HeaderValue::from_static("X-Api-Key"));
        }
        vary
    }
}

impl Acceptance {
    /// The first line of that name, as Node gives it to Better Auth, if it is one that counts.
    fn read<'a>(
        self,
        headers: &'a HeaderMap,
        name: &HeaderName,
        counts: fn(&[u8]) -> bool,
    ) -> Option<&'a HeaderValue> {
        match self {
            Self::Ignored => None,
            Self::Accepted => headers.get(name).filter(|value| counts(value.as_bytes())),
        }
    }
}

impl Shown<'_> {
    fn len(&self) -> usize {
        let headers = [self.authorization, self.api_key].into_iter().flatten();
        self.cookies.as_ref().map_or(0, Selected::len)
            + headers.map(HeaderValue::len).sum::<usize>()
    }

    /// As [`Credential::is_cookie_alone`].
    pub(crate) fn is_cookie_alone(&self) -> bool {
        self.authorization.is_none() && self.api_key.is_none()
    }

    fn is_ambiguous(&self) -> bool {
        self.cookies.as_ref().is_some_and(Selected::is_ambiguous)
    }

    /// Every byte that decides the answer, just as [`Credential::hash_into`] gives it.
    pub(crate) fn hash_into(&self, hasher: &mut impl Hasher) {
        match &self.cookies {
            None => hash_absence(hasher),
            Some(cookies) => {
                hash_length(cookies.len(), hasher);
                cookies.for_each_piece(|piece| hasher.write(piece));
            }
        }
        hash_header(self.authorization, hasher);
        hash_header(self.api_key, hasher);
    }

    /// A copy that outlives the request; `None` if it cannot be sent.
    pub(crate) fn to_credential(&self) -> Option<Credential> {
        let cookie = match &self.cookies {
            None => None,
            Some(cookies) => Some(cookies.header()?),
        };
        let sensitive = |value: &HeaderValue| {
            let mut value = value.clone();
            value.set_sensitive(true);
            value
        };
        Some(Credential {
            cookie,
            authorization: self.authorization.map(sensitive),
            api_key: self.api_key.map(sensitive),
            is_ambiguous: self.is_ambiguous(),
        })
    }
}

impl Presented<Shown<'_>> {
    pub(crate) fn to_owned(&self) -> Presented<Credential> {
        match self {
            Self::Nothing => Presented::Nothing,
            Self::Unusable(why) => Presented::Unusable(*why),
            Self::Credential(shown) => match shown.to_credential() {
                Some(credential) => Presented::Credential(credential),
                None => Presented::Unusable(Unusable::TooLarge),
            },
        }
    }
}

impl Credential {
    /// Whether the session is that of the cookie. To a client that shows a token, a cookie would be a second credential,
    /// which its browser sends without being told.
    pub(crate) fn is_cookie_alone(&self) -> bool {
        self.authorization.is_none() && self.api_key.is_none()
    }

    /// Every byte that decides the answer, each part with its length in front, so that no two credentials run together.
    pub(crate) fn hash_into(&self, hasher: &mut impl Hasher) {
        for part in [&self.cookie, &self.authorization, &self.api_key] {
            hash_header(part.as_ref(), hasher);
        }
    }
}

fn hash_header(header: Option<&HeaderValue>, hasher: &mut impl Hasher) {
    match header {
        None => hash_absence(hasher),
        Some(header) => {
            hash_length(header.len(), hasher);
            hasher.write(header.as_bytes());
        }
    }
}

fn hash_length(length: usize, hasher: &mut impl Hasher) {
    hasher.write(&(length as u64).to_le_bytes());
}

/// No part is that long.
fn hash_absence(hasher: &mut impl Hasher) {
    hasher.write(&u64::MAX.to_le_bytes());
}

/// Whether it is the scheme `Bearer`, in any case, with something behind it
/// ([RFC 6750, 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
pub(crate) fn is_bearer(value: &[u8]) -> bool {
    const SCHEME: &[u8] = b"bearer ";
    value
        .split_at_checked(SCHEME.len())
        .is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case(SCHEME) && token.iter().any(|byte| *byte != b' ')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(bearer: Acceptance, api_key: Acceptance) -> CredentialPolicy {
        CredentialPolicy {
            cookies: CookieNames::with_prefix("b"),
            limit: 100,
            ambiguity: Ambiguity::LetTheServerDecide,
            bearer,
            api_key,
        }
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    fn presented(
        policy: &CredentialPolicy,
        lines: &[(&'static str, &str)],
    ) -> Presented<Credential> {
        policy.read(&headers(lines)).to_owned()
    }

    fn shown(
        policy: &CredentialPolicy,
        lines: &[(&'static str, &str)],
    ) -> Option<[Option<String>; 3]> {
        let text =
            |value: Option<HeaderValue>| value.map(|value| value.to_str().unwrap().to_owned());
        match presented(policy, lines) {
            Presented::Credential(credential) => Some(
                [
                    credential.cookie,
                    credential.authorization,
                    credential.api_key,
                ]
                .map(text),
            ),
            Presented::Nothing | Presented::Unusable(_) => None,
        }
    }

    #[test]
    fn a_credential_that_is_off_is_ignored() {
        let off = policy(Acceptance::Ignored, Acceptance::Ignored);
        assert_eq!(
            shown(&off, &[("authorization", "Bearer A"), ("x-api-key", "K")]),
            None
        );
        let with_cookie = shown(
            &off,
            &[
                ("authorization", "Bearer A"),
                ("cookie", "b.session_token=C"),
            ],
        );
        assert_eq!(
            with_cookie,
            Some([Some("b.session_token=C".to_owned()), None, None])
        );
    }

    #[test]
    fn a_credential_that_is_on_is_forwarded_as_it_came() {
        let on = policy(Acceptance::Accepted, Acceptance::Accepted);
        for (value, expected) in [
            ("Bearer A.b%3D", true),
            ("bearer A", true),
            ("BEARER A", true),
            ("Bearer ", false),
            ("Bearer    ", false),
            ("Bearer", false),
            ("Basic QQ==", false),
            ("BearerA", false),
        ] {
            let expected = expected.then(|| [None, Some(value.to_owned()), None]);
            assert_eq!(
                shown(&on, &[("authorization", value)]),
                expected,
                "{value:?}"
            );
        }
        assert_eq!(
            shown(&on, &[("x-api-key", "K")]),
            Some([None, None, Some("K".to_owned())])
        );
        assert_eq!(shown(&on, &[("x-api-key", "")]), None);
    }

    #[test]
    fn only_the_first_authorization_line_counts_as_it_does_for_node() {
        let on = policy(Acceptance::Accepted, Acceptance::Ignored);
        assert_eq!(
            shown(
                &on,
                &[
                    ("authorization", "Basic QQ=="),
                    ("authorization", "Bearer A")
                ]
            ),
            None
        );
    }

    #[test]
    fn too_large_a_credential_is_unusable_wherever_it_comes_from() {
        let on = policy(Acceptance::Accepted, Acceptance::Accepted);
        let long = "A".repeat(100);
        for lines in [
            [("cookie", format!("b.session_token={long}"))].to_vec(),
            [("authorization", format!("Bearer {long}"))].to_vec(),
            [("x-api-key", format!("{long}{long}"))].to_vec(),
            [
                ("cookie", format!("b.session_token={}", &long[..60])),
                ("x-api-key", long[..60].to_owned()),
            ]
            .to_vec(),
        ] {
            let lines: Vec<_> = lines
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            assert_eq!(
                presented(&on, &lines),
                Presented::Unusable(Unusable::TooLarge),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn an_ambiguous_request_is_refused_only_by_choice() {
        let lines = [("cookie", "b.session_token=A; b.session_token=B")];
        let mut policy = policy(Acceptance::Ignored, Acceptance::Ignored);
        assert!(matches!(
            presented(&policy, &lines),
            Presented::Credential(Credential {
                is_ambiguous: true,
                ..
            })
        ));
        policy.ambiguity = Ambiguity::Reject;
        assert_eq!(
            presented(&policy, &lines),
            Presented::Unusable(Unusable::Ambiguous)
        );
    }

    #[test]
    fn no_credential_is_shown_by_debug() {
        let on = policy(Acceptance::Accepted, Acceptance::Accepted);
        let lines = [
            ("cookie", "b.session_token=s3cr3t"),
            ("authorization", "Bearer s3cr3t"),
            ("x-api-key", "s3cr3t"),
        ];
        assert!(!format!("{:?}", presented(&on, &lines)).contains("s3cr3t"));
    }

    /// Takes down what it is given.
    #[derive(Default, PartialEq, Debug)]
    struct Bytes(Vec<u8>);

    impl Hasher for Bytes {
        fn write(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }

        fn finish(&self) -> u64 {
            0
        }
    }

    #[test]
    fn a_credential_and_its_copy_hash_alike_and_no_other_does() {
        let on = policy(Acceptance::Accepted, Acceptance::Accepted);
        let requests: [&[(&'static str, &str)]; 11] = [
            &[("cookie", "b.session_token=A")],
            &[("cookie", "b.session_token=A; b.dont_remember=B")],
            &[("cookie", "b.dont_remember=B; b.session_token=A")],
            &[("cookie", "b.session_token=A; b.session_token=A")],
            &[("cookie", "b.session_token=A"), ("x-api-key", "K")],
            &[("x-api-key", "K")],
            &[("authorization", "Bearer K")],
            &[("authorization", "Bearer K"), ("x-api-key", "K")],
            // The same bytes elsewhere, and split elsewhere.
            &[("x-api-key", "Bearer K")],
            &[("authorization", "Bearer KL"), ("x-api-key", "M")],
            &[("authorization", "Bearer K"), ("x-api-key", "LM")],
        ];
        let mut seen = Vec::new();
        for lines in requests {
            let headers = headers(lines);
            let Presented::Credential(shown) = on.read(&headers) else {
                panic!("{lines:?} is a credential");
            };
            let (mut here, mut copy) = (Bytes::default(), Bytes::default());
            shown.hash_into(&mut here);
            shown.to_credential().unwrap().hash_into(&mut copy);
            assert_eq!(here, copy, "{lines:?}");
            assert!(!seen.contains(&here), "{lines:?}");
            seen.push(here);
        }
    }

    #[test]
    fn exactly_as_much_as_may_be_forwarded_is_forwarded() {
        let on = policy(Acceptance::Ignored, Acceptance::Accepted);
        let long = "A".repeat(101);
        assert!(shown(&on, &[("x-api-key", &long[1..])]).is_some());
        assert!(shown(&on, &[("x-api-key", &long)]).is_none());
    }

    #[test]
    fn where_ambiguous_requests_are_refused_all_others_are_not() {
        let policy = CredentialPolicy {
            ambiguity: Ambiguity::Reject,
            ..policy(Acceptance::Ignored, Acceptance::Ignored)
        };
        let lines = [("cookie", "b.session_token=A; b.dont_remember=B")];
        assert!(shown(&policy, &lines).is_some());
    }

    #[test]
    fn answers_vary_on_every_header_that_may_carry_a_credential() {
        use Acceptance::{Accepted, Ignored};
        for (bearer, api_key, expected) in [
            (Ignored, Ignored, &["Cookie"][..]),
            (Accepted, Ignored, &["Cookie", "Authorization"]),
            (Ignored, Accepted, &["Cookie", "X-Api-Key"]),
            (
                Accepted,
                Accepted,
                &["Cookie", "Authorization", "X-Api-Key"],
            ),
        ] {
            assert_eq!(policy(bearer, api_key).vary(), expected);
        }
    }

    #[test]
    fn a_cookie_is_not_alone_beside_a_token_or_a_key() {
        let on = policy(Acceptance::Accepted, Acceptance::Accepted);
        let cookie = ("cookie", "b.session_token=A");
        let (token, key) = (("authorization", "Bearer T"), ("x-api-key", "K"));
        for (lines, expected) in [
            (&[cookie][..], true),
            (&[cookie, token], false),
            (&[cookie, key], false),
            (&[cookie, token, key], false),
        ] {
            let headers = headers(lines);
            let Presented::Credential(shown) = on.read(&headers) else {
                panic!("{lines:?} is a credential");
            };
            assert_eq!(shown.is_cookie_alone(), expected, "{lines:?}");
            let copy = shown.to_credential().unwrap();
            assert_eq!(copy.is_cookie_alone(), expected, "{lines:?}");
        }
    }
}
