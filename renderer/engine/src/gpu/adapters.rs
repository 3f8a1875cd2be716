//! The adapters of this machine, best first.

use std::cmp::Reverse;

/// An adapter, for users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterSummary {
    /// The driver's name for it.
    pub name: String,
    /// The graphics API, such as `vulkan`.
    pub backend: String,
    /// `discrete`, `integrated`, `virtual`, `software` or `other`.
    pub kind: &'static str,
    /// The driver's name and version.
    pub driver: String,
    /// Computes on the CPU; `--engine auto` skips it.
    pub software: bool,
    /// Can draw avatars.
    pub usable: bool,
    /// The largest buffer that a shader can read, in bytes; a student at 2048 x 2048 needs 117 MB.
    pub max_storage_bytes: u64,
    /// Workgroup memory in bytes.
    pub workgroup_bytes: u32,
}

/// All adapters of the enabled backends (`WGPU_BACKEND` restricts them), best first.
pub async fn adapters() -> Vec<AdapterSummary> {
    ranked(&instance(), None).await.iter().map(summary).collect()
}

/// An instance configured by the environment.
pub(super) fn instance() -> wgpu::Instance {
    wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env())
}

/// Adapters that can present to `surface` (all, without one), best first.
pub(super) async fn ranked(instance: &wgpu::Instance, surface: Option<&wgpu::Surface<'_>>) -> Vec<wgpu::Adapter> {
    let mut adapters = instance.enumerate_adapters(wgpu::Backends::all()).await;
    adapters.retain(|adapter| surface.is_none_or(|surface| adapter.is_surface_supported(surface)));
    adapters.sort_by_key(|adapter| {
        let info = adapter.get_info();
        // Compute over GL is a second choice on any device.
        (Reverse(usable(adapter)), rank(info.device_type), info.backend == wgpu::Backend::Gl)
    });
    adapters
}

/// Whether it has compute shaders and the limits that all downlevel hardware has.
pub(super) fn usable(adapter: &wgpu::Adapter) -> bool {
    adapter.get_downlevel_capabilities().flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
        && wgpu::Limits::downlevel_defaults().check_limits(&adapter.limits())
}

/// Whether its driver computes on the CPU.
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
