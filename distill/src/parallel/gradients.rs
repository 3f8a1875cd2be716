//! A student's gradients as one row of numbers, in the order of its parameters, and back.

use burn::{
    module::{AutodiffModule, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{
        Tensor, TensorData,
        backend::{AutodiffBackend, Backend},
    },
};

/// All gradients, one parameter after the other. A parameter that the loss does not reach has none.
pub(super) fn flatten<A, S>(student: &S, gradients: &GradientsParams) -> Vec<f32>
where
    A: AutodiffBackend,
    S: AutodiffModule<A>,
{
    let mut flatten = Flatten { gradients, values: Vec::new() };
    student.visit(&mut flatten);
    flatten.values
}

/// Gradients with the numbers of `values`, in the shapes and on the devices of `like`.
pub(super) fn unflatten<A, S>(student: &S, like: &GradientsParams, values: &[f32]) -> GradientsParams
where
    A: AutodiffBackend,
    S: AutodiffModule<A>,
{
    let mut unflatten = Unflatten { like, values, gradients: GradientsParams::new() };
    student.visit(&mut unflatten);
    unflatten.gradients
}

struct Flatten<'a> {
    gradients: &'a GradientsParams,
    values: Vec<f32>,
}

impl<A: AutodiffBackend> ModuleVisitor<A> for Flatten<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<A, D>>) {
        if let Some(gradient) = self.gradients.get::<A::InnerBackend, D>(param.id) {
            self.values.extend(gradient.into_data().iter::<f32>());
        }
    }
}

struct Unflatten<'a> {
    like: &'a GradientsParams,
    values: &'a [f32],
    gradients: GradientsParams,
}

impl<A: AutodiffBackend> ModuleVisitor<A> for Unflatten<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<A, D>>) {
        let Some(like) = self.like.get::<A::InnerBackend, D>(param.id) else { return };
        let (values, rest) = self.values.split_at(like.dims().iter().product());
        self.values = rest;
        self.gradients.register(param.id, filled(&like, values));
    }
}

fn filled<B: Backend, const D: usize>(like: &Tensor<B, D>, values: &[f32]) -> Tensor<B, D> {
    Tensor::from_data(TensorData::new(values.to_vec(), like.dims()), &like.device())
}
