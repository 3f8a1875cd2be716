//! Looks for devices before a backend is touched, which would panic in a thread of its own where there is none; and has
//! those that seem to be there compute something before they are relied upon.

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
    /// There is one that does not compute.
    Broken(String),
}

impl Unavailable {
    /// In words.
    pub(super) fn why(self) -> String {
        let (Self::Absent(why) | Self::Broken(why)) = self;
        why
    }
}

/// Whether there is NVIDIA's driver library and a device that computes. Looked for once.
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

/// Whether wgpu sees an adapter that can compute, and does; one that computes on the processor counts where `software`
/// does. Looked for once.
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
    let what =
        if any { "only a driver that computes on the processor" } else { "no graphics adapter that can compute" };
    Err(Unavailable::Absent(format!("there is {what}; `bunraku doctor` shows what there is")))
}

/// The device of an index.
#[cfg(feature = "cuda")]
pub(super) fn cuda_device(index: usize) -> burn::backend::cuda::CudaDevice {
    burn::backend::cuda::CudaDevice { index }
}

/// The best device where there is to be one, else the discrete GPU of an index.
#[cfg(feature = "wgpu")]
pub(super) fn wgpu_device(index: usize, count: usize) -> burn::backend::wgpu::WgpuDevice {
    use burn::backend::wgpu::WgpuDevice;
    if count > 1 { WgpuDevice::DiscreteGpu(index) } else { WgpuDevice::DefaultDevice }
}

/// How long a device may take for its first answer; a driver may compile for seconds.
const TIMEOUT: Duration = Duration::from_mins(1);

/// One probe at a time: it listens to what any thread says as it panics.
static PROBING: Mutex<()> = Mutex::new(());

/// Whether a device computes. A driver without a device, a device that is held by somebody else, or a compiler that is
/// not there, panics in burn, now in this thread and now in one of its own: so a thread asks, and this one listens.
fn computes<B: Backend>(device: B::Device) -> Result<(), String> {
    let _probing = PROBING.lock().unwrap_or_else(PoisonError::into_inner);
    let panic_message = Arc::new(Mutex::new(None));
    let heard = Arc::clone(&panic_message);
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // The first one is the cause, those after it its echo.
        heard.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(said(panic));
    }));
    let (answer, answered) = mpsc::sync_channel(1);
    let ask = move || {
        let sum = (Tensor::<B, 1>::from_floats([1.0, 2.0], &device) + 1.0).into_data().iter::<f32>().sum::<f32>();
        // Nobody listens any more where it took too long.
        let _ = answer.send(sum);
    };
    let asked = thread::Builder::new().name("probe".to_owned()).spawn(ask);
    let result = asked.map_err(|error| error.to_string()).and_then(|_| match answered.recv_timeout(TIMEOUT) {
        Ok(5.0) => Ok(()),
        Ok(wrong) => Err(format!("1 + 1 + 2 + 1 is {wrong} there")),
        Err(silence) => {
            let words = panic_message.lock().unwrap_or_else(PoisonError::into_inner).take();
            Err(words.unwrap_or_else(|| match silence {
                RecvTimeoutError::Timeout => format!("it does not answer within {} s", TIMEOUT.as_secs()),
                RecvTimeoutError::Disconnected => "it fails without a word".to_owned(),
            }))
        }
    });
    panic::set_hook(usual);
    result
}

/// What a panic says, in one line.
fn said(panic: &PanicHookInfo<'_>) -> String {
    panic.payload_as_str().unwrap_or("it panics").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Cpu;

    #[test]
    fn a_device_that_computes_is_found_to() {
        assert_eq!(computes::<Cpu>(burn_flex::FlexDevice), Ok(()));
    }
}
