//! Perceptual loss: compares pictures by the features of a network that was trained on photographs.
//!
//! A VGG16 loss. The network is built once and fixed, and nothing in it is random. Its input is what it was trained on:
//! RGB in sRGB, normalised as ImageNet's. A picture with transparency is compared on black and on white, so that alpha
//! counts as well. The weights are the user's own.

mod eye;
mod vgg16;

use burn::tensor::{Tensor, backend::Backend};
use std::path::{Path, PathBuf};
use thiserror::Error;
#[cfg(test)]
pub(crate) use vgg16::CONVOLUTIONS;
use vgg16::Vgg16;

/// The largest weights file in bytes; torchvision's, with its unused layers, has 553 MB.
pub const WEIGHTS_LIMIT: u64 = 600 << 20;

/// Why the network cannot be loaded.
#[derive(Debug, Error)]
#[error("{}: {}", path.display(), wrong.join("; "))]
pub struct PerceptualError {
    /// The weights file.
    pub path: PathBuf,
    /// All of its problems.
    pub wrong: Vec<String>,
}

/// The loss, with its network on a device.
#[derive(Clone, Debug)]
pub struct PerceptualLoss<B: Backend> {
    network: Vgg16<B>,
    sha256: String,
}

impl<B: Backend> PerceptualLoss<B> {
    /// Reads the network from a `.pt`, `.pth` or `.safetensors` file with the keys of torchvision's `vgg16`:
    /// `features.0.weight` to `features.14.bias`. Other tensors are ignored.
    ///
    /// # Errors
    /// If the file cannot be read or is no weights file, or with all tensors that are missing or have other shapes.
    pub fn load(path: &Path, device: &B::Device) -> Result<Self, PerceptualError> {
        let named = |wrong| PerceptualError { path: path.to_owned(), wrong };
        let (weights, sha256) = eye::read(path, WEIGHTS_LIMIT).map_err(|wrong| named(vec![wrong]))?;
        Ok(Self { network: Vgg16::new(&weights, device).map_err(named)?, sha256 })
    }

    /// The SHA-256 of the weights file, in hexadecimal digits.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The difference of two batches of pictures: the mean absolute difference of the features at three depths
    /// (relu1_2, relu2_2, relu3_3), summed; averaged over a black and a white background.
    ///
    /// Both are `[n, 4, h, w]`, edges at least 4 pixels: linear light, premultiplied, in [-1, 1]. Gradients flow to
    /// `prediction` alone.
    pub fn loss(&self, prediction: Tensor<B, 4>, truth: Tensor<B, 4>) -> Tensor<B, 1> {
        let seen = self.network.features(eye::on_both_grounds(prediction));
        let expected = self.network.features(eye::on_both_grounds(truth.detach()));
        let differences =
            seen.into_iter().zip(expected).map(|(seen, expected)| (seen - expected.detach()).abs().mean());
        differences.reduce(|sum, difference| sum + difference).expect("three depths")
    }
}

#[cfg(test)]
mod tests;
