//! Converts students between burn and [`bunraku_core::character`], which reads and writes their files.

use super::{BodyMorpher, FaceMorpher, Linear};
use bunraku_core::character;
use burn::{
    module::Param,
    tensor::{Tensor, TensorData, backend::Backend},
};

impl<B: Backend> Linear<B> {
    fn from_core(layer: &character::Linear, device: &B::Device) -> Self {
        let weight = TensorData::new(layer.weight.clone(), [layer.outputs, layer.inputs]);
        let bias = TensorData::new(layer.bias.clone(), [layer.outputs]);
        Self {
            weight: Param::from_tensor(Tensor::from_data(weight, device)),
            bias: Param::from_tensor(Tensor::from_data(bias, device)),
        }
    }

    fn to_core(&self) -> character::Linear {
        let [outputs, inputs] = self.weight.dims();
        // A character model is float32, whatever the backend's float type.
        let weight = self.weight.val().into_data().iter::<f32>().collect();
        let bias = self.bias.val().into_data().iter::<f32>().collect();
        character::Linear { inputs, outputs, weight, bias }
    }
}

fn from_core<B: Backend>(layers: &[character::Linear], device: &B::Device) -> Vec<Linear<B>> {
    layers.iter().map(|layer| Linear::from_core(layer, device)).collect()
}

fn to_core<B: Backend>(layers: &[Linear<B>]) -> Vec<character::Linear> {
    layers.iter().map(Linear::to_core).collect()
}

impl<B: Backend> FaceMorpher<B> {
    /// A character model's face, to be trained on or evaluated.
    pub fn from_core(face: &character::FaceMorpher, device: &B::Device) -> Self {
        Self { sine: from_core(&face.sine, device), last: Linear::from_core(&face.last, device) }
    }

    /// The face as part of a character model, which can be saved.
    pub fn to_core(&self) -> character::FaceMorpher {
        character::FaceMorpher { sine: to_core(&self.sine), last: self.last.to_core() }
    }
}

impl<B: Backend> BodyMorpher<B> {
    /// A character model's body, to be trained on or evaluated.
    pub fn from_core(body: &character::BodyMorpher, device: &B::Device) -> Self {
        let levels = body.levels.each_ref().map(|layers| from_core(layers, device));
        Self { levels, last: Linear::from_core(&body.last, device) }
    }

    /// The body as part of a character model, which can be saved.
    pub fn to_core(&self) -> character::BodyMorpher {
        character::BodyMorpher {
            levels: self.levels.each_ref().map(|layers| to_core(layers)),
            last: self.last.to_core(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Cpu;
    use bunraku_core::character::sample::tiny_character;
    use burn_flex::FlexDevice;

    #[test]
    fn weights_survive_the_round_trip_bit_for_bit() {
        let (character, device) = (tiny_character(3), FlexDevice);
        assert_eq!(FaceMorpher::<Cpu>::from_core(&character.face, &device).to_core(), character.face);
        assert_eq!(BodyMorpher::<Cpu>::from_core(&character.body, &device).to_core(), character.body);
    }
}
