//! `.safetensors` files, by their own crate, within this project's limits.

use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::weights::{Format, RANK_LIMIT, Tensor, Weights, WeightsError};

/// Reads all tensors; F32, F16, BF16 and F64 are accepted.
pub(super) fn read(file: &[u8]) -> Result<Weights, WeightsError> {
    let tensors = SafeTensors::deserialize(file).map_err(|error| WeightsError::SafeTensors(error.to_string()))?;
    let mut weights = Weights::default();
    for (name, view) in tensors.iter() {
        let fault = |what: String| WeightsError::Tensor { name: name.to_owned(), what };
        let format = format(view.dtype()).ok_or_else(|| fault(format!("holds {:?}, not floats", view.dtype())))?;
        if view.shape().len() > RANK_LIMIT {
            return Err(fault(format!("has {} dimensions", view.shape().len())));
        }
        weights.insert(name, Tensor { shape: view.shape().to_vec(), values: format.decode(view.data()) })?;
    }
    Ok(weights)
}

/// A file of all tensors as F32.
pub(super) fn write(weights: &Weights) -> Result<Vec<u8>, WeightsError> {
    let fault = |error: safetensors::SafeTensorError| WeightsError::SafeTensors(error.to_string());
    let bytes = weights.0.values().map(Tensor::to_bytes).collect::<Vec<_>>();
    let mut views = Vec::with_capacity(bytes.len());
    for ((name, tensor), bytes) in weights.0.iter().zip(&bytes) {
        views.push((name, TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).map_err(fault)?));
    }
    safetensors::serialize(views, None).map_err(fault)
}

fn format(kind: Dtype) -> Option<Format> {
    match kind {
        Dtype::F16 => Some(Format::Half),
        Dtype::BF16 => Some(Format::BFloat16),
        Dtype::F32 => Some(Format::Single),
        Dtype::F64 => Some(Format::Double),
        _ => None,
    }
}
