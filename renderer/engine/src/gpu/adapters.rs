//! The adapters of this machine, in the order in which the engine would take them.

use std::cmp::Reverse;

/// What `doctor` shows of an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterSummary {
    /// As the driver says it.
    pub name: String,
    /// The graphics API, such as `vulkan`.
    pub backend: String,
    /// `discrete`, `integrated`, `virtual`, `software` or `other`.
    pub kind: &'static str,
    /// The driver's name and version.
    pub driver: String,
    /// Runs on the CPU; `--engine auto` passes over it.
    pub software: bool,
    /// Can run the student.
    pub usable: bool,
    /// The greatest buffer a shader can see, in bytes; 2048 x 2048 output needs 117 MB.
    pub max_storage_bytes: u64,
    /// Workgroup memory in bytes.
    pub workgroup_bytes: u32,
}

/// All adapters that the enabled backends see (`WGPU_BACKEND` restricts them), the best first.
pub fn adapters() -> Vec<AdapterSummary> {
    ranked(&instance(), None).iter().map(summary).collect()
}

/// An instance with the environment's wishes.
pub(super) fn instance() -> wgpu::Instance {
    wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env())
}

/// Adapters that can present to `surface` (all, without one), the best first.
pub(super) fn ranked(instance: &wgpu::Instance, surface: Option<&wgpu::Surface<'_>>) -> Vec<wgpu::Adapter> {
    let mut adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    adapters.retain(|adapter| surface.is_none_or(|surface| adapter.is_surface_supported(surface)));
    adapters.sort_by_key(|adapter| {
        let info = adapter.get_info();
        // Compute over GL is a second choice on any device.
        (Reverse(usable(adapter)), rank(info.device_type), info.backend == wgpu::Backend::Gl)
    });
    adapters
}

/// Whether the student can run there: compute shaders, and what downlevel hardware must have.
pub(super) fn usable(adapter: &wgpu::Adapter) -> bool {
    adapter.get_downlevel_capabilities().flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
        && wgpu::Limits::downlevel_defaults().check_limits(&adapter.limits())
}

/// Whether it is a driver that computes on the CPU.
pub(super) fn software(adapter: &wgpu::Adapter) -> bool {
    adapter.get_info().device_type == wgpu::DeviceType::Cpu
}

fn rank(kind: wgpu::DeviceType) -> u8 {
    match kind {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    }
}

fn summary(adapter: &wgpu::Adapter) -> AdapterSummary {
    let info = adapter.get_info();
    let limits = adapter.limits();
    AdapterSummary {
        kind: match info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete",
            wgpu::DeviceType::IntegratedGpu => "integrated",
            wgpu::DeviceType::VirtualGpu => "virtual",
            wgpu::DeviceType::Cpu => "software",
            wgpu::DeviceType::Other => "other",
        },
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        backend: info.backend.to_string(),
        name: info.name,
        software: software(adapter),
        usable: usable(adapter),
        max_storage_bytes: limits.max_storage_buffer_binding_size,
        workgroup_bytes: limits.max_compute_workgroup_storage_size,
    }
}
