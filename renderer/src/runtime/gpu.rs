//! The GPU that the puppet draws on and the window presents on.

use super::OpenAvatar;
use bunraku_core::mapping::PoseMapping;
use bunraku_engine::{
    EngineChoice, EngineError,
    gpu::GpuContext,
    native::{self, OpenOptions},
};
use std::sync::{Arc, Mutex, PoisonError};

/// One device for everybody, opened when it is first needed and again after a loss. Clones share it.
#[derive(Clone, Default)]
pub struct SharedGpu(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Where adapters come from; a window's surface must come from the same.
    instance: Option<wgpu::Instance>,
    context: Mutex<Option<GpuContext>>,
}

impl SharedGpu {
    /// Takes adapters from `instance`, which a window can present with.
    pub fn new(instance: wgpu::Instance) -> Self {
        Self(Arc::new(Inner { instance: Some(instance), context: Mutex::default() }))
    }

    /// The device, if one was opened and works.
    pub fn current(&self) -> Option<GpuContext> {
        let context = self.0.context.lock().unwrap_or_else(PoisonError::into_inner);
        context.clone().filter(|context| context.check().is_ok())
    }

    /// The device that suits `engine`: a software driver only if a GPU was asked for explicitly.
    fn context(&self, engine: EngineChoice) -> Result<GpuContext, EngineError> {
        let allow_software = engine == EngineChoice::Gpu;
        if let Some(context) = self.current().filter(|context| allow_software || !context.software()) {
            return Ok(context);
        }
        let opened = match &self.0.instance {
            Some(instance) => native::block_on(GpuContext::with_instance(instance.clone(), allow_software, None)),
            None => native::gpu_context(allow_software),
        }?;
        *self.0.context.lock().unwrap_or_else(PoisonError::into_inner) = Some(opened.clone());
        Ok(opened)
    }

    /// Opens avatars on this device, or on the CPU with `threads` threads, 0 for one per core. `mapping` makes poses of
    /// faces.
    pub fn opener(&self, threads: usize, mapping: PoseMapping) -> OpenAvatar {
        let gpu = self.clone();
        Box::new(move |engine, character, view| {
            let on = |engine, gpu| {
                let mapping = mapping.clone();
                native::open(character, &OpenOptions { threads, gpu, mapping, ..OpenOptions::new(engine, view) })
            };
            if engine == EngineChoice::Cpu {
                return on(engine, None);
            }
            match gpu.context(engine) {
                Ok(context) => on(engine, Some(context)),
                Err(why) if engine == EngineChoice::Auto => {
                    tracing::info!("drawing on the CPU: {why}");
                    on(EngineChoice::Cpu, None)
                }
                Err(why) => Err(why),
            }
        })
    }
}
