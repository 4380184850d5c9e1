//! Whether a message is one that Better Auth sent, and sent just now. Pure: the time is given.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use http::{HeaderMap, header::AsHeaderName};

use super::{
    answer::Refusal,
    secret::{BASE64, Secret, Signature},
};

/// How far `webhook-timestamp` may be from this host's clock, before or after: 5 minutes.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// The longest id that is taken.
const LONGEST_ID: usize = 256;

/// As many digits as a time can have.
const LONGEST_TIMESTAMP: usize = 20;

/// The most signatures that are looked at, of however many somebody writes into a header. Nobody exchanges as many secrets
/// at once.
const MOST_SIGNATURES: usize = 16;

/// The headers of a message whose time is good. Whether its signature is has to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signed {
    pub(super) id: String,
    /// Until when the same message could come again.
    pub(super) good_until: SystemTime,
    /// As it was sent, which is how it was signed.
    timestamp: String,
    signatures: Vec<Signature>,
}

impl Signed {
    /// What can be said before the body is read.
    pub(super) fn read(headers: &HeaderMap, now: SystemTime) -> Result<Self, Refusal> {
        let id = only(headers, ID).filter(|id| is_id(id));
        let timestamp = only(headers, TIMESTAMP);
        let at = timestamp.and_then(seconds);
        let signatures = only(headers, SIGNATURE).map(decoded).unwrap_or_default();
        let (Some(id), Some(timestamp), Some(at)) = (id, timestamp, at) else {
            return Err(Refusal::Unsigned);
        };
        if signatures.is_empty() {
            return Err(Refusal::Unsigned);
        }
        Ok(Self {
            id: id.to_owned(),
            good_until: good_until(at, now).ok_or(Refusal::OutOfRange)?,
            timestamp: timestamp.to_owned(),
            signatures,
        })
    }

    pub(super) fn verify(&self, body: &[u8], secrets: &[Secret]) -> Result<(), Refusal> {
        let parts = [
            self.id.as_bytes(),
            b".",
            self.timestamp.as_bytes(),
            b".",
            body,
        ];
        let has_signed = |secret: &Secret| secret.has_signed(&parts, &self.signatures);
        if secrets.iter().any(has_signed) {
            Ok(())
        } else {
            Err(Refusal::Forged)
        }
    }
}

/// A header that came exactly once, as text.
fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Without a full stop, so that no other id, time and body are the same bytes.
fn is_id(id: &str) -> bool {
    let is_visible = |byte: u8| byte.is_ascii_graphic() && byte != b'.';
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(is_visible)
}

