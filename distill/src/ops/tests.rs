//! The hand-written operations against their definitions in burn's operations: values and gradients.

use super::{BodyOutput, Layer, SineBlock, StudentOps as _, Window, generic};
use crate::loss::{self, BodyTarget, BodyWeights, FaceTarget, FaceWeights, Loss};
use bunraku_core::random::SplitMix64;
use burn::{
    backend::Autodiff,
    tensor::{Tensor, TensorData},
};
use burn_flex::{Flex, FlexDevice};

type B = Autodiff<Flex>;

/// Tensors of random numbers.
struct Random(SplitMix64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    fn tensor<const D: usize>(&mut self, shape: [usize; D], bound: f32) -> Tensor<B, D> {
        let count = shape.iter().product();
        let values = (0..count).map(|_| (2.0 * self.0.unit_f32() - 1.0) * bound).collect::<Vec<_>>();
        Tensor::from_data(TensorData::new(values, shape), &FlexDevice)
    }

    /// A block with a gradient for every tensor.
    fn block(&mut self, n: usize, widths: &[usize], exit: usize, window: Window, below: bool) -> SineBlock<B> {
        let mut layer = |inputs: usize, outputs: usize, bias: bool| Layer {
            weight: self.tensor([outputs, inputs], (6.0 / inputs as f32).sqrt() / 30.0).require_grad(),
            bias: bias.then(|| self.tensor([outputs], 0.05).require_grad()),
        };
        let hidden = widths.windows(2).map(|pair| layer(pair[0], pair[1], true)).collect();
        let exit = layer(widths[widths.len() - 1], exit, !below);
        let below = below.then(|| {
            let source = window.below();
            self.tensor([n, widths[0], source.height, source.width], 0.05).require_grad()
        });
        let position = self.tensor([widths[0], 2], 0.05).require_grad();
        SineBlock { window, position, bias: self.tensor([n, widths[0]], 0.05).require_grad(), below, hidden, exit }
    }
}

fn numbers<const D: usize>(tensor: Tensor<Flex, D>) -> Vec<f32> {
    tensor.into_data().to_vec().expect("float32")
}

/// The gradients of all of a block's tensors.
fn gradients(block: &SineBlock<B>, total: &Tensor<B, 1>) -> Vec<(String, Vec<f32>)> {
    let grads = total.backward();
    let mut all = vec![
        ("position".to_owned(), numbers(block.position.grad(&grads).expect("position"))),
        ("bias".to_owned(), numbers(block.bias.grad(&grads).expect("bias"))),
    ];
    if let Some(below) = &block.below {
        all.push(("below".to_owned(), numbers(below.grad(&grads).expect("below"))));
    }
    for (index, layer) in block.hidden.iter().chain([&block.exit]).enumerate() {
        all.push((format!("weight {index}"), numbers(layer.weight.grad(&grads).expect("weight"))));
        if let Some(bias) = &layer.bias {
            all.push((format!("bias {index}"), numbers(bias.grad(&grads).expect("bias"))));
        }
    }
    all
}

/// Equal within a fraction of the largest value.
fn assert_close(what: &str, expected: &[f32], found: &[f32], part: f32) {
    assert_eq!(expected.len(), found.len(), "{what}");
    let scale = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    for (index, (a, b)) in expected.iter().zip(found).enumerate() {
        assert!((a - b).abs() <= part * scale, "{what}[{index}]: {a} expected, {b} found, the largest is {scale}");
    }
}

fn assert_same_gradients(block: &SineBlock<B>, expected: &Tensor<B, 1>, found: &Tensor<B, 1>) {
    for ((what, expected), (_, found)) in gradients(block, expected).iter().zip(gradients(block, found)) {
        assert_close(what, expected, &found, 2e-4);
    }
}

/// Windows at corners, inside, of odd sizes, and larger than a tile; and the whole grid.
const WINDOWS: [Window; 4] = [
    Window::whole(16),
    Window { edge: 32, row: 3, column: 6, height: 9, width: 21 },
    Window { edge: 32, row: 20, column: 31, height: 12, width: 1 },
    Window { edge: 256, row: 255, column: 50, height: 1, width: 141 },
];

