//! Converts a student and its optimiser to named tensors, and back.

use super::optimizer::{Moments, Optimizer, Path};
use bunraku_core::character::Tensor as Stored;
use burn::{
    module::{AutodiffModule, ModuleMapper, ModuleVisitor, Param},
    optim::{AdamState, AdaptiveMomentumState},
    tensor::{
        Tensor, TensorData,
        backend::{AutodiffBackend, Backend},
    },
};
use std::collections::BTreeMap;

/// The prefixes of a checkpoint's tensors, before the parameter's path in the student.
const WEIGHTS: &str = "weights.";
const MEAN: &str = "adam.mean.";
const SQUARE: &str = "adam.square.";

type Tensors = BTreeMap<String, Stored>;

/// Everything that a step changes, by name.
pub(super) fn collect<B: AutodiffBackend, S: AutodiffModule<B>>(student: &S, optimizer: &Optimizer<B>) -> Tensors {
    let mut collector = Collector { path: Path::default(), tensors: BTreeMap::new() };
    student.visit(&mut collector);
    let mut tensors = collector.tensors;
    for (name, moments) in &optimizer.moments {
        let AdaptiveMomentumState { moment_1, moment_2, .. } = moments.momentum.clone();
        tensors.insert(format!("{MEAN}{name}"), stored(moment_1));
        tensors.insert(format!("{SQUARE}{name}"), stored(moment_2));
    }
    tensors
}

/// Restores the student's weights from [`collect`]'s tensors, and its optimiser's moments after `steps` steps. The
/// error is the name of a tensor that is missing or has another shape.
pub(super) fn restore<B: AutodiffBackend, S: AutodiffModule<B>>(
    student: S,
    optimizer: &mut Optimizer<B>,
    steps: u64,
    tensors: &Tensors,
    device: &B::Device,
) -> Result<S, String> {
    let mut loader = Loader { path: Path::default(), tensors, device, missing: None };
    let student = student.map(&mut loader);
    if let Some(name) = loader.missing {
        return Err(name);
    }
    let time = usize::try_from(steps).map_err(|_| "steps".to_owned())?;
    optimizer.moments = moments::<B>(tensors, time, device)?;
    Ok(student)
}

fn moments<B: AutodiffBackend>(
    tensors: &Tensors,
    time: usize,
    device: &B::Device,
) -> Result<BTreeMap<String, Moments<B>>, String> {
    let means = tensors.iter().filter_map(|(name, mean)| Some((name.strip_prefix(MEAN)?, mean)));
    let moments = means.map(|(name, mean)| {
        // Moments are rows, whatever the shape of their weights.
        let count = tensors.get(&format!("{WEIGHTS}{name}")).map(|weights| weights.values.len());
        let fits =
            |moment: &&Stored| count.is_some_and(|count| moment.shape == [count] && moment.values.len() == count);
        let mean = Some(mean).filter(fits).ok_or_else(|| format!("{MEAN}{name}"))?;
        let square_name = format!("{SQUARE}{name}");
        let square = tensors.get(&square_name).filter(fits).ok_or(square_name)?;
        let [mean, square] = [mean, square].map(|stored| loaded(stored, [stored.values.len()], device));
        Ok((name.to_owned(), AdamState::new(AdaptiveMomentumState::new(time, mean, square))))
    });
    moments.collect()
}

fn stored<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Stored {
    let shape = tensor.dims().to_vec();
    Stored { shape, values: tensor.into_data().iter::<f32>().collect() }
}

fn loaded<B: Backend, const D: usize>(stored: &Stored, shape: [usize; D], device: &B::Device) -> Tensor<B, D> {
    Tensor::from_data(TensorData::new(stored.values.clone(), shape), device)
}

struct Collector {
    path: Path,
    tensors: Tensors,
}

impl<B: Backend> ModuleVisitor<B> for Collector {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.tensors.insert(format!("{WEIGHTS}{}", self.path.name()), stored(param.val()));
    }
}

struct Loader<'a, D> {
    path: Path,
    tensors: &'a Tensors,
    device: &'a D,
    missing: Option<String>,
}

impl<B: AutodiffBackend> ModuleMapper<B> for Loader<'_, B::Device> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let name = format!("{WEIGHTS}{}", self.path.name());
        let (id, tensor, mapper) = param.consume();
        let tensor = match self.tensors.get(&name) {
            Some(stored) if stored.shape == tensor.dims() => loaded(stored, tensor.dims(), self.device).require_grad(),
            _ => {
                self.missing.get_or_insert(name);
                tensor
            }
        };
        Param::from_mapped_value(id, tensor, mapper)
    }
}
