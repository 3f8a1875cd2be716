//! Random numbers that depend on their use and position, not on earlier draws.

use super::Use;
use bunraku_core::random::{STEP, SplitMix64, mix};

/// A sequence of random numbers: [`SplitMix64`], started from a seed, a use and an index. The same on every machine and
/// device.
#[derive(Clone, Debug)]
pub struct Random(SplitMix64);

impl Random {
    /// The sequence of item `index` of a use.
    pub fn new(seed: u64, purpose: Use, index: u64) -> Self {
        let of_use = mix(mix(seed).wrapping_add(STEP.wrapping_mul(purpose as u64)));
        Self(SplitMix64::new(mix(of_use.wrapping_add(STEP.wrapping_mul(index)))))
    }

    /// Any whole number.
    pub fn number(&mut self) -> u64 {
        self.0.number()
    }

    /// A number of at least 0 and below 1, a multiple of 2^-24.
    pub fn unit(&mut self) -> f32 {
        self.0.unit_f32()
    }

    /// A whole number below `limit`, which is above 0; the bias is below `limit` / 2^64.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.number()) * u128::from(limit)) >> 64) as u64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// The numbers below `len` in random order (Fisher and Yates).
    pub fn permutation(&mut self, len: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..len as u32).collect();
        for last in (1..len).rev() {
            order.swap(last, self.below(last as u64 + 1) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Earlier versions' sequences must not change: trainings resume, and held-out poses stay the same.
    #[test]
    fn sequences_never_change() {
        let mut random = Random::new(1, Use::Poses, 2);
        assert_eq!([random.number(), random.number()], [12_566_964_641_710_579_400, 10_341_914_940_364_252_763]);
        assert_eq!(random.unit(), 16_373_957.0 / 16_777_216.0);
    }

    #[test]
    fn each_seed_use_and_index_has_its_own_sequence() {
        let first = |seed, purpose, index| Random::new(seed, purpose, index).number();
        let all = [
            first(1, Use::Poses, 0),
            first(2, Use::Poses, 0),
            first(1, Use::Replay, 0),
            first(1, Use::Poses, 1),
            first(0, Use::Poses, 0),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one));
            assert_ne!(*one, 0);
        }
    }

    #[test]
    fn numbers_fill_their_range_evenly() {
        let mut random = Random::new(5, Use::Weights, 0);
        let mean = (0..10_000).map(|_| random.unit()).sum::<f32>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        let mut counts = [0; 7];
        for _ in 0..7000 {
            counts[random.below(7) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        let mut order = random.permutation(100);
        assert!(order.windows(2).any(|pair| pair[0] > pair[1]));
        order.sort_unstable();
        assert!(order.into_iter().eq(0..100));
    }
}
