//! Looks for devices before a backend is touched, which would panic in a thread of its own where there is none.

/// Whether NVIDIA's driver library can be found.
///
/// # Errors
/// What is missing.
#[cfg(feature = "cuda")]
pub(super) fn cuda() -> Result<(), String> {
    let found = library_folders().iter().any(|folder| LIBRARIES.iter().any(|name| folder.join(name).is_file()));
    if found || in_loader_cache() {
        return Ok(());
    }
    Err(format!("NVIDIA's driver library ({}) is not on this machine", LIBRARIES.join(", ")))
}

/// The driver's library on Linux and on Windows.
#[cfg(feature = "cuda")]
const LIBRARIES: [&str; 3] = ["libcuda.so.1", "libcuda.so", "nvcuda.dll"];

/// Where loaders look.
#[cfg(feature = "cuda")]
fn library_folders() -> Vec<std::path::PathBuf> {
    let listed = |name: &str| std::env::var_os(name).map(|all| std::env::split_paths(&all).collect::<Vec<_>>());
    let usual =
        ["/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib/wsl/lib"];
    let windows = std::env::var_os("SystemRoot").map(|root| std::path::Path::new(&root).join("System32"));
    let listed = listed("LD_LIBRARY_PATH").into_iter().chain(listed("PATH").filter(|_| cfg!(windows))).flatten();
    listed.chain(usual.map(Into::into)).chain(windows).collect()
}

/// Whether the dynamic loader's cache of Linux names the library, wherever it lies.
#[cfg(feature = "cuda")]
fn in_loader_cache() -> bool {
    let name = b"libcuda.so.1";
    std::fs::read("/etc/ld.so.cache").is_ok_and(|cache| cache.windows(name.len()).any(|window| window == name))
}

/// Whether wgpu sees an adapter that computes.
///
/// # Errors
/// What is missing.
#[cfg(feature = "wgpu")]
pub(super) fn wgpu(software: bool) -> Result<(), String> {
    let adapters = bunraku::engine::gpu::adapters();
    if adapters.iter().any(|adapter| adapter.usable && (software || !adapter.software)) {
        return Ok(());
    }
    Err("no graphics adapter can compute; `bunraku doctor` shows what there is".to_owned())
}

/// The first `count` devices.
#[cfg(feature = "cuda")]
pub(super) fn cuda_devices(count: usize) -> Vec<burn::backend::cuda::CudaDevice> {
    (0..count.max(1)).map(|index| burn::backend::cuda::CudaDevice { index }).collect()
}

/// The best device for one, the discrete GPUs for several.
#[cfg(feature = "wgpu")]
pub(super) fn wgpu_devices(count: usize) -> Vec<burn::backend::wgpu::WgpuDevice> {
    use burn::backend::wgpu::WgpuDevice;
    match count {
        0 | 1 => vec![WgpuDevice::DefaultDevice],
        _ => (0..count).map(WgpuDevice::DiscreteGpu).collect(),
    }
}
