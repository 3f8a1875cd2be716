//! The engine: a pose in, a frame out.

use super::{
    GpuContext, buffers,
    kernels::{Kernels, Step},
    program::Program,
    weights::Weights,
};
use crate::{Description, Detail, EngineError, Frame, StudentEngine, plan::Plan};
use bunraku_core::{
    character::{CharacterImage, CharacterModel, IMAGE_SIZE},
    pose::Pose,
};
use std::{
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    time::Duration,
};

/// What is drawn is mapped at once; only a lost device does not answer.
const MAPPING: Duration = Duration::from_secs(10);

/// Draws one character's student on a GPU, in float32.
#[derive(Debug)]
pub struct GpuEngine {
    context: GpuContext,
    plan: Plan,
    kernels: Kernels,
    weights: Weights,
    picture: wgpu::Buffer,
    detail: Detail,
    program: Program,
    readback: wgpu::Buffer,
    /// Whether the readback buffer could be mapped, said by whichever thread waits for the device.
    mapped: (SyncSender<bool>, Receiver<bool>),
    /// Made when it is first asked for.
    screen: Option<Screen>,
}

/// The texture of [`GpuEngine::render_texture`].
#[derive(Debug)]
struct Screen {
    texture: wgpu::Texture,
    expose: Step,
}

impl GpuEngine {
    /// Compiles the shaders and uploads the character.
    ///
    /// # Errors
    /// [`EngineError::Lost`] when the device has no room for it or is lost.
    pub fn new(context: &GpuContext, character: &CharacterModel, detail: Detail) -> Result<Self, EngineError> {
        let plan = Plan::new(character);
        context.create(|| {
            let weights = Weights::new(context, &plan);
            let kernels = Kernels::new(context, &weights.tiles());
            let picture = buffers::storage(context, "picture", bytemuck::cast_slice(&interleaved(&character.image)));
            let program = Program::new(context, &kernels, &weights, &picture, detail);
            let readback = readback(context, detail);
            let mapped = sync_channel(1);
            Self {
                context: context.clone(),
                plan,
                kernels,
                weights,
                picture,
                detail,
                program,
                readback,
                mapped,
                screen: None,
            }
        })
    }

    /// Draws `pose` into a texture on the engine's device and does not wait for it: commands submitted later see it.
    ///
    /// The texture is `Rgba16Float`, `size` x `size`, linear-light premultiplied RGBA in [0, 1], clipped; it can be
    /// sampled, filtered too, and stays the same until [`StudentEngine::set_detail`].
    ///
    /// # Errors
    /// [`EngineError::Lost`] when the device is lost.
    pub fn render_texture(&mut self, pose: &Pose) -> Result<&wgpu::Texture, EngineError> {
        self.context.check()?;
        let screen = match self.screen.take() {
            Some(screen) => screen,
            None => self.context.create(|| screen(&self.context.device, &self.kernels, &self.program, self.detail))?,
        };
        self.submit(pose, |encoder| {
            screen.expose.dispatch(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()));
        });
        self.context.check()?;
        Ok(&self.screen.insert(screen).texture)
    }

    fn submit(&mut self, pose: &Pose, then: impl FnOnce(&mut wgpu::CommandEncoder)) {
        self.weights.write_pose(&self.context.queue, pose);
        let mut encoder = self.context.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.program.encode(&mut encoder);
        then(&mut encoder);
        self.context.queue.submit([encoder.finish()]);
    }

    /// Waits for the readback buffer and copies it.
    fn read(&mut self, frame: &mut Frame) -> Result<(), EngineError> {
        let mapped = self.mapped.0.clone();
        self.readback.map_async(wgpu::MapMode::Read, .., move |result| {
            mapped.try_send(result.is_ok()).ok();
        });
        self.context.wait()?;
        if self.mapped.1.recv_timeout(MAPPING) != Ok(true) {
            self.context.check()?;
            return Err(EngineError::Lost("the frame could not be read back".into()));
        }
        frame.resize(self.detail.size);
        bytemuck::cast_slice_mut(&mut frame.planes).copy_from_slice(&self.readback.get_mapped_range(..));
        self.readback.unmap();
        Ok(())
    }
}

impl StudentEngine for GpuEngine {
    fn render(&mut self, pose: &Pose, frame: &mut Frame) -> Result<(), EngineError> {
        self.context.check()?;
        let (planes, readback) = (self.program.planes.clone(), self.readback.clone());
        self.submit(pose, |encoder| encoder.copy_buffer_to_buffer(&planes, 0, &readback, 0, None));
        self.read(frame)
    }

    fn set_detail(&mut self, detail: Detail) -> Result<(), EngineError> {
        if detail == self.detail {
            return self.context.check();
        }
        let made = self.context.create(|| {
            let program = Program::new(&self.context, &self.kernels, &self.weights, &self.picture, detail);
            (program, readback(&self.context, detail))
        })?;
        (self.program, self.readback) = made;
        self.screen = None;
        self.detail = detail;
        Ok(())
    }

    fn detail(&self) -> Detail {
        self.detail
    }

    fn multiply_adds(&self) -> usize {
        self.plan.multiply_adds(self.detail)
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

/// One RGBA vector a pixel.
fn interleaved(image: &CharacterImage) -> Vec<[f32; 4]> {
    let pixels = IMAGE_SIZE * IMAGE_SIZE;
    (0..pixels).map(|p| std::array::from_fn(|channel| image.planes[channel * pixels + p])).collect()
}

fn readback(context: &GpuContext, detail: Detail) -> wgpu::Buffer {
    buffers::readback(context, 4 * detail.size * detail.size)
}

fn screen(device: &wgpu::Device, kernels: &Kernels, program: &Program, detail: Detail) -> Screen {
    let edge = detail.size as u32;
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: Some("frame"),
        size: wgpu::Extent3d { width: edge, height: edge, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba16Float,
        usage: wgpu::TextureUsages::STORAGE_BINDING
            | wgpu::TextureUsages::TEXTURE_BINDING
            | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    });
    let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
    Screen { expose: kernels.expose(edge, &program.planes, &view), texture }
}
