//! Probes for devices before a backend is used: a backend without a device panics, sometimes in a thread of its own. A
//! device that was found has to compute something before it counts.

use burn::tensor::{Tensor, backend::Backend};
use std::{
    panic::{self, PanicHookInfo},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

/// Why a device cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unavailable {
    /// There is none.
    Absent(String),
    /// There is one, but it does not compute.
    Broken(String),
}

impl Unavailable {
    /// The reason.
    pub(super) fn why(self) -> String {
        let (Self::Absent(why) | Self::Broken(why)) = self;
        why
    }
}

/// Whether NVIDIA's driver library is there, with a device that works. Probed once.
///
/// # Errors
/// What is missing.
#[cfg(feature = "cuda")]
pub(super) fn cuda() -> Result<(), Unavailable> {
    static FOUND: OnceLock<Result<(), Unavailable>> = OnceLock::new();
    FOUND.get_or_init(look_for_cuda).clone()
}

#[cfg(feature = "cuda")]
fn look_for_cuda() -> Result<(), Unavailable> {
    let found = library_folders().iter().any(|folder| LIBRARIES.iter().any(|name| folder.join(name).is_file()));
    if found || in_loader_cache() {
        return computes::<burn::backend::Cuda>(cuda_device(0)).map_err(Unavailable::Broken);
    }
    Err(Unavailable::Absent(format!("NVIDIA's driver library ({}) is not on this machine", LIBRARIES.join(", "))))
}

/// The driver's library on Linux and on Windows.
#[cfg(feature = "cuda")]
const LIBRARIES: [&str; 3] = ["libcuda.so.1", "libcuda.so", "nvcuda.dll"];

/// The folders that loaders search.
#[cfg(feature = "cuda")]
fn library_folders() -> Vec<std::path::PathBuf> {
    let listed = |name: &str| std::env::var_os(name).map(|all| std::env::split_paths(&all).collect::<Vec<_>>());
    let usual =
        ["/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib/wsl/lib"];
    let windows = std::env::var_os("SystemRoot").map(|root| std::path::Path::new(&root).join("System32"));
    let listed = listed("LD_LIBRARY_PATH").into_iter().chain(listed("PATH").filter(|_| cfg!(windows))).flatten();
    listed.chain(usual.map(Into::into)).chain(windows).collect()
}

/// Whether the Linux dynamic loader's cache lists the library.
#[cfg(feature = "cuda")]
fn in_loader_cache() -> bool {
    let name = b"libcuda.so.1";
    std::fs::read("/etc/ld.so.cache").is_ok_and(|cache| cache.windows(name.len()).any(|window| window == name))
}

/// Whether wgpu finds an adapter that works; software adapters count if `software` is set. Probed once.
///
/// # Errors
/// What is missing.
#[cfg(feature = "wgpu")]
pub(super) fn wgpu(software: bool) -> Result<(), Unavailable> {
    /// Whether any adapter can compute, and whether a real one can.
    static THERE: OnceLock<[bool; 2]> = OnceLock::new();
    static COMPUTES: OnceLock<Result<(), Unavailable>> = OnceLock::new();
    let [any, real] = *THERE.get_or_init(|| {
        let adapters = bunraku_engine::native::adapters();
        [true, false].map(|software| adapters.iter().any(|it| it.usable && (software || !it.software)))
    });
    if if software { any } else { real } {
        return COMPUTES
            .get_or_init(|| computes::<burn::backend::Wgpu>(wgpu_device(0, 1)).map_err(Unavailable::Broken))
            .clone();
    }
    let what = if any { "only a software adapter" } else { "no graphics adapter with compute support" };
    Err(Unavailable::Absent(format!("there is {what}; `bunraku doctor` lists the adapters")))
}

/// The device with this index.
#[cfg(feature = "cuda")]
pub(super) fn cuda_device(index: usize) -> burn::backend::cuda::CudaDevice {
    burn::backend::cuda::CudaDevice { index }
}

/// The best device if one is requested, else the discrete GPU with this index.
#[cfg(feature = "wgpu")]
pub(super) fn wgpu_device(index: usize, count: usize) -> burn::backend::wgpu::WgpuDevice {
    use burn::backend::wgpu::WgpuDevice;
    if count > 1 { WgpuDevice::DiscreteGpu(index) } else { WgpuDevice::DefaultDevice }
}

/// The longest wait for a device's first result; a driver may compile for seconds.
const TIMEOUT: Duration = Duration::from_mins(1);

/// One probe at a time: each installs a panic hook for the whole process.
static PROBING: Mutex<()> = Mutex::new(());

/// Whether a device computes. burn panics, in this thread or in one of its own, if the driver has no device, another
/// process holds it, or a compiler is missing; so the work runs in a thread and a panic hook collects the reason.
fn computes<B: Backend>(device: B::Device) -> Result<(), String> {
    let _probing = PROBING.lock().unwrap_or_else(PoisonError::into_inner);
    let panic_message = Arc::new(Mutex::new(None));
    let heard = Arc::clone(&panic_message);
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // The first panic is the cause; later ones follow from it.
        heard.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(said(panic));
    }));
    let (answer, answered) = mpsc::sync_channel(1);
    let ask = move || {
        let sum = (Tensor::<B, 1>::from_floats([1.0, 2.0], &device) + 1.0).into_data().iter::<f32>().sum::<f32>();
        // After a timeout nobody receives this.
        let _ = answer.send(sum);
    };
    let asked = thread::Builder::new().name("probe".to_owned()).spawn(ask);
    let result = asked.map_err(|error| error.to_string()).and_then(|_| match answered.recv_timeout(TIMEOUT) {
        Ok(5.0) => Ok(()),
        Ok(wrong) => Err(format!("it computes 1 + 1 + 2 + 1 = {wrong}")),
        Err(silence) => {
            let words = panic_message.lock().unwrap_or_else(PoisonError::into_inner).take();
            Err(words.unwrap_or_else(|| match silence {
                RecvTimeoutError::Timeout => format!("no answer within {} s", TIMEOUT.as_secs()),
                RecvTimeoutError::Disconnected => "it fails without a message".to_owned(),
            }))
        }
    });
    panic::set_hook(usual);
    result
}

/// A panic's message on one line.
fn said(panic: &PanicHookInfo<'_>) -> String {
    panic.payload_as_str().unwrap_or("it panics").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Cpu;

    #[test]
    fn a_working_device_passes_the_probe() {
        assert_eq!(computes::<Cpu>(burn_flex::FlexDevice), Ok(()));
    }
}
