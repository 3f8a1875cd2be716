//! From named tensors to the student's networks and back; names and shapes as in `core/spec/student.md`.
//!
//! Widths and depths may vary and are read from the shapes; the inputs and outputs of the whole may not.

use std::collections::BTreeSet;

use thiserror::Error;

use super::{
    BodyMorpher, FaceMorpher, Linear,
    weights::{Tensor, Weights},
};
use crate::pose::{FACE_POSE_LEN, POSE_LEN};
use crate::untrusted::shown;

/// Channels of a position: x, y.
const POSITION: usize = 2;

/// Channels of the face morpher's output.
const FACE_OUTPUTS: usize = 4;

/// Channels of the body morpher's output.
const BODY_OUTPUTS: usize = 7;

/// The most layers a stack may have; the published students have eight.
const DEPTH_LIMIT: usize = 64;

/// How weights differ from a student's network.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShapeError {
    /// A tensor is not there.
    #[error("has no tensor `{0}`")]
    Missing(String),
    /// A tensor has another shape than its place asks for.
    #[error("its tensor `{name}` has shape {found:?}, but {expected} is needed")]
    Wrong {
        /// The tensor's name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape it should have.
        expected: String,
    },
    /// Tensors that are no part of the network.
    #[error("has tensors that the network lacks ({count} of them): {names}")]
    Unexpected {
        /// How many.
        count: usize,
        /// The first of them.
        names: String,
    },
    /// The other network's weights.
    #[error("holds a {found}, but it is named as the {expected}; the YAML may name the two the wrong way round")]
    Swapped {
        /// What it is.
        found: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

impl FaceMorpher {
    /// Builds the network from a state dict.
    ///
    /// # Errors
    /// Every missing, superfluous or misshapen tensor.
    pub fn from_weights(weights: &Weights) -> Result<Self, Vec<ShapeError>> {
        if has_prefix(weights, "siren_layers.") && !has_prefix(weights, "siren.") {
            return Err(vec![ShapeError::Swapped { found: "body morpher", expected: "face morpher" }]);
        }
        let mut reader = Reader::new(weights);
        let sine = reader.stack("siren.sine_layers", Some(POSITION + FACE_POSE_LEN));
        let last = reader.layer("siren.last_linear", width(&sine), Some(FACE_OUTPUTS));
        let sine = whole(sine);
        reader.finish(|| Some(Self { sine: sine?, last: last? }))
    }

    /// The network as a state dict, named and shaped as PyTorch's.
    pub fn to_weights(&self) -> Weights {
        let mut weights = Weights::default();
        for (index, layer) in self.sine.iter().enumerate() {
            write(&mut weights, &format!("siren.sine_layers.{index}.linear"), layer);
        }
        write(&mut weights, "siren.last_linear", &self.last);
        weights
    }
}

impl BodyMorpher {
    /// Builds the network from a state dict.
    ///
    /// # Errors
    /// Every missing, superfluous or misshapen tensor.
    pub fn from_weights(weights: &Weights) -> Result<Self, Vec<ShapeError>> {
        if has_prefix(weights, "siren.") && !has_prefix(weights, "siren_layers.") {
            return Err(vec![ShapeError::Swapped { found: "face morpher", expected: "body morpher" }]);
        }
        let mut reader = Reader::new(weights);
        let mut features = Some(0);
        let levels = [0, 1, 2].map(|level| {
            let inputs = features.map(|features| features + POSITION + POSE_LEN);
            let layers = reader.stack(&format!("siren_layers.{level}"), inputs);
            features = width(&layers);
            layers
        });
        let last = reader.layer("last_linear", features, Some(BODY_OUTPUTS));
        let [low, middle, high] = levels.map(whole);
        reader.finish(|| Some(Self { levels: [low?, middle?, high?], last: last? }))
    }

    /// The network as a state dict, named and shaped as PyTorch's.
    pub fn to_weights(&self) -> Weights {
        let mut weights = Weights::default();
        for (level, layers) in self.levels.iter().enumerate() {
            for (index, layer) in layers.iter().enumerate() {
                write(&mut weights, &format!("siren_layers.{level}.{index}.linear"), layer);
            }
        }
        write(&mut weights, "last_linear", &self.last);
        weights
    }
}

fn has_prefix(weights: &Weights, prefix: &str) -> bool {
    weights.0.keys().any(|name| name.starts_with(prefix))
}

/// Outputs of the last layer of a stack, where they are known.
fn width(layers: &[Option<Linear>]) -> Option<usize> {
    layers.last()?.as_ref().map(|layer| layer.outputs)
}

fn whole(layers: Vec<Option<Linear>>) -> Option<Vec<Linear>> {
    layers.into_iter().collect()
}

fn write(weights: &mut Weights, name: &str, layer: &Linear) {
    let weight = Tensor { shape: vec![layer.outputs, layer.inputs, 1, 1], values: layer.weight.clone() };
    let bias = Tensor { shape: vec![layer.outputs], values: layer.bias.clone() };
    weights.0.extend([(format!("{name}.weight"), weight), (format!("{name}.bias"), bias)]);
}

/// Takes layers out of a state dict and collects errors.
struct Reader<'a> {
    weights: &'a Weights,
    used: BTreeSet<String>,
    problems: Vec<ShapeError>,
}

