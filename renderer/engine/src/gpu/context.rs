//! A device to compute on, shared with the window that presents on it.

use super::adapters;
use crate::EngineError;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

/// A software driver on a busy machine may take seconds for a large frame; longer than this is a driver that hangs.
const PATIENCE: Duration = Duration::from_mins(2);

/// An adapter's device and queue, and what has gone wrong with them. Clones share one device.
#[derive(Clone, Debug)]
pub struct GpuContext {
    /// Where the adapter comes from; a window's surface must come from the same.
    pub instance: wgpu::Instance,
    /// The adapter.
    pub adapter: wgpu::Adapter,
    /// Its device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// The adapter's name, kind and driver.
    pub info: wgpu::AdapterInfo,
    fault: Arc<OnceLock<String>>,
}

impl GpuContext {
    /// A device on the best adapter: discrete before integrated before others. Software drivers, which run on the CPU,
    /// only with `allow_software`, and last. `WGPU_BACKEND` restricts the choice.
    ///
    /// # Errors
    /// [`EngineError::NoAdapter`] if there is none.
    pub fn new(allow_software: bool) -> Result<Self, EngineError> {
        Self::with_instance(adapters::instance(), allow_software, None)
    }

    /// Like [`GpuContext::new`] among the adapters of `instance` that can present to `surface`.
    ///
    /// # Errors
    /// [`EngineError::NoAdapter`] if there is none.
    pub fn with_instance(
        instance: wgpu::Instance,
        allow_software: bool,
        surface: Option<&wgpu::Surface<'_>>,
    ) -> Result<Self, EngineError> {
        let found = adapters::ranked(&instance, surface);
        let adapter = found.iter().find(|a| adapters::usable(a) && (allow_software || !adapters::software(a)));
        match adapter {
            Some(adapter) => Self::from_adapter(instance, adapter.clone()),
            None if found.is_empty() => Err(EngineError::NoAdapter("none was found, is a driver installed?".into())),
            None => {
                let names: Vec<_> = found.iter().map(|a| a.get_info().name).collect();
                Err(EngineError::NoAdapter(format!("only {} found, software or without compute", names.join(", "))))
            }
        }
    }

    /// A device on this adapter of `instance`.
    ///
    /// # Errors
    /// [`EngineError::NoAdapter`] if it refuses.
    pub fn from_adapter(instance: wgpu::Instance, adapter: wgpu::Adapter) -> Result<Self, EngineError> {
        let info = adapter.get_info();
        let request = adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("bunraku"),
            required_limits: limits(&adapter),
            ..Default::default()
        });
        let (device, queue) = pollster::block_on(request)
            .map_err(|error| EngineError::NoAdapter(format!("{} gives no device: {error}", info.name)))?;
        let fault = Arc::new(OnceLock::new());
        watch(&device, &fault);
        Ok(Self { instance, adapter, device, queue, info, fault })
    }

    /// Whether a driver that runs on the CPU does the work.
    pub fn software(&self) -> bool {
        adapters::software(&self.adapter)
    }

    /// Whether the device still works.
    ///
    /// # Errors
    /// [`EngineError::Lost`] with the first thing that went wrong with this device, from then on.
    pub fn check(&self) -> Result<(), EngineError> {
        self.fault.get().map_or(Ok(()), |why| Err(EngineError::Lost(why.clone())))
    }

    /// Waits until all work submitted is done.
    pub(super) fn wait(&self) -> Result<(), EngineError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let wait = wgpu::PollType::Wait { submission_index: None, timeout: Some(left) };
            // wgpu panics where waiting shows that the device is lost; the engine is to survive that.
            match catch_unwind(AssertUnwindSafe(|| self.device.poll(wait))) {
                Ok(Ok(_)) => return self.check(),
                // GL gives up earlier than asked.
                Ok(Err(wgpu::PollError::Timeout)) if !left.is_zero() => {}
                Ok(Err(error)) => return Err(EngineError::Lost(error.to_string())),
                Err(_) => {
                    self.fault.get_or_init(|| "the device was lost while it drew".into());
                    return self.check();
                }
            }
        }
    }

    /// Makes GPU objects; what the device cannot make is an error here and does not lose it.
    pub(super) fn create<T>(&self, make: impl FnOnce() -> T) -> Result<T, EngineError> {
        let filters = [wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Validation, wgpu::ErrorFilter::Internal];
        let [memory, validation, internal] = filters.map(|filter| self.device.push_error_scope(filter));
        let made = make();
        // Scopes are a stack: the last one first.
        let errors = [internal, validation, memory].map(|scope| pollster::block_on(scope.pop()));
        match errors.into_iter().flatten().next() {
            Some(error) => Err(EngineError::Lost(error.to_string())),
            None => self.check().map(|()| made),
        }
    }
}

/// What any downlevel device has, and the adapter's own sizes of buffers and textures.
fn limits(adapter: &wgpu::Adapter) -> wgpu::Limits {
    let has = adapter.limits();
    wgpu::Limits {
        max_storage_buffer_binding_size: has.max_storage_buffer_binding_size,
        max_buffer_size: has.max_buffer_size,
        ..wgpu::Limits::downlevel_defaults().using_resolution(has)
    }
}

/// Notes the first fault instead of wgpu's default, a panic.
fn watch(device: &wgpu::Device, fault: &Arc<OnceLock<String>>) {
    let note = fault.clone();
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        tracing::error!("GPU: {error}");
        note.get_or_init(|| error.to_string());
    }));
    let note = fault.clone();
    device.set_device_lost_callback(move |reason, message| {
        // Our own device going out of scope is no fault.
        if reason != wgpu::DeviceLostReason::Destroyed {
            tracing::error!("GPU lost: {message}");
        }
        note.get_or_init(|| if message.is_empty() { "device destroyed".into() } else { message.clone() });
    });
}
