//! The student's operations on the CPU, hand-written.
//!
//! A block's features would take hundreds of megabytes if each layer were computed for all positions before the next.
//! Here a [`tile`] of positions goes through all layers, and back through them, while it is in the cache; only a
//! block's exit and the gradient of its input reach memory. The backward pass recomputes the features, which costs less
//! than writing and reading them. Rows are shared among rayon's threads.

#![expect(
    clippy::inline_always,
    reason = "code that is not inlined into `with_simd` is compiled without the vector instructions"
)]

mod band;
mod body;
mod entry;
mod face;
mod finish;
mod head;
mod net;
mod product;
mod row;
mod tile;

pub(crate) use band::{Input, InputGradient, WIDEST};
pub(crate) use body::{BodyPictures, interleave};
pub(crate) use face::FacePictures;
pub(crate) use net::Widths;

use body::BodyHead;
use face::FaceHead;
use head::{Give, Head, Keep};

/// Evaluates a block: `[n, height, width, channels of the exit]`.
pub(crate) fn forward(input: Input<'_>) -> Vec<f32> {
    let channels = input.widths.exit;
    let (bands, len) = (band::bands(input.window), input.window.len() * channels);
    let mut values = vec![0.0; input.examples() * len];
    let mut heads = bands
        .iter()
        .map(|rows| Keep { examples: Vec::with_capacity(input.examples()), first: rows.start, channels })
        .collect::<Vec<_>>();
    for mut example in values.chunks_exact_mut(len) {
        for (head, rows) in heads.iter_mut().zip(&bands) {
            let (own, rest) = example.split_at_mut(rows.len() * input.window.width * channels);
            head.examples.push(own);
            example = rest;
        }
    }
    band::run(input, as_heads(&mut heads), false);
    drop(heads);
    values
}

/// The gradient of a block's input from the gradient of its values.
pub(crate) fn backward(input: Input<'_>, gradient: &[f32]) -> InputGradient {
    let give = Give { gradient, channels: input.widths.exit };
    let mut heads = vec![give; band::bands(input.window).len()];
    band::run(input, as_heads(&mut heads), true).expect("a gradient was requested")
}

/// The body's weighted terms (blended, warped, grid change, color change) and the gradient of their sum: forward, loss
/// and backward in one go for each tile.
pub(crate) fn body_loss(input: Input<'_>, pictures: BodyPictures<'_>, weights: [f32; 4]) -> ([f64; 4], InputGradient) {
    let positions = (input.examples() * input.window.len()) as f32;
    let [blended, warped, grid_change, color_change] = weights;
    let factors = [blended / 4.0, warped / 4.0, grid_change / 2.0, color_change / 4.0].map(|it| it / positions);
    let mut heads = vec![BodyHead { pictures, factors, terms: [0.0; 4] }; band::bands(input.window).len()];
    let gradient = band::run(input, as_heads(&mut heads), true).expect("a gradient was requested");
    (add_terms(heads.iter().map(|head| head.terms)), gradient)
}

/// The face's weighted terms (full, eye and mouth) and the gradient of their sum.
pub(crate) fn face_loss(input: Input<'_>, pictures: FacePictures<'_>, weights: [f32; 2]) -> ([f64; 2], InputGradient) {
    let differences = (input.examples() * input.window.len() * 4) as f32;
    let factors = weights.map(|weight| weight / differences);
    let mut heads = vec![FaceHead { pictures, factors, terms: [0.0; 2] }; band::bands(input.window).len()];
    let gradient = band::run(input, as_heads(&mut heads), true).expect("a gradient was requested");
    (add_terms(heads.iter().map(|head| head.terms)), gradient)
}

fn add_terms<const N: usize>(bands: impl Iterator<Item = [f64; N]>) -> [f64; N] {
    bands.fold([0.0; N], |sum, terms| std::array::from_fn(|i| sum[i] + terms[i]))
}

fn as_heads<H: Head>(heads: &mut [H]) -> Vec<&mut dyn Head> {
    heads.iter_mut().map(|head| head as &mut dyn Head).collect()
}
