//! Adam over a student's parameters, identified by their paths, so that its state can be saved and restored.

use crate::recipe::AdamSettings;
use burn::{
    module::{AutodiffModule, ModuleMapper, Param},
    optim::{Adam, AdamConfig, AdamState, GradientsParams, SimpleOptimizer as _},
    tensor::{Tensor, backend::AutodiffBackend},
};
use std::collections::BTreeMap;

/// The moments of one parameter, as a row.
pub(super) type Moments<B> = AdamState<<B as AutodiffBackend>::InnerBackend, 1>;

/// burn's Adam, one parameter at a time.
pub(super) struct Optimizer<B: AutodiffBackend> {
    adam: Adam,
    /// By the parameter's path; empty before the first step.
    pub(super) moments: BTreeMap<String, Moments<B>>,
}

impl<B: AutodiffBackend> Optimizer<B> {
    pub(super) fn new(settings: &AdamSettings) -> Self {
        let AdamSettings { beta_1, beta_2, epsilon } = *settings;
        let config = AdamConfig::new().with_beta_1(beta_1).with_beta_2(beta_2).with_epsilon(epsilon);
        Self { adam: config.build(), moments: BTreeMap::new() }
    }

    /// The student after a step down `gradients`.
    pub(super) fn step<S: AutodiffModule<B>>(&mut self, student: S, gradients: GradientsParams, rate: f64) -> S {
        student.map(&mut Step { optimizer: self, gradients, rate, path: Path::default() })
    }
}

/// The path of a walk through a module.
#[derive(Default)]
pub(super) struct Path(Vec<String>);

impl Path {
    pub(super) fn enter(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    pub(super) fn exit(&mut self) {
        self.0.pop();
    }

    /// The current parameter's path, such as `levels.0.1.weight`.
    pub(super) fn name(&self) -> String {
        self.0.join(".")
    }
}

struct Step<'a, B: AutodiffBackend> {
    optimizer: &'a mut Optimizer<B>,
    gradients: GradientsParams,
    rate: f64,
    path: Path,
}

impl<B: AutodiffBackend> ModuleMapper<B> for Step<'_, B> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let (id, tensor, mapper) = param.consume();
        // A parameter that the loss does not reach stays unchanged.
        let Some(gradient) = self.gradients.remove::<B::InnerBackend, D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let shape = tensor.dims();
        let row = [shape.iter().product::<usize>()];
        let moments = self.optimizer.moments.remove(&self.path.name());
        let (tensor, moments) =
            self.optimizer.adam.step(self.rate, tensor.inner().reshape(row), gradient.reshape(row), moments);
        self.optimizer.moments.extend(moments.map(|moments| (self.path.name(), moments)));
        Param::from_mapped_value(id, Tensor::from_inner(tensor.reshape(shape)).require_grad(), mapper)
    }
}
