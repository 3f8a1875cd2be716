//! A student's first weights.

use super::Linear;
use bunraku_core::random::SplitMix64;
use burn::{
    module::Param,
    tensor::{Tensor, TensorData, backend::Backend},
};

/// Draws first weights as the reference does (`spec/THA4.md` §9.5): the first sine layer uniform within 1 / inputs, the
/// others within √(6 / inputs) / 30, the last layer normal with deviation √(2 / inputs); biases uniform within
/// 1 / √inputs.
///
/// The numbers are ours: `SplitMix64` from the seed, the upper 24 bits of each draw as a value of [0, 1), layer after
/// layer, weight (row-major) before bias; a normal value is the cosine branch of Box and Muller of two draws in 64-bit
/// floats. They are made on the host, so that a seed means the same student on every backend.
#[derive(Clone, Debug)]
pub struct Init {
    random: SplitMix64,
}

impl Init {
    /// A generator for one network.
    pub const fn new(seed: u64) -> Self {
        Self { random: SplitMix64::new(seed) }
    }

    /// Sine layers from `inputs` through `widths`; `first`: they begin a network.
    pub(super) fn sine_layers<B: Backend>(
        &mut self,
        mut inputs: usize,
        widths: &[usize],
        first: bool,
        device: &B::Device,
    ) -> Vec<Linear<B>> {
        let layer = |(index, &outputs): (usize, &usize)| {
            let bound = if first && index == 0 { 1.0 / inputs as f64 } else { (6.0 / inputs as f64).sqrt() / 30.0 };
            let weight = (0..outputs * inputs).map(|_| self.uniform(bound)).collect();
            let layer = self.layer(weight, inputs, outputs, device);
            inputs = outputs;
            layer
        };
        widths.iter().enumerate().map(layer).collect()
    }

    /// The layer that no sine follows.
    pub(super) fn last_layer<B: Backend>(&mut self, inputs: usize, outputs: usize, device: &B::Device) -> Linear<B> {
        let deviation = (2.0 / inputs as f64).sqrt();
        let weight = (0..outputs * inputs).map(|_| self.normal(deviation)).collect();
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

    /// Evenly within [0, 1).
    fn unit(&mut self) -> f64 {
        f64::from(self.random.unit_f32())
    }

    fn uniform(&mut self, bound: f64) -> f32 {
        ((2.0 * self.unit() - 1.0) * bound) as f32
    }

    fn normal(&mut self, deviation: f64) -> f32 {
        // 1 - u lies in (0, 1], where the logarithm is finite.
        let (u, v) = (self.unit(), self.unit());
        let radius = (-2.0 * (1.0 - u).ln()).sqrt();
        (radius * (std::f64::consts::TAU * v).cos() * deviation) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend::Cpu, student::FaceMorpherConfig};
    use burn_flex::FlexDevice;

    fn values(tensor: Tensor<Cpu, 2>) -> Vec<f32> {
        tensor.into_data().to_vec().expect("float32")
    }

    #[test]
    fn a_seed_decides_every_weight() {
        let weights = |seed| values(FaceMorpherConfig::lite().init::<Cpu>(seed, &FlexDevice).last.weight.val());
        assert_eq!(weights(3), weights(3));
        assert_ne!(weights(3), weights(4));
    }

    #[test]
    fn weights_have_the_references_ranges() {
        let face = FaceMorpherConfig::standard().init::<Cpu>(7, &FlexDevice);
        let greatest = |weights: &[f32]| weights.iter().fold(0.0_f32, |most, weight| most.max(weight.abs()));
        // spec/THA4.md §9.5; with thousands of draws the greatest comes close to the bound.
        for (layer, bound) in [(0, 1.0 / 41.0), (1, (6.0_f32 / 128.0).sqrt() / 30.0)] {
            let most = greatest(&values(face.sine[layer].weight.val()));
            assert!(most <= bound && most > 0.98 * bound, "layer {layer}: {most} within {bound}");
        }
        let last = values(face.last.weight.val());
        let deviation = (last.iter().map(|w| w * w).sum::<f32>() / last.len() as f32).sqrt();
        assert!((deviation / (2.0_f32 / 128.0).sqrt() - 1.0).abs() < 0.1, "{deviation}");
    }
}
