//! The graphics device that presents to the window: the puppet's own where possible, else the best there is.

use super::alpha;
use bunraku_core::source::Waker;
use bunraku_engine::{gpu::GpuContext, native};
use std::{
    cmp::Reverse,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use winit::{event_loop::OwnedDisplayHandle, window::Window};

/// What to do without a driver.
const INSTALL: &str = "install your GPU's driver, or on Linux Mesa's software driver (mesa-vulkan-drivers)";

/// Why nothing can be presented.
#[derive(Debug, thiserror::Error)]
pub enum GraphicsError {
    /// There is no graphics driver, or none that knows this window system.
    #[error("nothing can draw on the window: no graphics driver answers ({0}); {INSTALL}")]
    Surface(#[from] wgpu::CreateSurfaceError),
    /// No adapter, not even a software one, presents to the window.
    #[error("nothing can draw on the window: no graphics adapter presents to it; {INSTALL}")]
    NoAdapter,
    /// The puppet's device was lost, and it has not opened another yet.
    #[error("the GPU was lost")]
    Lost,
    /// Adapters were found, and none of them opened.
    #[error("no graphics adapter could be opened: {0}")]
    NoDevice(String),
    /// A library that the window is reached through is missing.
    #[error("nothing can draw on the window: {0}; install it (libwayland-egl1 on Debian and Ubuntu)")]
    NoLibrary(String),
}

/// A device that presents to one window.
pub(super) struct Graphics {
    pub(super) surface: wgpu::Surface<'static>,
    pub(super) adapter: wgpu::Adapter,
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    loss: Loss,
}

/// Where the loss of the device is noted.
enum Loss {
    /// By the puppet's device.
    Shared(GpuContext),
    /// By a device of the window's own.
    Own(Arc<AtomicBool>),
}

impl Graphics {
    /// Presents with the puppet's device; none if it cannot present to `window`. `wake` is called from any thread when
    /// the device is lost.
    pub(super) fn share(context: &GpuContext, window: &Arc<Window>, wake: Waker) -> Option<Self> {
        let surface = context.instance.create_surface(Arc::clone(window)).ok()?;
        if !context.adapter.is_surface_supported(&surface) {
            return None;
        }
        context.wake_on_fault(wake);
        let GpuContext { adapter, device, queue, .. } = context.clone();
        tracing::info!("presenting with the puppet's {}", describe(&context.info));
        Some(Self { surface, adapter, device, queue, loss: Loss::Shared(context.clone()) })
    }

    /// Opens the best adapter of these backends that presents to `window`. `wake` is called from any thread when the
    /// device is lost.
    pub(super) fn open(
        display: OwnedDisplayHandle,
        window: &Arc<Window>,
        backends: wgpu::Backends,
        wake: Waker,
    ) -> Result<Self, GraphicsError> {
        let instance = instance(display, backends);
        let surface = instance.create_surface(Arc::clone(window))?;
        let mut failures = Vec::new();
        for adapter in ranked_adapters(&instance, &surface) {
            match open_device(&adapter) {
                Ok((device, queue)) => {
                    tracing::info!("presenting with {}", describe(&adapter.get_info()));
                    let lost = watch(&device, move || wake());
                    return Ok(Self { surface, adapter, device, queue, loss: Loss::Own(lost) });
                }
                Err(error) => failures.push(format!("{}: {error}", describe(&adapter.get_info()))),
            }
        }
        if failures.is_empty() {
            Err(GraphicsError::NoAdapter)
        } else {
            Err(GraphicsError::NoDevice(failures.join("; ")))
        }
    }

    /// Whether windows with an alpha channel stay black: Mesa's software Vulkan says that it keeps alpha, every frame
    /// succeeds, and none arrives.
    pub(super) fn needs_opaque_window(&self) -> bool {
        is_software_vulkan(&self.adapter.get_info())
    }

    /// Whether the device is gone, so that everything made from it must be made again.
    pub(super) fn is_lost(&self) -> bool {
        match &self.loss {
            Loss::Shared(context) => context.check().is_err(),
            Loss::Own(lost) => lost.load(Ordering::Relaxed),
        }
    }
}

/// An instance that can present to windows on `display`. Honours `WGPU_BACKEND` and its kin.
pub(super) fn instance(display: OwnedDisplayHandle, backends: wgpu::Backends) -> wgpu::Instance {
    let mut descriptor = wgpu::InstanceDescriptor::new_with_display_handle(Box::new(display));
    // The other kind of swap chain has no alpha on Windows.
    descriptor.backend_options.dx12.presentation_system = wgpu::Dx12SwapchainKind::DxgiFromVisual;
    descriptor = descriptor.with_env();
    descriptor.backends &= backends;
    wgpu::Instance::new(descriptor)
}

/// The adapters that present to `surface`, best first.
///
/// Hardware before software, software Vulkan last, then a surface that says it keeps alpha; otherwise in the system's
/// order, whose first is usually the one that drives the display.
fn ranked_adapters(instance: &wgpu::Instance, surface: &wgpu::Surface<'_>) -> Vec<wgpu::Adapter> {
    let mut adapters = native::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    adapters.retain(|adapter| adapter.is_surface_supported(surface));
    adapters.sort_by_cached_key(|adapter| {
        let info = adapter.get_info();
        let keeps_alpha = alpha::keeps(alpha::choose(&surface.get_capabilities(adapter).alpha_modes));
        Reverse((info.device_type != wgpu::DeviceType::Cpu, !is_software_vulkan(&info), keeps_alpha))
    });
    adapters
}

/// As [`Graphics::needs_opaque_window`], before there is a surface.
pub(super) fn needs_opaque_window(context: &GpuContext) -> bool {
    is_software_vulkan(&context.info)
}

fn is_software_vulkan(info: &wgpu::AdapterInfo) -> bool {
    info.device_type == wgpu::DeviceType::Cpu && info.backend == wgpu::Backend::Vulkan
}

fn open_device(adapter: &wgpu::Adapter) -> Result<(wgpu::Device, wgpu::Queue), wgpu::RequestDeviceError> {
    native::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
        label: Some("window"),
        // Presenting needs the least there is; only the sizes follow the adapter, for large windows.
        required_limits: wgpu::Limits::downlevel_webgl2_defaults().using_resolution(adapter.limits()),
        ..Default::default()
    }))
}

