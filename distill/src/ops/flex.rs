//! The student's operations on burn's CPU backend: the kernels of [`cpu`](super::cpu) as autodiff operations.

use super::{
    SineBlock, Window,
    cpu::{self, BodyPictures, FacePictures, Input, InputGradient, WIDEST, Widths},
};
use burn::{
    backend::{
        Autodiff,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::NoCheckpointing},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
    },
    tensor::{Tensor, TensorData, TensorMetadata as _, TensorPrimitive, backend::Backend},
};
use burn_flex::{Flex, FlexTensor};

/// A block's input for the kernels, flat and contiguous; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
    window: Window,
    widths: Widths,
    bias: FlexTensor,
    params: FlexTensor,
    /// `[n, h, w, channels]`.
    below: Option<FlexTensor>,
}

impl Inputs {
    fn view(&self) -> Input<'_> {
        let below = self.below.as_ref().map(values);
        let (params, bias) = (values(&self.params), values(&self.bias));
        Input { window: self.window, widths: &self.widths, params, bias, below }
    }

    fn examples(&self) -> usize {
        self.view().examples()
    }
}

/// A contiguous tensor's numbers.
fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("float32, contiguous")
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// The inputs of a block that get gradients: bias, flat parameters, and the level below as `[n, h, w, channels]`.
struct Parts<B: Backend> {
    widths: Widths,
    bias: Tensor<B, 2>,
    params: Tensor<B, 1>,
    below: Option<Tensor<B, 4>>,
}

/// Whether the kernels support the block's widths.
pub(super) fn fits<B: Backend>(block: &SineBlock<B>) -> bool {
    let widths = block.hidden.iter().chain([&block.exit]).map(|layer| layer.weight.dims()[0]);
    widths.fold(block.bias.dims()[1], usize::max) <= WIDEST && !block.window.is_empty()
}

fn parts<B: Backend>(block: SineBlock<B>) -> Parts<B> {
    let SineBlock { position, bias, below, hidden, exit, .. } = block;
    let sine = [bias.dims()[1]].into_iter().chain(hidden.iter().map(|layer| layer.weight.dims()[0])).collect();
    let widths = Widths { sine, exit: exit.weight.dims()[0], exit_bias: exit.bias.is_some() };
    let mut flat = vec![position.reshape([-1])];
    for layer in hidden.into_iter().chain([exit]) {
        flat.push(layer.weight.reshape([-1]));
        flat.extend(layer.bias);
    }
    let below = below.map(|below| below.permute([0, 2, 3, 1]));
    Parts { widths, bias, params: Tensor::cat(flat, 0), below }
}

/// A tensor's primitive, without gradients.
fn primitive<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> B::FloatTensorPrimitive {
    tensor.into_primitive().tensor()
}

fn wrap<B: Backend, const D: usize>(primitive: B::FloatTensorPrimitive) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

/// [`StudentOps::sine_block`](super::StudentOps::sine_block) without gradients.
pub(super) fn sine_block(block: SineBlock<Flex>) -> Tensor<Flex, 4> {
    let window = block.window;
    let Parts { widths, bias, params, below } = parts(block);
    let [bias, params] = [primitive(bias), primitive(params)].map(|it| it.to_contiguous());
    let inputs = Inputs { window, widths, bias, params, below: below.map(|it| primitive(it).to_contiguous()) };
    wrap::<Flex, 4>(evaluate(&inputs)).permute([0, 3, 1, 2])
}

/// `[n, h, w, channels]`.
fn evaluate(inputs: &Inputs) -> FlexTensor {
    let Window { height, width, .. } = inputs.window;
    tensor(cpu::forward(inputs.view()), [inputs.examples(), height, width, inputs.widths.exit])
}

/// The gradients of bias, parameters and the level below.
#[derive(Clone, Debug)]
struct Given {
    bias: FlexTensor,
    params: FlexTensor,
    below: Option<FlexTensor>,
}

impl Given {
    fn new(inputs: &Inputs, gradient: InputGradient) -> Self {
        let InputGradient { params, bias, below } = gradient;
        let count = params.len();
        let below = below
            .zip(inputs.below.as_ref())
            .map(|(values, like)| FlexTensor::from_data(TensorData::new(values, like.shape())));
        Self { bias: tensor(bias, [inputs.examples(), inputs.widths.sine[0]]), params: tensor(params, [count]), below }
    }

    /// All gradients multiplied by a factor.
    fn scaled(self, factor: f32) -> Self {
        if factor == 1.0 {
            return self;
        }
        Self {
            bias: primitive(wrap::<Flex, 2>(self.bias).mul_scalar(factor)),
            params: primitive(wrap::<Flex, 1>(self.params).mul_scalar(factor)),
            below: self.below.map(|it| primitive(wrap::<Flex, 4>(it).mul_scalar(factor))),
        }
    }
}