#[test]
fn a_block_matches_its_definition_in_values_and_gradients() {
    let mut random = Random::new(1);
    for (index, window) in WINDOWS.into_iter().enumerate() {
        for (widths, exit, below) in [(&[20, 24, 10][..], 7, true), (&[7][..], 4, false), (&[130, 120, 9], 240, true)] {
            let n = 1 + index % 2;
            let block = random.block(n, widths, exit, window, below);
            let (expected, found) = (generic::sine_block(block.clone()), B::sine_block(block.clone()));
            assert_eq!(expected.dims(), found.dims());
            assert_close("values", &numbers(expected.clone().inner()), &numbers(found.clone().inner()), 1e-4);
            let factors = random.tensor(found.dims(), 1.0);
            let [expected, found] = [expected, found].map(|values| (values * factors.clone()).sum());
            assert_same_gradients(&block, &expected, &found);
        }
    }
}

#[test]
fn a_block_too_wide_for_the_kernels_still_works() {
    let block = Random::new(2).block(1, &[401, 3], 2, Window::whole(4), false);
    let found = numbers(B::sine_block(block.clone()).inner());
    assert_close("values", &numbers(generic::sine_block(block).inner()), &found, 1e-4);
}

/// Names and values of the terms.
fn terms(loss: &Loss<B>) -> Vec<(&'static str, f32)> {
    loss.terms.iter().map(|(name, term)| (*name, numbers(term.clone().inner())[0])).collect()
}

fn assert_same_loss(block: &SineBlock<B>, expected: &Loss<B>, found: &Loss<B>) {
    for ((name, expected), (other, found)) in terms(expected).into_iter().zip(terms(found)) {
        assert_eq!(name, other);
        assert!((expected - found).abs() <= 1e-5 * expected.abs(), "{name}: {expected} expected, {found} found");
    }
    let sum = terms(found).iter().map(|(_, term)| term).sum::<f32>();
    assert!((sum - numbers(found.total.clone().inner())[0]).abs() <= 1e-5 * sum, "the total is the sum of the terms");
    // A loss inside a larger one passes its factor on.
    assert_same_gradients(block, &expected.total.clone().mul_scalar(3.0), &found.total.clone().mul_scalar(3.0));
}

#[test]
fn the_bodys_loss_matches_its_definition_in_values_and_gradients() {
    let mut random = Random::new(3);
    let weights = BodyWeights { blended: 0.25, warped: 0.5, grid_change: 3.0, color_change: 2.0 };
    for window in [Window::whole(16), Window { edge: 16, row: 0, column: 3, height: 9, width: 13 }] {
        let block = random.block(2, &[20, 12], 7, window, true);
        let image = random.tensor([2, 4, 16, 16], 1.0);
        let mut picture = |channels| random.tensor([2, channels, window.height, window.width], 1.0);
        let target = BodyTarget { image, posed: picture(4), warped: picture(4), grid_change: picture(2) };
        let output = BodyOutput::new(target.image.clone(), generic::sine_block(block.clone()), window);
        let expected = loss::body_terms(output.compared(), &target, weights);
        assert_same_loss(&block, &expected, &B::body_loss(block.clone(), &target, weights));
    }
}

#[test]
fn the_faces_loss_matches_its_definition_in_values_and_gradients() {
    let mut random = Random::new(4);
    let weights = FaceWeights { full: 1.0, eye_mouth: 20.0 };
    for window in [Window::whole(16), Window { edge: 16, row: 5, column: 0, height: 11, width: 16 }] {
        let block = random.block(2, &[20, 12], 4, window, false);
        let mut picture = |n, channels| random.tensor([n, channels, window.height, window.width], 1.0);
        let target = FaceTarget { face: picture(2, 4), mask: picture(1, 1).greater_elem(0.0).float() };
        let expected = loss::face_terms(generic::sine_block(block.clone()), target.clone(), weights);
        assert_same_loss(&block, &expected, &B::face_loss(block.clone(), &target, weights));
    }
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let block = Random::new(5).block(1, &[20, 12], 7, Window::whole(64), true);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| gradients(&block, &B::sine_block(block.clone()).powi_scalar(2).sum()))
    };
    assert_eq!(run(1), run(3));
}
