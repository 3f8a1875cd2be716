//! One device, shared by the engine that draws and the window that presents.

use super::adapters;
use crate::EngineError;
use bunraku_core::source::Waker;
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    task,
};

/// An adapter's device and queue, and the first thing that went wrong with them. Clones share one device.
#[derive(Clone, Debug)]
pub struct GpuContext {
    /// Where the adapter comes from. A window's surface must come from the same instance.
    pub instance: wgpu::Instance,
    /// The adapter.
    pub adapter: wgpu::Adapter,
    /// Its device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// The adapter's name, kind and driver.
    pub info: Arc<wgpu::AdapterInfo>,
    health: Arc<Health>,
}

/// State that all clones share.
#[derive(Default)]
struct Health {
    /// The first fault.
    fault: OnceLock<String>,
    /// Called once when the device fails.
    waker: OnceLock<Waker>,
    /// Buffers mapped so far.
    maps: AtomicU64,
}

impl GpuContext {
    /// A device on the best adapter: discrete before integrated before others. Software drivers come last, and only
    /// with `allow_software`. `WGPU_BACKEND` restricts the choice.
    ///
    /// # Errors
    /// [`EngineError::NoAdapter`] if there is none.
    pub async fn new(allow_software: bool) -> Result<Self, EngineError> {
        Self::with_instance(adapters::instance(), allow_software, None).await
    }

    /// As [`GpuContext::new`], among the adapters of `instance` that can present to `surface`.
    ///
    /// # Errors
    /// [`EngineError::NoAdapter`] if there is none.
    pub async fn with_instance(
        instance: wgpu::Instance,
        allow_software: bool,
        surface: Option<&wgpu::Surface<'_>>,
    ) -> Result<Self, EngineError> {
        let found = adapters::ranked(&instance, surface).await;
        let adapter = found.iter().find(|a| adapters::usable(a) && (allow_software || !adapters::software(a)));
        match adapter {
            Some(adapter) => Self::from_adapter(instance, adapter.clone()).await,
            None if found.is_empty() => Err(EngineError::NoAdapter("no adapter found; install its driver".into())),
            None => {
                let names: Vec<_> = found.iter().map(|a| a.get_info().name).collect();
                Err(EngineError::NoAdapter(format!("only software or without compute: {}", names.join(", "))))
            }
        }
    }