/// Passes gradients to the parents that track them.
fn register<S, const N: usize>(ops: Ops<S, N>, grads: &mut Gradients, given: Given) {
    let all = [Some(given.bias), Some(given.params), given.below];
    for (node, gradient) in ops.parents.into_iter().zip(all) {
        if let (Some(node), Some(gradient)) = (node, gradient) {
            grads.register::<Flex>(node.id, gradient);
        }
    }
}

/// The backward pass of a block: recomputes it tile by tile.
#[derive(Debug)]
struct SineBlockBackward;

impl<const N: usize> Backward<Flex, N> for SineBlockBackward {
    type State = Inputs;

    fn backward(self, ops: Ops<Inputs, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<Flex>(&ops.node).to_contiguous();
        let given = Given::new(&ops.state, cpu::backward(ops.state.view(), values(&gradient)));
        register(ops, grads, given);
    }
}

/// The backward pass of a loss, whose gradient is already computed.
#[derive(Debug)]
struct LossBackward;

impl<const N: usize> Backward<Flex, N> for LossBackward {
    type State = Given;

    fn backward(self, ops: Ops<Given, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let factor = values(&grads.consume::<Flex>(&ops.node).to_contiguous())[0];
        let given = ops.state.clone().scaled(factor);
        register(ops, grads, given);
    }
}

/// Makes an autodiff operation from a block: `run` returns its value and the state for `backward`.
fn operation<S, BW, const D: usize>(
    block: SineBlock<Autodiff<Flex>>,
    backward: BW,
    run: impl FnOnce(Inputs) -> (S, FlexTensor),
) -> Tensor<Autodiff<Flex>, D>
where
    S: Clone + Send + std::fmt::Debug + 'static,
    BW: Backward<Flex, 2, State = S> + Backward<Flex, 3, State = S>,
{
    let window = block.window;
    let Parts { widths, bias, params, below } = parts(block);
    let (bias, params, below) = (primitive(bias), primitive(params), below.map(primitive));
    let inputs = Inputs {
        window,
        widths,
        bias: bias.primitive.to_contiguous(),
        params: params.primitive.to_contiguous(),
        below: below.as_ref().map(|below| below.primitive.to_contiguous()),
    };
    let (state, value) = run(inputs);
    macro_rules! finish {
        ($nodes:expr) => {
            match backward.prepare::<NoCheckpointing>($nodes).compute_bound().stateful() {
                OpsKind::Tracked(prep) => prep.finish(state, value),
                OpsKind::UnTracked(prep) => prep.finish(value),
            }
        };
    }
    wrap(match below {
        Some(below) => finish!([bias.node, params.node, below.node]),
        None => finish!([bias.node, params.node]),
    })
}

/// [`StudentOps::sine_block`](super::StudentOps::sine_block) with gradients.
pub(super) fn sine_block_with_gradient(block: SineBlock<Autodiff<Flex>>) -> Tensor<Autodiff<Flex>, 4> {
    let run = |inputs: Inputs| {
        let value = evaluate(&inputs);
        (inputs, value)
    };
    operation::<_, _, 4>(block, SineBlockBackward, run).permute([0, 3, 1, 2])
}

/// A loss and its terms.
type Terms<const N: usize> = (Tensor<Autodiff<Flex>, 1>, [f32; N]);

fn loss<const N: usize>(
    block: SineBlock<Autodiff<Flex>>,
    run: impl FnOnce(Input<'_>) -> ([f64; N], InputGradient),
) -> Terms<N> {
    let mut terms = [0.0; N];
    let total = operation(block, LossBackward, |inputs| {
        let (sums, gradient) = run(inputs.view());
        terms = sums.map(|sum| sum as f32);
        (Given::new(&inputs, gradient), tensor(vec![sums.iter().sum::<f64>() as f32], [1]))
    });
    (total, terms)
}

/// A target's values.
fn numbers<const D: usize>(tensor: &Tensor<Autodiff<Flex>, D>) -> FlexTensor {
    primitive(tensor.clone().inner()).to_contiguous()
}

/// The body's loss terms for its last block.
pub(super) fn body_loss(
    block: SineBlock<Autodiff<Flex>>,
    target: &crate::loss::BodyTarget<Autodiff<Flex>>,
    weights: [f32; 4],
) -> Terms<4> {
    let edge = block.window.edge;
    let [image, posed, warped, grid_change] =
        [&target.image, &target.posed, &target.warped, &target.grid_change].map(numbers);
    let image = cpu::interleave(values(&image), edge * edge);
    let pictures = BodyPictures {
        edge,
        image: &image,
        posed: values(&posed),
        warped: values(&warped),
        grid_change: values(&grid_change),
    };
    loss(block, |input| cpu::body_loss(input, pictures, weights))
}

/// The face's loss terms.
pub(super) fn face_loss(
    block: SineBlock<Autodiff<Flex>>,
    target: &crate::loss::FaceTarget<Autodiff<Flex>>,
    weights: [f32; 2],
) -> Terms<2> {
    let (face, mask) = (numbers(&target.face), numbers(&target.mask));
    let pictures = FacePictures { face: values(&face), mask: values(&mask) };
    loss(block, |input| cpu::face_loss(input, pictures, weights))
}