/// Keeps errors from ending the program, and notices the loss of the device.
fn watch(device: &wgpu::Device, wake: impl Fn() + Send + 'static) -> Arc<AtomicBool> {
    device.on_uncaptured_error(Arc::new(|error| tracing::error!("presenting failed: {error}")));
    let lost = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&lost);
    device.set_device_lost_callback(move |reason, message| {
        tracing::warn!("the presenting device was lost ({reason:?}): {message}");
        flag.store(true, Ordering::Relaxed);
        wake();
    });
    lost
}

/// Runs calls that present, and logs their validation errors. On the puppet's device an uncaught one, such as a surface that
/// changed while it was configured, would count as the loss of the device.
pub(super) fn catch_errors<T>(device: &wgpu::Device, present: impl FnOnce() -> T) -> T {
    let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let done = present();
    if let Some(error) = native::block_on(scope.pop()) {
        tracing::error!("presenting failed: {error}");
    }
    done
}

/// The adapter's name and its graphics API.
fn describe(info: &wgpu::AdapterInfo) -> String {
    format!("{} ({})", info.name, info.backend)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_test_support::{Means, missing};
    use std::{sync::mpsc::sync_channel, time::Duration};

    /// A device whose loss is watched; without an adapter the test is skipped.
    fn watched(wake: impl Fn() + Send + 'static) -> Option<(wgpu::Device, wgpu::Queue, Arc<AtomicBool>)> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
        let adapter = native::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()));
        let adapter = adapter.map_or_else(|error| missing(Means::Gpu, error), Some)?;
        let (device, queue) = open_device(&adapter).expect("a device");
        let lost = watch(&device, wake);
        Some((device, queue, lost))
    }

    #[test]
    fn the_loss_of_the_device_wakes_the_window() {
        let (woken, wakes) = sync_channel(1);
        let wake = move || woken.send(()).expect("this test waits");
        let Some((device, _queue, lost)) = watched(wake) else { return };
        assert!(!lost.load(Ordering::Relaxed));
        device.destroy();
        device.poll(wgpu::PollType::wait_indefinitely()).ok();
        wakes.recv_timeout(Duration::from_mins(1)).expect("woken");
        assert!(lost.load(Ordering::Relaxed));
    }

    #[test]
    fn an_error_while_presenting_does_not_lose_the_device_of_the_puppet() {
        let context = native::gpu_context(true).or_else(|error| missing(Means::Gpu, error).ok_or(()));
        let Ok(context) = context else { return };
        let without_use = wgpu::BufferUsages::empty();
        let descriptor = wgpu::BufferDescriptor { label: None, size: 4, usage: without_use, mapped_at_creation: false };
        drop(catch_errors(&context.device, || context.device.create_buffer(&descriptor)));
        assert!(context.check().is_ok());
        drop(context.device.create_buffer(&descriptor));
        assert!(context.check().is_err(), "the error was none");
    }

    #[test]
    fn a_validation_error_is_logged_and_nothing_panics() {
        let Some((device, _queue, lost)) = watched(|| {}) else { return };
        let without_use = wgpu::BufferUsages::empty();
        let descriptor = wgpu::BufferDescriptor { label: None, size: 4, usage: without_use, mapped_at_creation: false };
        drop(device.create_buffer(&descriptor));
        assert!(!lost.load(Ordering::Relaxed), "an error is no loss");
    }
}
