//! The engine: a pose in, a submitted frame out.

use super::{kernels::Kernels, program::Program, weights::Weights};
use crate::{
    Description, EngineError, Frame, FramePool, Quality, View,
    gpu::{GpuContext, GpuFrame, buffers},
    student::{Grids, Plan, avatar::Engine},
};
use bunraku_core::{
    character::{CharacterImage, CharacterModel, IMAGE_SIZE},
    pose::Pose,
};

/// Draws one character's student on a GPU, in float32.
#[derive(Debug)]
pub struct GpuEngine {
    context: GpuContext,
    plan: Plan,
    kernels: Kernels,
    weights: Weights,
    picture: wgpu::Buffer,
    grids: Grids,
    program: Program,
}

impl GpuEngine {
    /// Compiles the shaders and uploads the character.
    ///
    /// # Errors
    /// [`EngineError::Lost`] when the device has no room or is lost.
    pub fn new(context: &GpuContext, character: &CharacterModel, view: View) -> Result<Self, EngineError> {
        let (plan, grids) = (Plan::new(character), Grids::new(view));
        context.create(|| {
            let weights = Weights::new(context, &plan)?;
            let kernels = Kernels::new(context, &weights.tiles());
            let picture = buffers::storage(context, "picture", bytemuck::cast_slice(&interleaved(&character.image)));
            let program = Program::new(context, &kernels, &weights, &picture, grids);
            Ok(Self { context: context.clone(), plan, kernels, weights, picture, grids, program })
        })?
    }

    /// Dispatches of a frame.
    #[cfg(test)]
    pub(super) fn dispatches(&self) -> usize {
        self.program.dispatches()
    }

    /// Submits the frame of a pose, which is not clamped, and does not wait for it.
    ///
    /// # Errors
    /// [`EngineError::Lost`] when the device is lost.
    pub fn render(&mut self, pose: &Pose) -> Result<GpuFrame, EngineError> {
        self.context.check()?;
        self.weights.write_pose(&self.context.queue, pose);
        let mut encoder = self.context.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.program.encode(&mut encoder);
        let submission = self.context.queue.submit([encoder.finish()]);
        self.context.check()?;
        Ok(GpuFrame { submission: Some(submission), ..self.program.frame.clone() })
    }
}

impl Engine for GpuEngine {
    fn draw(&mut self, pose: &Pose, _: &mut FramePool) -> Result<Frame, EngineError> {
        self.render(pose).map(Frame::Gpu)
    }

    fn set_grids(&mut self, grids: Grids) -> Result<(), EngineError> {
        if grids == self.grids {
            return self.context.check();
        }
        let Self { context, kernels, weights, picture, .. } = self;
        self.program = context.create(|| Program::new(context, kernels, weights, picture, grids))?;
        self.grids = grids;
        Ok(())
    }

    fn qualities(&self) -> &'static [Quality] {
        // Nothing is skipped here: `High` costs as much as `Full`.
        &[Quality::Full, Quality::Fast]
    }

    fn multiply_adds(&self) -> usize {
        self.plan.multiply_adds_on(self.grids)
    }

    fn describe(&self) -> Description {
        let info = &self.context.info;
        Description {
            engine: "gpu",
            adapter: format!("{} ({})", info.name, info.backend),
            precision: "f32",
            threads: 0,
        }
    }
}

/// One RGBA vector per pixel.
fn interleaved(image: &CharacterImage) -> Vec<[f32; 4]> {
    let pixels = IMAGE_SIZE * IMAGE_SIZE;
    (0..pixels).map(|p| std::array::from_fn(|channel| image.planes[channel * pixels + p])).collect()
}
