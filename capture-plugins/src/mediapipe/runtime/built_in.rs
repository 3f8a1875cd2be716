//! The built-in runtime: rten, in pure Rust, with nothing to install.

use super::{Layout, Network, NetworkError};
use rten::{Model, NodeId, RunOptions, ThreadPool};
use rten_tensor::{Layout as _, TensorView, prelude::*};
use std::sync::Arc;

/// Opens a network.
pub(super) fn open(model: &[u8], layout: &'static Layout, threads: usize) -> Result<Box<dyn Network>, String> {
    let model = Model::load(model.to_vec()).map_err(|error| error.to_string())?;
    let &[input] = model.input_ids() else { return Err("it does not have exactly one input".to_owned()) };
    let outputs = layout.outputs.iter().map(|(name, _)| model.node_id(name).map_err(|error| error.to_string()));
    let outputs = outputs.collect::<Result<_, _>>()?;
    let pool = Arc::new(ThreadPool::with_num_threads(threads.max(1)));
    let options = RunOptions::default().with_thread_pool(Some(pool));
    Ok(Box::new(RtenNetwork { model, input, outputs, options, layout }))
}

struct RtenNetwork {
    model: Model,
    input: NodeId,
    outputs: Vec<NodeId>,
    options: RunOptions,
    layout: &'static Layout,
}

impl Network for RtenNetwork {
    fn run(&mut self, input: &[f32], outputs: &mut [&mut [f32]]) -> Result<(), NetworkError> {
        let network = self.layout.network;
        self.compute(input, outputs).map_err(|why| NetworkError { network, why })
    }
}

impl RtenNetwork {
    fn compute(&self, input: &[f32], outputs: &mut [&mut [f32]]) -> Result<(), String> {
        let input = TensorView::try_from_data(self.layout.input, input).map_err(|error| error.to_string())?;
        let inputs = vec![(self.input, input.into())];
        let results = self.model.run(inputs, &self.outputs, Some(self.options.clone()));
        let results = results.map_err(|error| error.to_string())?;
        for (((name, _), result), output) in self.layout.outputs.iter().zip(results).zip(outputs) {
            let result: rten_tensor::Tensor<f32> =
                result.try_into().map_err(|_| format!("`{name}` is not of type f32"))?;
            if result.len() != output.len() {
                return Err(format!("`{name}` has {} numbers, expected {}", result.len(), output.len()));
            }
            for (output, value) in output.iter_mut().zip(result.iter()) {
                *output = *value;
            }
        }
        Ok(())
    }
}
