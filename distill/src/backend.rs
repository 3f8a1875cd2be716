//! The training's backend, chosen at run time among those that were compiled in.

use crate::ops::StudentOps;
use burn::{backend::Autodiff, tensor::backend::AutodiffBackend};
use burn_flex::Flex;
use std::fmt;

mod memory;
#[cfg(any(feature = "cuda", feature = "wgpu"))]
mod probe;

/// The CPU backend, without gradients.
pub type Cpu = Flex;

/// The most devices on the CPU. They share its cores, so more of them are no faster, and each holds a teacher of its
/// own in memory.
pub const CPU_DEVICES: usize = 2;

/// A backend for training: it has gradients and the student's operations, and so has the backend without gradients
/// beneath it (for teachers and evaluation).
pub trait TrainingBackend: AutodiffBackend<InnerBackend: StudentOps> + StudentOps {}

impl<B: AutodiffBackend<InnerBackend: StudentOps> + StudentOps> TrainingBackend for B {}

/// A backend, as chosen on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Accelerator {
    /// The fastest that is compiled in and found: CUDA, then a real GPU through wgpu, then the CPU
    #[default]
    Auto,
    /// The processor; always available
    Cpu,
    /// Any GPU that wgpu reaches
    Wgpu,
    /// An NVIDIA GPU
    Cuda,
}

/// Why a backend cannot be used.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcceleratorError {
    /// The program was built without it.
    #[error("this program was built without {0}: build it with `--features {0}`, or choose another backend")]
    NotBuilt(Accelerator),
    /// The machine has no such device, no driver for it, or one that does not compute.
    #[error("no device for {accelerator}: {why}")]
    NoDevice {
        /// The requested backend.
        accelerator: Accelerator,
        /// What is missing.
        why: String,
    },
    /// Not the name of a backend.
    #[error("unknown backend `{0}`: choose auto, cpu, wgpu or cuda")]
    Unknown(String),
}

/// Work that runs on any backend.
pub trait Work {
    /// The result.
    type Output;

    /// Does the work on `devices`, at least one.
    fn run<B: TrainingBackend>(self, devices: Vec<B::Device>) -> Self::Output;
}

impl Accelerator {
    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Wgpu => "wgpu",
            Self::Cuda => "cuda",
        }
    }

    /// The backend to use: never [`Auto`](Self::Auto).
    ///
    /// # Errors
    /// If it was not compiled in, or the machine has no device for it.
    pub fn resolve(self) -> Result<Self, AcceleratorError> {
        match self {
            Self::Auto => Ok([Self::Cuda, Self::Wgpu].into_iter().find(|it| it.serves()).unwrap_or(Self::Cpu)),
            _ => self.probe().map(|()| self),
        }
    }

    /// Does `work` on `count` devices: at least one, and on the CPU at most [`CPU_DEVICES`].
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve), or if there are fewer devices.
    pub fn run<W: Work>(self, count: usize, work: W) -> Result<W::Output, AcceleratorError> {
        match self.resolve()? {
            #[cfg(feature = "cuda")]
            Self::Cuda => run_on::<Autodiff<burn::backend::Cuda>, W>(Self::Cuda, work, count, probe::cuda_device),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => {
                let device = |index| probe::wgpu_device(index, count);
                run_on::<Autodiff<burn::backend::Wgpu>, W>(Self::Wgpu, work, count, device)
            }
            _ => Ok(work.run::<Autodiff<Cpu>>(vec![burn_flex::FlexDevice; cpu_devices(count)])),
        }
    }

    /// Whether [`Auto`](Self::Auto) takes it. A device that is there but broken is logged.
    fn serves(self) -> bool {
        match self {
            Self::Auto | Self::Cpu => true,
            #[cfg(feature = "cuda")]
            Self::Cuda => self.worth(probe::cuda()),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => self.worth(probe::wgpu(false)),
            #[cfg(not(all(feature = "cuda", feature = "wgpu")))]
            _ => false,
        }
    }

    /// Whether a working device was found; a broken one is logged.
    #[cfg(any(feature = "cuda", feature = "wgpu"))]
    fn worth(self, found: Result<(), probe::Unavailable>) -> bool {
        match found {
            Ok(()) => true,
            Err(probe::Unavailable::Absent(why)) => {
                tracing::debug!("{self} is not available: {why}");
                false
            }
            Err(probe::Unavailable::Broken(why)) => {
                tracing::warn!("no device for {self}: {why}; trying the next backend");
                false
            }
        }
    }

    /// Whether it can be used; a software GPU driver counts.
    fn probe(self) -> Result<(), AcceleratorError> {
        #[cfg(any(feature = "cuda", feature = "wgpu"))]
        let lacking = |lack: probe::Unavailable| AcceleratorError::NoDevice { accelerator: self, why: lack.why() };
        match self {
            Self::Auto | Self::Cpu => Ok(()),
            #[cfg(feature = "cuda")]
            Self::Cuda => probe::cuda().map_err(lacking),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => probe::wgpu(true).map_err(lacking),
            #[cfg(not(all(feature = "cuda", feature = "wgpu")))]
            _ => Err(AcceleratorError::NotBuilt(self)),
        }
    }
}

