use std::fmt;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use hmac::{
    Hmac, KeyInit, Mac,
    digest::{CtOutput, Output},
};
use sha2::Sha256;

/// What a secret begins with, by the rules of Standard Webhooks.
const PREFIX: &str = "whsec_";

/// How many bytes it may have, by the same rules.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// Signatures and secrets come with padding and without.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// As long as all of them are.
pub(super) type Signature = [u8; 32];

/// What both sides know, and nobody else.
#[derive(Clone)]
pub(super) struct Secret(Hmac<Sha256>);

impl Secret {
    /// `Err` says what is wrong with it, and repeats nothing of it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let encoded = text
            .strip_prefix(PREFIX)
            .ok_or("it does not begin with `whsec_`")?;
        let key = BASE64
            .decode(encoded)
            .map_err(|_| "what follows `whsec_` is not base64")?;
        if !LENGTHS.contains(&key.len()) {
            return Err("it does not stand for 24 to 64 bytes");
        }
        let mac = Hmac::new_from_slice(&key).expect("an HMAC takes a key of any length");
        Ok(Self(mac))
    }

    /// Whether one of `signatures` is this secret's for these parts, in the same time for every wrong one. Reads the parts
    /// once, however many are given.
    pub(super) fn has_signed(&self, parts: &[&[u8]], signatures: &[Signature]) -> bool {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        let right = mac.finalize();
        let is_right = |given: &Signature| right == CtOutput::new(Output::<Sha256>::from(*given));
        signatures.iter().any(is_right)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_length(bytes: usize) -> String {
        format!("whsec_{}", BASE64.encode(vec![7; bytes]))
    }

    #[test]
    fn a_secret_has_a_prefix_and_24_to_64_bytes_in_base64() {
        for bytes in [24, 32, 64] {
            let secret = of_length(bytes);
            assert!(Secret::parse(&secret).is_ok(), "{bytes}");
            assert!(Secret::parse(secret.trim_end_matches('=')).is_ok());
        }
        for (secret, why) in [
            (String::new(), "`whsec_`"),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(), "`whsec_`"),
            ("whsec_not base64".to_owned(), "base64"),
            ("whsec_".to_owned(), "24 to 64"),
            (of_length(23), "24 to 64"),
            (of_length(65), "24 to 64"),
        ] {
            assert!(
                Secret::parse(&secret).unwrap_err().contains(why),
                "{secret}"
            );
        }
    }

    #[test]
    fn nobody_sees_it() {
        let secret = Secret::parse(&of_length(32)).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