impl<'a> Reader<'a> {
    fn new(weights: &'a Weights) -> Self {
        Self { weights, used: BTreeSet::new(), problems: Vec::new() }
    }

    fn tensor(&mut self, name: String) -> Option<(String, &'a Tensor)> {
        let Some(tensor) = self.weights.0.get(&name) else {
            self.problems.push(ShapeError::Missing(name));
            return None;
        };
        self.used.insert(name.clone());
        Some((name, tensor))
    }

    /// The layers `<prefix>.0.linear`, `<prefix>.1.linear` and so on; `None` where one cannot be read.
    fn stack(&mut self, prefix: &str, mut inputs: Option<usize>) -> Vec<Option<Linear>> {
        let mut layers = Vec::new();
        for index in 0..self.depth(prefix) {
            let layer = self.layer(&format!("{prefix}.{index}.linear"), inputs, None);
            inputs = layer.as_ref().map(|layer| layer.outputs);
            layers.push(layer);
        }
        layers
    }

    /// One more than the greatest index under `prefix`, so that a gap is noticed; at least 1.
    fn depth(&self, prefix: &str) -> usize {
        let index = |name: &String| {
            let (index, _) = name.strip_prefix(prefix)?.strip_prefix('.')?.split_once('.')?;
            index.parse::<usize>().ok().filter(|&index| index < DEPTH_LIMIT)
        };
        self.weights.0.keys().filter_map(index).max().map_or(1, |last| last + 1)
    }

    /// The layer `name`, with the inputs and outputs it must have where they are known.
    fn layer(&mut self, name: &str, inputs: Option<usize>, outputs: Option<usize>) -> Option<Linear> {
        let weight = self.tensor(format!("{name}.weight"));
        let bias = self.tensor(format!("{name}.bias"));
        let (weight_name, weight) = weight?;
        let found = matrix(&weight.shape);
        if !found.is_some_and(|(o, i)| inputs.is_none_or(|n| n == i) && outputs.is_none_or(|n| n == o)) {
            let part = |size: Option<usize>, any: &str| size.map_or(any.to_owned(), |n| n.to_string());
            let expected = format!("[{}, {}, 1, 1]", part(outputs, "outputs"), part(inputs, "inputs"));
            self.problems.push(ShapeError::Wrong { name: weight_name, found: weight.shape.clone(), expected });
        }
        let (outputs, inputs) = found?;
        // A bias that is missing has been noted; the layer still tells the next one its inputs.
        let values = bias.map(|(name, bias)| {
            if bias.shape != [outputs] {
                let expected = format!("[{outputs}]");
                self.problems.push(ShapeError::Wrong { name, found: bias.shape.clone(), expected });
            }
            bias.values.clone()
        });
        let bias = values.unwrap_or_default();
        Some(Linear { inputs, outputs, weight: weight.values.clone(), bias })
    }

    /// The network that `build` makes of the layers, if there were no errors and nothing is left over.
    fn finish<T>(mut self, build: impl FnOnce() -> Option<T>) -> Result<T, Vec<ShapeError>> {
        const LISTED: usize = 16;
        let extra = self.weights.0.keys().filter(|name| !self.used.contains(*name)).collect::<Vec<_>>();
        if !extra.is_empty() {
            let names = extra.iter().take(LISTED).map(|name| shown(name)).collect::<Vec<_>>().join(", ");
            let rest = if extra.len() > LISTED { ", …" } else { "" };
            self.problems.push(ShapeError::Unexpected { count: extra.len(), names: names + rest });
        }
        match build() {
            Some(network) if self.problems.is_empty() => Ok(network),
            _ => Err(self.problems),
        }
    }
}