/// The number of CPU devices, within bounds.
fn cpu_devices(wished: usize) -> usize {
    let count = wished.clamp(1, CPU_DEVICES);
    if count < wished {
        tracing::warn!("`num_gpus` asks for {wished} devices; the CPU has at most {CPU_DEVICES}");
    }
    count
}

/// `device` makes each device from its index, whether it exists or not; the caller has found at least one.
#[cfg(any(feature = "cuda", feature = "wgpu"))]
fn run_on<B: TrainingBackend, W: Work>(
    accelerator: Accelerator,
    work: W,
    wished: usize,
    device: impl Fn(usize) -> B::Device,
) -> Result<W::Output, AcceleratorError> {
    use burn::tensor::backend::DeviceOps as _;
    let count = wished.max(1);
    // Count before touching any device: opening one that does not exist panics.
    let found = if count == 1 { 1 } else { B::device_count(device(0).id().type_id) };
    if found < count {
        let why = format!("{count} requested, {found} found; set `num_gpus` to {}", found.max(1));
        return Err(AcceleratorError::NoDevice { accelerator, why });
    }
    Ok(work.run::<B>((0..count).map(device).collect()))
}

impl fmt::Display for Accelerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Accelerator {
    type Err = AcceleratorError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let all = [Self::Auto, Self::Cpu, Self::Wgpu, Self::Cuda];
        all.into_iter().find(|it| it.name() == name).ok_or_else(|| AcceleratorError::Unknown(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Tensor;

    struct Sum;

    impl Work for Sum {
        type Output = (usize, f32, String);

        fn run<B: TrainingBackend>(self, devices: Vec<B::Device>) -> Self::Output {
            let x = Tensor::<B, 1>::from_floats([1.0, 2.0, 4.0], &devices[0]);
            let sum = x.sum().into_data().iter::<f32>().sum();
            (devices.len(), sum, B::name(&devices[0]))
        }
    }

    #[test]
    fn the_cpu_is_always_available_and_its_devices_are_bounded() {
        for (wished, there) in [(0, 1), (1, 1), (2, 2), (3, CPU_DEVICES), (usize::MAX, CPU_DEVICES)] {
            let (devices, sum, name) = Accelerator::Cpu.run(wished, Sum).expect("the CPU");
            assert_eq!((devices, sum), (there, 7.0));
            assert!(name.contains("flex"), "{name}");
        }
        assert_ne!(Accelerator::Auto.resolve(), Ok(Accelerator::Auto));
    }

    #[test]
    fn a_backend_parses_from_its_own_name() {
        use clap::ValueEnum as _;
        for accelerator in Accelerator::value_variants() {
            assert_eq!(accelerator.to_string().parse(), Ok(*accelerator));
        }
        assert!(
            "gpu".parse::<Accelerator>().expect_err("no such name").to_string().contains("auto, cpu, wgpu or cuda")
        );
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_backend_that_is_not_compiled_in_says_how_to_get_it() {
        let error = Accelerator::Cuda.run(1, Sum).expect_err("not built").to_string();
        assert!(error.contains("--features cuda"), "{error}");
    }
}
