//! Chance, for what is not to happen at the same moment everywhere. Not for secrets.

use std::hash::{BuildHasher, RandomState};

/// Between 0 and 1.
pub(crate) fn chance() -> f64 {
    let random = RandomState::new().hash_one(0_u8);
    f64::from(u32::try_from(random >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lies_between_0_and_1_everywhere() {
        let mut quarters = [0; 4];
        for _ in 0..1000 {
            let chance = chance();
            assert!((0.0..=1.0).contains(&chance), "{chance}");
            let of = |limit: &f64| chance > *limit;
            quarters[[0.25, 0.5, 0.75].iter().filter(|it| of(it)).count()] += 1;
        }
        assert!(
            quarters.iter().all(|quarter| *quarter > 100),
            "{quarters:?}"
        );
    }
}