    /// A device on this adapter of `instance`.
    ///
    /// # Errors
    /// [`EngineError::NoAdapter`] if it refuses.
    pub async fn from_adapter(instance: wgpu::Instance, adapter: wgpu::Adapter) -> Result<Self, EngineError> {
        let info = adapter.get_info();
        let request = adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("bunraku"),
            required_features: adapter.features() & wgpu::Features::TIMESTAMP_QUERY,
            required_limits: limits(&adapter),
            ..Default::default()
        });
        let (device, queue) = request
            .await
            .map_err(|error| EngineError::NoAdapter(format!("{} cannot be opened: {error}", info.name)))?;
        let health = Arc::new(Health::default());
        watch(&device, &health);
        Ok(Self { instance, adapter, device, queue, info: Arc::new(info), health })
    }

    /// Whether the driver computes on the CPU.
    pub fn software(&self) -> bool {
        adapters::software(&self.adapter)
    }

    /// Whether the device still works.
    ///
    /// # Errors
    /// [`EngineError::Lost`] with the first fault, from then on.
    pub fn check(&self) -> Result<(), EngineError> {
        self.health.fault.get().map_or(Ok(()), |why| Err(EngineError::Lost(why.clone())))
    }

    /// Has `wake` called when the device fails, from any thread. Only the first waker is kept.
    pub fn wake_on_fault(&self, wake: Waker) {
        self.health.waker.get_or_init(|| wake);
    }

    /// Buffers mapped so far, to read frames back. A frame that stays on the GPU maps none.
    pub fn maps(&self) -> u64 {
        self.health.maps.load(Ordering::Relaxed)
    }

    /// Maps a buffer for reading and counts it. `done` is called from whichever thread polls the device.
    pub(super) fn map(&self, buffer: &wgpu::Buffer, done: impl FnOnce(bool) + Send + 'static) {
        self.health.maps.fetch_add(1, Ordering::Relaxed);
        buffer.map_async(wgpu::MapMode::Read, .., move |result| done(result.is_ok()));
    }

    /// Runs the callbacks of finished work. In a browser they run by themselves, and this does nothing.
    pub(super) fn poll(&self) -> Result<(), EngineError> {
        self.poll_as(wgpu::PollType::Poll)?;
        self.check()
    }

    /// Polls the device; false if waiting took too long.
    pub(crate) fn poll_as(&self, how: wgpu::PollType) -> Result<bool, EngineError> {
        // wgpu panics if polling shows that the device is lost.
        match catch_unwind(AssertUnwindSafe(|| self.device.poll(how))) {
            Ok(Ok(_)) => Ok(true),
            Ok(Err(wgpu::PollError::Timeout)) => Ok(false),
            Ok(Err(error)) => Err(EngineError::Lost(error.to_string())),
            Err(_) => {
                self.health.fail("the device was lost while drawing");
                self.check().map(|()| true)
            }
        }
    }

    /// Makes GPU objects. What the device cannot make is an error here and does not lose it.
    ///
    /// In a browser errors arrive later and cannot be waited for: there they count as faults of the device, which the
    /// next [`check`](Self::check) returns.
    pub(crate) fn create<T>(&self, make: impl FnOnce() -> T) -> Result<T, EngineError> {
        if cfg!(target_arch = "wasm32") {
            let made = make();
            return self.check().map(|()| made);
        }
        let filters = [wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Validation, wgpu::ErrorFilter::Internal];
        let [memory, validation, internal] = filters.map(|filter| self.device.push_error_scope(filter));
        let made = make();
        // Scopes are a stack: last in, first out.
        let errors = [internal, validation, memory].map(|scope| now(scope.pop()).flatten());
        match errors.into_iter().flatten().next() {
            Some(error) => Err(EngineError::Lost(error.to_string())),
            None => self.check().map(|()| made),
        }
    }
}

impl Health {
    fn fail(&self, why: &str) {
        let mut first = false;
        self.fault.get_or_init(|| {
            first = true;
            why.to_owned()
        });
        if let Some(wake) = self.waker.get().filter(|_| first) {
            wake();
        }
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("fault", &self.fault).field("maps", &self.maps).finish_non_exhaustive()
    }
}

/// The result of a future that is ready at once, as error scopes are natively.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut task::Context::from_waker(task::Waker::noop())) {
        task::Poll::Ready(value) => Some(value),
        task::Poll::Pending => None,
    }
}

/// The limits of any downlevel device, and the adapter's own sizes of buffers, textures and workgroups.
fn limits(adapter: &wgpu::Adapter) -> wgpu::Limits {
    let has = adapter.limits();
    wgpu::Limits {
        max_storage_buffer_binding_size: has.max_storage_buffer_binding_size,
        max_buffer_size: has.max_buffer_size,
        max_compute_workgroup_storage_size: has.max_compute_workgroup_storage_size,
        max_compute_invocations_per_workgroup: has.max_compute_invocations_per_workgroup,
        max_compute_workgroup_size_x: has.max_compute_workgroup_size_x,
        ..wgpu::Limits::downlevel_defaults().using_resolution(has)
    }
}

/// Notes the first fault instead of wgpu's default, a panic.
fn watch(device: &wgpu::Device, health: &Arc<Health>) {
    let note = health.clone();
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        tracing::error!("GPU: {error}");
        note.fail(&error.to_string());
    }));
    let note = health.clone();
    device.set_device_lost_callback(move |reason, message| {
        // Dropping our own device is no fault.
        if reason != wgpu::DeviceLostReason::Destroyed {
            tracing::error!("GPU lost: {message}");
        }
        note.fail(if message.is_empty() { "device destroyed" } else { &message });
    });
}
