//! The name of a credential in the cache.

use std::{
    fmt,
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState},
};

use siphasher::sip128::{Hasher128, SipHasher24};

/// 128 bits that stand for a credential. Says nothing about it to anybody who does not know the [`Keys`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(u128);

/// The secret of this process, made anew at every start.
pub(crate) struct Keys {
    secret: (u64, u64),
}

impl Keys {
    pub(crate) fn random() -> Self {
        let random = || RandomState::new().hash_one(0_u8);
        let secret = (random(), random());
        Self { secret }
    }

    /// The key of a credential, which `hash_into` writes into the hasher without running its parts together.
    pub(crate) fn key(&self, hash_into: impl FnOnce(&mut SipHasher24)) -> Key {
        let mut hasher = SipHasher24::new_with_keys(self.secret.0, self.secret.1);
        hash_into(&mut hasher);
        Key(hasher.finish128().as_u128())
    }
}

impl Key {
    /// Which of so many parts of a table it belongs to. Not by the bits that place it within one.
    #[allow(clippy::cast_possible_truncation)]
    pub(super) fn shard(self, shards: usize) -> usize {
        (self.0 >> 64) as usize % shards
    }
}

/// The key is a hash already.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        #[allow(clippy::cast_possible_truncation)]
        state.write_u64(self.0 as u64);
    }
}

/// For the tables that keys are kept in.
pub(super) type AsItIs = BuildHasherDefault<Through>;

/// Hands through what [`Key`] gives it.
#[derive(Debug, Default)]
pub(super) struct Through(u64);

impl Hasher for Through {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_bytes_are_the_same_key_in_however_many_pieces_they_come() {
        let keys = Keys::random();
        let whole = keys.key(|hasher| hasher.write(b"a rather long credential"));
        let pieces = keys.key(|hasher| {
            for piece in [b"a rather ".as_slice(), b"", b"long", b" credential"] {
                hasher.write(piece);
            }
        });
        assert_eq!(whole, pieces);
        assert_ne!(
            whole,
            keys.key(|hasher| hasher.write(b"a rather long credentiaL"))
        );
    }

    #[test]
    fn keys_spread_over_the_tables_that_they_are_kept_in() {
        let (keys, build) = (Keys::random(), AsItIs::default());
        let hash = |number| build.hash_one(keys.key(|hasher| hasher.write_u32(number)));
        let hashes: HashSet<u64> = (0..1000).map(hash).collect();
        assert_eq!(hashes.len(), 1000);
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = Keys::random().key(|hasher| hasher.write(b"a"));
        assert_eq!(format!("{key:?}"), "Key(…)");
    }

    #[test]
    fn another_process_has_other_keys() {
        let key = |keys: &Keys| keys.key(|hasher| hasher.write(b"a"));
        assert_ne!(key(&Keys::random()), key(&Keys::random()));
    }

    #[test]
    fn keys_are_spread_over_all_parts_of_a_table() {
        let keys = Keys::random();
        let mut parts = [0; 4];
        for number in 0..1000 {
            parts[keys.key(|hasher| hasher.write_u32(number)).shard(4)] += 1;
        }
        assert!(parts.iter().all(|part| *part > 100), "{parts:?}");
    }
}
