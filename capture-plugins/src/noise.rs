//! Smooth random motion: a pure function of seed and time, the same on every machine.

use bunraku_core::random::SplitMix64;

/// Random numbers looked up by position rather than drawn in sequence, so equal queries give equal answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noise {
    seed: u64,
}

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The number in [0, 1) of the `index`-th event of `sequence`.
    pub(crate) fn at(self, sequence: u64, index: i64) -> f64 {
        let of_sequence = SplitMix64::new(self.seed ^ sequence.wrapping_mul(0xd1b5_4a32_d192_ed03)).number();
        SplitMix64::new(of_sequence ^ index as u64).unit()
    }

    /// Three octaves of smooth noise in (-1, 1); the slowest varies about `hertz` times a second.
    pub(crate) fn drift(self, sequence: u64, hertz: f64, time: f64) -> f64 {
        let layers = [(1.0, 1.0), (2.1, 0.5), (4.3, 0.25)];
        let sum: f64 = layers
            .into_iter()
            .zip(0..)
            .map(|((speed, weight), layer)| weight * self.smooth(sequence * 8 + layer, time * hertz * speed))
            .sum();
        sum / layers.iter().map(|layer| layer.1).sum::<f64>()
    }

    /// Random values in [-1, 1) at integer positions, interpolated with continuous speed and acceleration.
    fn smooth(self, sequence: u64, position: f64) -> f64 {
        let index = position.floor();
        let [from, to] = [0, 1].map(|step| 2.0 * self.at(sequence, index as i64 + step) - 1.0);
        from + (to - from) * ease(position - index)
    }
}

/// Perlin's quintic fade: 0 to 1 as `t` goes from 0 to 1, clamped, with zero speed and acceleration at both ends.
pub(crate) fn ease(t: f64) -> f64 {
    let t = t.clamp(0.0, 1.0);
    t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_is_smooth_and_bounded_and_depends_on_the_seed() {
        let (one, two) = (Noise::new(1), Noise::new(2));
        let mut apart: f64 = 0.0;
        for step in 0..10_000 {
            let time = f64::from(step) * 0.01;
            let (now, next) = (one.drift(3, 0.5, time), one.drift(3, 0.5, time + 0.01));
            assert!(now.abs() < 1.0 && (next - now).abs() < 0.06, "{now} to {next} at {time}");
            assert_eq!(now, Noise::new(1).drift(3, 0.5, time));
            apart = apart.max((now - two.drift(3, 0.5, time)).abs());
        }
        assert!(apart > 0.5, "two seeds differ by only {apart}");
    }
}