fn seconds(text: &str) -> Option<SystemTime> {
    // `parse` alone would take a sign.
    let is_number =
        text.len() <= LONGEST_TIMESTAMP && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = is_number.then(|| text.parse().ok())??;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

fn good_until(at: SystemTime, now: SystemTime) -> Option<SystemTime> {
    let until = at.checked_add(TOLERANCE)?;
    let is_from_the_future = at > now.checked_add(TOLERANCE)?;
    (now <= until && !is_from_the_future).then_some(until)
}

/// The signatures of version 1. There are several while a secret is exchanged; other versions are not ours to read.
fn decoded(header: &str) -> Vec<Signature> {
    let signatures = header.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    signatures
        .filter_map(signature)
        .take(MOST_SIGNATURES)
        .collect()
}

fn signature(encoded: &str) -> Option<Signature> {
    BASE64.decode(encoded).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    /// From the tests of the reference implementations of Standard Webhooks.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const VECTOR: [(&str, &str); 3] = [
        (ID, "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        (TIMESTAMP, "1614265330"),
        (SIGNATURE, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];

    fn sent() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_614_265_330)
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            let name = http::HeaderName::from_static(name);
            (name, HeaderValue::from_str(value).unwrap())
        };
        let mut headers = HeaderMap::new();
        for (name, value) in pairs.iter().map(pair) {
            headers.append(name, value);
        }
        headers
    }

    fn secrets(texts: &[&str]) -> Vec<Secret> {
        let secrets = texts.iter().map(|text| Secret::parse(text).unwrap());
        secrets.collect()
    }

    fn judge(headers: &HeaderMap, body: &[u8], now: SystemTime) -> Result<(), Refusal> {
        Signed::read(headers, now)?.verify(body, &secrets(&[SECRET]))
    }

    fn with(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = headers(&VECTOR);
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn the_vector_of_the_reference_implementations_is_taken() {
        assert_eq!(judge(&headers(&VECTOR), BODY, sent()), Ok(()));
    }

    #[test]
    fn a_byte_of_id_time_body_signature_or_secret_makes_it_forged() {
        let forged = Err(Refusal::Forged);
        let (id, time) = ("msg_p5jXN8AQM9LWM0D4loKWxJel", "1614265331");
        assert_eq!(judge(&with(ID, id), BODY, sent()), forged);
        assert_eq!(judge(&with(TIMESTAMP, time), BODY, sent()), forged);
        let body = br#"{"test": 2432232315}"#;
        assert_eq!(judge(&headers(&VECTOR), body, sent()), forged);
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=";
        assert!(judge(&with(SIGNATURE, signature), BODY, sent()).is_err());
        let other = secrets(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"]);
        let signed = Signed::read(&headers(&VECTOR), sent()).unwrap();
        assert_eq!(signed.verify(BODY, &other), forged);
        assert_eq!(signed.verify(BODY, &[]), forged);
    }

    #[test]
    fn one_right_signature_of_several_is_enough_and_so_is_one_secret() {
        let (_, right) = VECTOR[2];
        let zeros = BASE64.encode([0; 32]);
        for several in [
            format!("v1,{zeros} {right}"),
            format!("{right} v1,{zeros}"),
            format!("v1a,abc v1,??? {right}"),
            right.trim_end_matches('=').to_owned(),
        ] {
            let judged = judge(&with(SIGNATURE, &several), BODY, sent());
            assert_eq!(judged, Ok(()), "{several}");
        }
        let both = secrets(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx", SECRET]);
        let signed = Signed::read(&headers(&VECTOR), sent()).unwrap();
        assert_eq!(signed.verify(BODY, &both), Ok(()));
    }

    #[test]
    fn no_more_signatures_are_looked_at_than_anybody_needs() {
        let (_, right) = VECTOR[2];
        let zeros = format!("v1,{} ", BASE64.encode([0; 32]));
        let judge = |signatures: &str| judge(&with(SIGNATURE, signatures), BODY, sent());
        assert_eq!(judge(&(zeros.repeat(15) + right)), Ok(()));
        let forged = Err(Refusal::Forged);
        assert_eq!(judge(&(zeros.repeat(16) + right)), forged);
        let many = zeros.repeat(50_000) + right;
        assert_eq!(judge(&many), forged);
        let signed = Signed::read(&with(SIGNATURE, &many), sent()).unwrap();
        assert_eq!(signed.signatures.len(), MOST_SIGNATURES);
        // What is none takes up no room.
        for none in [
            "v1a,abc ".to_owned(),
            "v1,abc ".to_owned(),
            format!("v1,{} ", BASE64.encode([0; 31])),
            format!("v1,{} ", BASE64.encode([0; 33])),
            format!("v1,{} ", BASE64.encode([0; 4096])),
        ] {
            let judged = judge(&format!("{}{right}", none.repeat(100)));
            assert_eq!(judged, Ok(()), "{none}");
        }
    }

    #[test]
    fn what_is_missing_doubled_or_malformed_is_unsigned() {
        for name in [ID, TIMESTAMP, SIGNATURE] {
            let mut missing = headers(&VECTOR);
            missing.remove(name);
            let mut doubled = headers(&VECTOR);
            doubled.append(name, doubled[name].clone());
            for headers in [missing, doubled, with(name, "")] {
                let judged = judge(&headers, BODY, sent());
                assert_eq!(judged, Err(Refusal::Unsigned), "{name}");
            }
        }
        let long = "a".repeat(LONGEST_ID + 1);
        for (name, value) in [
            (ID, "msg.1"),
            (ID, "a b"),
            (ID, &*long),
            (TIMESTAMP, "-1"),
            (TIMESTAMP, "+1614265330"),
            (TIMESTAMP, "1614265330.0"),
            (TIMESTAMP, " 1614265330"),
            (TIMESTAMP, "now"),
            (TIMESTAMP, "99999999999999999999999999"),
            (SIGNATURE, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            (SIGNATURE, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            (SIGNATURE, "v1,"),
            (SIGNATURE, "v1,???"),
        ] {
            let judged = judge(&with(name, value), BODY, sent());
            assert_eq!(judged, Err(Refusal::Unsigned), "{name}: {value}");
        }
    }

    #[test]
    fn a_time_of_more_digits_than_any_has_is_none() {
        let judge = |zeros: usize| {
            let time = "0".repeat(zeros) + VECTOR[1].1;
            judge(&with(TIMESTAMP, &time), BODY, sent())
        };
        assert_eq!(judge(10), Err(Refusal::Forged));
        assert_eq!(judge(11), Err(Refusal::Unsigned));
    }

    #[test]
    fn a_message_is_good_for_five_minutes_before_and_after_its_time() {
        let second = Duration::from_secs(1);
        let judge = |now| judge(&headers(&VECTOR), BODY, now);
        let late = Err(Refusal::OutOfRange);
        assert_eq!(TOLERANCE, 300 * second);
        assert_eq!(judge(sent() + TOLERANCE), Ok(()));
        assert_eq!(judge(sent() + TOLERANCE + second), late);
        assert_eq!(judge(sent() - TOLERANCE), Ok(()));
        assert_eq!(judge(sent() - TOLERANCE - second), late);
        assert_eq!(judge(UNIX_EPOCH), late);
        let signed = Signed::read(&headers(&VECTOR), sent()).unwrap();
        assert_eq!(signed.good_until, sent() + TOLERANCE);
    }

    #[test]
    fn a_time_that_no_clock_can_show_is_refused_and_does_not_panic() {
        for time in [i64::MAX.to_string(), u64::MAX.to_string()] {
            let judged = judge(&with(TIMESTAMP, &time), BODY, sent());
            assert!(judged.is_err(), "{time}");
        }
    }

    /// Mostly such that all but the secret is right.
    fn signature() -> impl Strategy<Value = String> {
        let bytes = prop_oneof![any::<[u8; 32]>().prop_map(Vec::from), any::<Vec<u8>>()];
        let of_version_1 = bytes.prop_map(|bytes| format!("v1,{}", BASE64.encode(bytes)));
        let one = prop_oneof![3 => of_version_1, 1 => "[ -~]{0,40}"];
        proptest::collection::vec(one, 1..4).prop_map(|several| several.join(" "))
    }

    proptest! {
        #[test]
        fn nothing_but_the_right_signature_is_taken(
            id in prop_oneof!["[a-zA-Z0-9_]{1,40}", "[ -~]{0,40}"],
            time in prop_oneof![(1_614_265_030_u64..1_614_265_631).prop_map(|at| at.to_string()), "[0-9a-z.+-]{0,22}"],
            signature in signature(),
            body in any::<Vec<u8>>(),
        ) {
            let pairs = [(ID, &*id), (TIMESTAMP, &*time), (SIGNATURE, &*signature)];
            prop_assert!(judge(&headers(&pairs), &body, sent()).is_err());
        }

        #[test]
        fn header_bytes_of_any_kind_are_refused_without_a_panic(
            id in proptest::collection::vec(32_u8.., 0..60), signature in proptest::collection::vec(32_u8.., 0..200),
        ) {
            let mut headers = with(TIMESTAMP, "1614265330");
            for (name, bytes) in [(ID, id), (SIGNATURE, signature)] {
                if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                    headers.insert(name, value);
                    prop_assert!(judge(&headers, BODY, sent()).is_err());
                }
            }
        }
    }
}