/// Outputs and inputs of a weight of shape `[outputs, inputs]` or `[outputs, inputs, 1, 1]`, none of them zero.
fn matrix(shape: &[usize]) -> Option<(usize, usize)> {
    match *shape {
        [outputs, inputs] | [outputs, inputs, 1, 1] if outputs > 0 && inputs > 0 => Some((outputs, inputs)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::character::sample::{TINY, Widths, character, tiny_character};

    fn tensor(shape: &[usize]) -> Tensor {
        Tensor { shape: shape.to_vec(), values: vec![0.0; shape.iter().product()] }
    }

    #[test]
    fn any_width_and_depth_is_read_from_the_shapes() {
        let deep = Widths { face: &[3, 4, 5, 6, 7], body: [&[9], &[2, 1, 3], &[1; 11]] };
        for widths in [TINY, deep] {
            let model = character(7, widths);
            assert_eq!(FaceMorpher::from_weights(&model.face.to_weights()), Ok(model.face));
            assert_eq!(BodyMorpher::from_weights(&model.body.to_weights()), Ok(model.body));
        }
    }

    #[test]
    fn weights_without_the_kernels_dimensions_are_the_same() {
        let face = tiny_character(1).face;
        let mut weights = face.to_weights();
        for tensor in weights.0.values_mut() {
            tensor.shape.truncate(2);
        }
        assert_eq!(FaceMorpher::from_weights(&weights), Ok(face));
    }

    #[test]
    fn every_mismatch_is_reported_at_once() {
        let mut weights = tiny_character(1).body.to_weights();
        weights.0.remove("siren_layers.0.1.linear.bias");
        weights.0.insert("siren_layers.1.0.linear.weight".to_owned(), tensor(&[16, 60, 1, 1]));
        weights.0.insert("siren_layers.2.1.linear.bias".to_owned(), tensor(&[9]));
        weights.0.insert("last_linear.weight".to_owned(), tensor(&[4, 8, 3, 3]));
        weights.0.insert("norm.weight".to_owned(), tensor(&[1]));
        let problems = BodyMorpher::from_weights(&weights).expect_err("five faults");
        let message = problems.iter().map(|problem| format!("{problem}\n")).collect::<Vec<_>>().concat();
        for words in [
            "no tensor `siren_layers.0.1.linear.bias`",
            "`siren_layers.1.0.linear.weight` has shape [16, 60, 1, 1]",
            "`siren_layers.2.1.linear.bias` has shape [9], but [8] is needed",
            "`last_linear.weight` has shape [4, 8, 3, 3], but [7, 8, 1, 1] is needed",
            "`norm.weight`",
        ] {
            assert!(message.contains(words), "{words} is not in: {message}");
        }
        assert_eq!(problems.len(), 5, "{message}");
    }

    #[test]
    fn a_layer_left_out_is_named() {
        let mut weights = tiny_character(1).face.to_weights();
        weights.0.retain(|name, _| !name.starts_with("siren.sine_layers.0."));
        let problems = FaceMorpher::from_weights(&weights).expect_err("the first layer is gone");
        assert!(
            problems.contains(&ShapeError::Missing("siren.sine_layers.0.linear.weight".to_owned())),
            "{problems:?}"
        );
    }

    #[test]
    fn the_two_networks_are_not_taken_for_each_other() {
        let model = tiny_character(1);
        let problems = FaceMorpher::from_weights(&model.body.to_weights()).expect_err("a body");
        assert!(matches!(problems[..], [ShapeError::Swapped { found: "body morpher", .. }]));
        let problems = BodyMorpher::from_weights(&model.face.to_weights()).expect_err("a face");
        assert!(matches!(problems[..], [ShapeError::Swapped { found: "face morpher", .. }]));
    }

    #[test]
    fn strange_indices_and_empty_tensors_are_refused_quickly() {
        let mut weights = tiny_character(1).face.to_weights();
        weights.0.insert("siren.sine_layers.18446744073709551615.linear.weight".to_owned(), tensor(&[1]));
        weights.0.insert("siren.last_linear.weight".to_owned(), tensor(&[4, 0, 1, 1]));
        assert_eq!(FaceMorpher::from_weights(&weights).expect_err("two faults").len(), 2);
    }
}
