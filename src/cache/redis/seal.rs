//! The keys that come of the secret, and what is done with them: names that say nothing, and values that nobody else can
//! make, read or move.

use std::hash::Hasher;

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, Generate, KeyInit, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::cache::SharedKey;

/// Of everything that is written to Redis. Stands in every name and in front of every value.
pub(super) const VERSION: u8 = 1;

const NONCE: usize = 24;

/// The keys of one namespace. None of them can be found from another, or from what lies in Redis.
pub(super) struct Seals {
    names: Hmac<Sha256>,
    pub(super) values: Seal,
    pub(super) bus: Seal,
}

/// Encrypts and authenticates.
pub(super) struct Seal(XChaCha20Poly1305);

impl Seals {
    pub(super) fn new(secret: &[u8], namespace: &str) -> Self {
        let root = Hkdf::<Sha256>::new(Some(b"tower-better-auth"), secret);
        let derive = |label: &str| {
            let mut key = [0; 32];
            let version = [VERSION];
            let info = [&version, label.as_bytes(), b"\0", namespace.as_bytes()];
            root.expand_multi_info(&info, &mut key)
                .expect("32 bytes are few enough");
            key
        };
        Self {
            names: Hmac::new_from_slice(&derive("names")).expect("a key of any length will do"),
            values: Seal::new(&derive("values")),
            bus: Seal::new(&derive("bus")),
        }
    }

    /// Names from now on depend on this, too.
    pub(super) fn within(mut self, scope: &[u8]) -> Self {
        self.names.update(&(scope.len() as u64).to_le_bytes());
        self.names.update(scope);
        self
    }

    pub(super) fn name(&self, hash_into: &mut dyn FnMut(&mut dyn Hasher)) -> SharedKey {
        let mut mac = Names(self.names.clone());
        hash_into(&mut mac);
        SharedKey(mac.0.finalize().into_bytes().into())
    }
}

/// Takes what a credential writes down.
struct Names(Hmac<Sha256>);

impl Hasher for Names {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Not asked for: the whole of it is the name.
    fn finish(&self) -> u64 {
        0
    }
}

impl Seal {
    fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(&(*key).into()))
    }

    /// Nobody without the key can read it, change it, or pass it off under another name. `None` if the system has no
    /// random numbers.
    pub(super) fn seal(&self, name: &str, plain: &[u8]) -> Option<Vec<u8>> {
        let nonce = XNonce::try_generate().ok()?;
        let bound = bound(name);
        let payload = Payload {
            msg: plain,
            aad: &bound,
        };
        let sealed = self.0.encrypt(&nonce, payload).ok()?;
        Some([&[VERSION], nonce.as_slice(), &sealed].concat())
    }

    /// `None` for whatever was not sealed with this key under this name.
    pub(super) fn open(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let sealed = sealed.strip_prefix(&[VERSION])?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let bound = bound(name);
        let payload = Payload {
            msg: sealed,
            aad: &bound,
        };
        self.0.decrypt(&XNonce::from(*nonce), payload).ok()
    }
}

fn bound(name: &str) -> Vec<u8> {
    [&[VERSION], name.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"a secret of at least 32 bytes, so";

    fn name(seals: &Seals, credential: &str) -> [u8; 32] {
        seals
            .name(&mut |hasher| hasher.write(credential.as_bytes()))
            .0
    }

    #[test]
    fn what_was_sealed_opens_under_its_name_and_with_its_key_and_in_no_other_way() {
        let seals = Seals::new(SECRET, "a");
        let sealed = seals.values.seal("name", b"plain").unwrap();
        assert_eq!(
            seals.values.open("name", &sealed).as_deref(),
            Some(&b"plain"[..])
        );
        let others = [
            ("another name", seals.values.open("other", &sealed)),
            ("another key", seals.bus.open("name", &sealed)),
            (
                "another namespace",
                Seals::new(SECRET, "b").values.open("name", &sealed),
            ),
            (
                "another secret",
                Seals::new(&[7; 32], "a").values.open("name", &sealed),
            ),
        ];
        for (what, opened) in others {
            assert_eq!(opened, None, "{what}");
        }
    }

    #[test]
    fn no_byte_of_a_sealed_value_can_be_changed_or_left_out() {
        let seals = Seals::new(SECRET, "a");
        let sealed = seals.values.seal("name", b"plain").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(seals.values.open("name", &changed), None, "{at}");
            assert_eq!(seals.values.open("name", &sealed[..at]), None, "{at}");
        }
    }

    #[test]
    fn what_is_sealed_twice_does_not_look_alike() {
        let seals = Seals::new(SECRET, "a");
        let seal = || seals.values.seal("name", b"plain").unwrap();
        assert_ne!(seal(), seal());
        assert!(!seal().windows(5).any(|window| window == b"plain"));
    }

    #[test]
    fn a_name_is_that_of_one_credential_in_one_scope_of_one_namespace_under_one_secret() {
        let seals = || Seals::new(SECRET, "a");
        let first = name(&seals().within(b"s"), "credential");
        assert_eq!(first, name(&seals().within(b"s"), "credential"));
        for other in [
            name(&seals().within(b"s"), "credentiaL"),
            name(&seals().within(b"t"), "credential"),
            name(&seals().within(b"sc"), "redential"),
            name(&Seals::new(SECRET, "b").within(b"s"), "credential"),
            name(&Seals::new(&[7; 32], "a").within(b"s"), "credential"),
        ] {
            assert_ne!(first, other);
        }
    }
}
