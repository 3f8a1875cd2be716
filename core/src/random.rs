//! Random numbers that are the same on every machine.

/// The odd number nearest 2^64 divided by the golden ratio.
pub const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The generator SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): small, fast
/// and uniform for any seed. Not for secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The sequence of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any whole number.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number of at least 0 and below 1, a multiple of 2^-53.
    pub const fn unit(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number of at least 0 and below 1, a multiple of 2^-24.
    pub const fn unit_f32(&mut self) -> f32 {
        (self.number() >> 40) as f32 / (1_u32 << 24) as f32
    }
}

/// The generator's finaliser: a bijection in which every input bit affects every output bit. 0 stays 0.
pub const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut random = SplitMix64::new(1_234_567);
        assert_eq!([random.number(), random.number()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn units_are_uniform() {
        let mut random = SplitMix64::new(5);
        let (mut sum, mut least, mut most) = (0.0, 1.0_f64, 0.0_f64);
        for _ in 0..10_000 {
            for unit in [random.unit(), f64::from(random.unit_f32())] {
                assert!((0.0..1.0).contains(&unit));
                (sum, least, most) = (sum + unit, least.min(unit), most.max(unit));
            }
        }
        assert!((sum / 20_000.0 - 0.5).abs() < 0.01 && least < 0.001 && most > 0.999);
    }
}
