//! The student's operations in burn's own operations: the definition, and the version that GPUs run.

use super::{BodyOutput, Layer, OMEGA, SineBlock, StudentOps, Window};
use crate::loss::{self, BodyTarget, BodyWeights, FaceTarget, FaceWeights, Loss};
use burn::tensor::{
    Int, Tensor,
    backend::Backend,
    ops::{GridSampleOptions, GridSamplePaddingMode, InterpolateMode},
};

/// [`StudentOps::sine_block`].
pub fn sine_block<B: Backend>(block: SineBlock<B>) -> Tensor<B, 4> {
    let SineBlock { window, position, bias, below, hidden, exit } = block;
    let [n, width] = bias.dims();
    let positions = position.matmul(positions::<B>(window, &bias.device()));
    let mut x = positions.unsqueeze::<3>() + bias.unsqueeze_dim(2);
    if let Some(below) = below {
        x = x + upsample(below, window).reshape([n, width, window.len()]);
    }
    x = sine(x);
    for layer in hidden {
        x = sine(linear(layer, x));
    }
    let x = linear(exit, x);
    let [n, outputs, _] = x.dims();
    x.reshape([n, outputs, window.height, window.width])
}

fn sine<B: Backend>(x: Tensor<B, 3>) -> Tensor<B, 3> {
    x.mul_scalar(OMEGA).sin()
}

fn linear<B: Backend>(layer: Layer<B>, x: Tensor<B, 3>) -> Tensor<B, 3> {
    let product = layer.weight.unsqueeze::<3>().matmul(x);
    match layer.bias {
        Some(bias) => product + bias.reshape([1, -1, 1]),
        None => product,
    }
}

/// The centres of `count` positions from `first` on, out of `edge` that span [-1, 1].
fn centres<B: Backend>(first: usize, count: usize, edge: usize, device: &B::Device) -> Tensor<B, 1> {
    let index = Tensor::<B, 1, Int>::arange(0..i64::try_from(count).unwrap_or(i64::MAX), device).float();
    index.mul_scalar(2.0).add_scalar((2 * first + 1) as f32).div_scalar(edge as f32).sub_scalar(1.0)
}

/// `[1, positions]` each: x and y of a window's positions, row by row.
fn coordinates<B: Backend>(window: Window, device: &B::Device) -> [Tensor<B, 2>; 2] {
    let Window { edge, row, column, height, width } = window;
    let x = centres::<B>(column, width, edge, device).reshape([1, width]).repeat_dim(0, height);
    let y = centres::<B>(row, height, edge, device).reshape([height, 1]).repeat_dim(1, width);
    [x, y].map(|it| it.reshape([1, window.len()]))
}

/// `[2, positions]`.
fn positions<B: Backend>(window: Window, device: &B::Device) -> Tensor<B, 2> {
    Tensor::cat(coordinates(window, device).into(), 0)
}

/// Bilinear upsampling to twice the edge with half-pixel centres (`core/spec/student.md`), cropped to `window`; `below`
/// covers [`Window::below`].
pub fn upsample<B: Backend>(below: Tensor<B, 4>, window: Window) -> Tensor<B, 4> {
    let source = window.below();
    let rows = double(below, 2).narrow(2, window.row - 2 * source.row, window.height);
    double(rows, 3).narrow(3, window.column - 2 * source.column, window.width)
}

/// Doubles the size along `dim`: three quarters of the nearest and a quarter of the neighbour, with the border
/// extended.
fn double<B: Backend>(x: Tensor<B, 4>, dim: usize) -> Tensor<B, 4> {
    let mut shape = x.dims();
    let count = shape[dim];
    shape[dim] *= 2;
    // Extend the border by one on either side.
    let parts = vec![x.clone().narrow(dim, 0, 1), x.clone(), x.clone().narrow(dim, count - 1, 1)];
    let continued = Tensor::cat(parts, dim);
    let (before, after) = (continued.clone().narrow(dim, 0, count), continued.narrow(dim, 2, count));
    let near = x.mul_scalar(0.75);
    let (even, odd) = (near.clone() + before.mul_scalar(0.25), near + after.mul_scalar(0.25));
    Tensor::stack::<5>(vec![even, odd], dim + 1).reshape(shape)
}

/// [`StudentOps::warp`].
pub fn warp<B: Backend>(image: Tensor<B, 4>, grid_change: Tensor<B, 4>, window: Window) -> Tensor<B, 4> {
    let Window { height, width, .. } = window;
    let own = positions::<B>(window, &image.device()).reshape([1, 2, height, width]);
    sample(image, &(own + grid_change))
}

/// Samples `image`, `[n, c, edge, edge]`, at `places`, `[n, 2, height, width]`: x before y, -1 to 1 over the picture.
/// Bilinear, with the border extended outwards (`core/spec/student.md`).
pub(crate) fn sample<B: Backend>(image: Tensor<B, 4>, places: &Tensor<B, 4>) -> Tensor<B, 4> {
    let [n, _, height, width] = places.dims();
    // Concatenated, not permuted: burn's GPU kernel expects each y right behind its x in memory.
    let axis = |index| places.clone().narrow(1, index, 1).reshape([n, height, width, 1]);
    let places = Tensor::cat(vec![axis(0), axis(1)], 3);
    let options = GridSampleOptions::new(InterpolateMode::Bilinear).with_padding_mode(GridSamplePaddingMode::Border);
    image.grid_sample_2d(places, options.with_align_corners(false))
}

/// [`StudentOps::body_loss`].
pub fn body_loss<B: StudentOps>(block: SineBlock<B>, target: &BodyTarget<B>, weights: BodyWeights) -> Loss<B> {
    let window = block.window;
    let output = BodyOutput::new(target.image.clone(), B::sine_block(block), window);
    loss::body_terms(output.compared(), target, weights)
}

/// [`StudentOps::face_loss`].
pub fn face_loss<B: StudentOps>(block: SineBlock<B>, target: &FaceTarget<B>, weights: FaceWeights) -> Loss<B> {
    loss::face_terms(B::sine_block(block), target.clone(), weights)
}
