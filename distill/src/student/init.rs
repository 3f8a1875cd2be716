//! Initialises a student's weights.

use super::Linear;
use bunraku_core::random::SplitMix64;
use burn::{
    module::Param,
    tensor::{Tensor, TensorData, backend::Backend},
};

/// ω of the sine layers.
const OMEGA: f64 = crate::ops::OMEGA as f64;

/// Draws initial weights as the reference does (`distill/spec/distiller.md`): the first sine layer uniform within 1 /
/// inputs, the others within √(6 / inputs) / 30, the last layer normal with deviation √(2 / inputs); biases uniform
/// within 1 / √inputs.
///
/// The random numbers are ours: `SplitMix64` from the seed, the upper 24 bits of each draw as a value in [0, 1), layer
/// after layer, weight (row-major) before bias; a normal value is the cosine branch of Box and Muller on two draws in
/// 64-bit floats. They are drawn on the host, so a seed gives the same student on every backend.
#[derive(Clone, Debug)]
pub struct Init {
    random: SplitMix64,
    position: Option<f64>,
}

impl Init {
    /// A generator for one network.
    ///
    /// With `position`, a position's first weights are uniform within that bound on the network's first grid, twice
    /// that on the next and so on, and the last layer's within √(6 / inputs) / 30, like any other layer's. The
    /// reference counts the pose's values among a first layer's inputs, so its sines hardly vary over a picture and
    /// details come late, and it starts from noise. SIREN's own bound for a position is 1 / 2 (Sitzmann et al. 2020,
    /// §3.2 and supplement 1.5).
    pub const fn new(seed: u64, position: Option<f64>) -> Self {
        Self { random: SplitMix64::new(seed), position }
    }

    /// The sine layers of `level`, from `features` of the level below, a position and `values` of a pose through
    /// `widths`.
    pub(super) fn sine_layers<B: Backend>(
        &mut self,
        [level, features, values]: [usize; 3],
        widths: &[usize],
        device: &B::Device,
    ) -> Vec<Linear<B>> {
        let mut inputs = features + 2 + values;
        let layer = |(index, &outputs): (usize, &usize)| {
            let bound =
                if level == 0 && index == 0 { 1.0 / inputs as f64 } else { (6.0 / inputs as f64).sqrt() / OMEGA };
            let mut weight: Vec<f32> = (0..outputs * inputs).map(|_| self.uniform(bound)).collect();
            if let Some(position) = self.position.filter(|_| index == 0) {
                let wider = (position * f64::from(1 << level) / bound) as f32;
                let columns = weight.chunks_exact_mut(inputs).flat_map(|row| &mut row[features..features + 2]);
                columns.for_each(|it| *it *= wider);
            }
            let layer = self.layer(weight, inputs, outputs, device);
            inputs = outputs;
            layer
        };
        widths.iter().enumerate().map(layer).collect()
    }

    /// The last layer, without a sine after it.
    pub(super) fn last_layer<B: Backend>(&mut self, inputs: usize, outputs: usize, device: &B::Device) -> Linear<B> {
        let weight = (0..outputs * inputs).map(|_| match self.position {
            None => self.normal((2.0 / inputs as f64).sqrt()),
            Some(_) => self.uniform((6.0 / inputs as f64).sqrt() / OMEGA),
        });
        let weight = weight.collect();
        self.layer(weight, inputs, outputs, device)
    }

    fn layer<B: Backend>(&mut self, weight: Vec<f32>, inputs: usize, outputs: usize, device: &B::Device) -> Linear<B> {
        let bound = 1.0 / (inputs as f64).sqrt();
        let bias = (0..outputs).map(|_| self.uniform(bound)).collect::<Vec<_>>();
        let weight = Tensor::from_data(TensorData::new(weight, [outputs, inputs]), device);
        Linear {
            weight: Param::from_tensor(weight),
            bias: Param::from_tensor(Tensor::from_data(TensorData::new(bias, [outputs]), device)),
        }
    }

    /// Uniform in [0, 1).
    fn unit(&mut self) -> f64 {
        f64::from(self.random.unit_f32())
    }

    fn uniform(&mut self, bound: f64) -> f32 {
        ((2.0 * self.unit() - 1.0) * bound) as f32
    }

    fn normal(&mut self, deviation: f64) -> f32 {
        // 1 - u is in (0, 1], where the logarithm is finite.
        let (u, v) = (self.unit(), self.unit());
        let radius = (-2.0 * (1.0 - u).ln()).sqrt();
        (radius * (std::f64::consts::TAU * v).cos() * deviation) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backend::Cpu,
        student::{BodyMorpher, BodyMorpherConfig, FaceMorpherConfig},
    };
    use burn_flex::FlexDevice;

    fn values(tensor: Tensor<Cpu, 2>) -> Vec<f32> {
        tensor.into_data().to_vec().expect("float32")
    }

    #[test]
    fn the_seed_decides_every_weight() {
        let weights =
            |seed| values(FaceMorpherConfig::new(vec![16; 2]).init::<Cpu>(None, seed, &FlexDevice).last.weight.val());
        assert_eq!(weights(3), weights(3));
        assert_ne!(weights(3), weights(4));
    }

    fn greatest(weights: &[f32]) -> f32 {
        weights.iter().fold(0.0_f32, |most, weight| most.max(weight.abs()))
    }

    #[test]
    fn a_position_bound_changes_only_the_position_columns_and_the_last_layer() {
        let [reference, spread] =
            [None, Some(0.5)].map(|first| BodyMorpherConfig::standard().init::<Cpu>(first, 7, &FlexDevice));
        for (level, features) in [(0, 0), (1, 180), (2, 90)] {
            let [reference, spread] =
                [&reference, &spread].map(|body| values(body.levels[level][0].weight.val().narrow(1, features, 2)));
            let bound = [0.5, 1.0, 2.0][level];
            assert!(greatest(&reference) < 0.025 && (0.9 * bound..=bound).contains(&greatest(&spread)), "{level}");
        }
        let rest = |body: &BodyMorpher<Cpu>| values(body.levels[1][0].weight.val().narrow(1, 0, 180));
        assert_eq!(rest(&reference), rest(&spread));
        assert!(greatest(&values(spread.last.weight.val())) <= (6.0_f32 / 90.0).sqrt() / 30.0);
    }

    #[test]
    fn weights_have_the_references_ranges() {
        let face = FaceMorpherConfig::standard().init::<Cpu>(None, 7, &FlexDevice);
        // distill/spec/distiller.md; with thousands of draws the largest comes close to the bound.
        for (layer, bound) in [(0, 1.0 / 41.0), (1, (6.0_f32 / 128.0).sqrt() / 30.0)] {
            let most = greatest(&values(face.sine[layer].weight.val()));
            assert!(most <= bound && most > 0.98 * bound, "layer {layer}: {most} within {bound}");
        }
        let last = values(face.last.weight.val());
        let deviation = (last.iter().map(|w| w * w).sum::<f32>() / last.len() as f32).sqrt();
        assert!((deviation / (2.0_f32 / 128.0).sqrt() - 1.0).abs() < 0.1, "{deviation}");
    }
}
