//! The memory of a device, which limits what training keeps and computes at once.

use super::Accelerator;

/// Assumed for a GPU behind wgpu, which does not tell: 4 GiB, as the smallest cards worth training on have.
const UNTOLD: u64 = 4 << 30;

impl Accelerator {
    /// The total memory of each of `devices` devices in bytes, used or not, so that every run on one machine gets the
    /// same limits. CPU devices share the machine's memory, or their control group's.
    ///
    /// If it cannot be queried, 4 GiB is assumed. [`Auto`](Self::Auto) counts as the CPU: [resolve](Self::resolve) it
    /// first.
    pub fn memory(self, devices: usize) -> u64 {
        match self {
            #[cfg(feature = "cuda")]
            Self::Cuda => (0..devices.max(1)).map(|index| of_cuda(index).unwrap_or(UNTOLD)).min().unwrap_or(UNTOLD),
            Self::Wgpu => UNTOLD,
            _ => of_the_machine().unwrap_or(UNTOLD) / devices.clamp(1, super::CPU_DEVICES) as u64,
        }
    }
}

/// The memory of the machine, or of the control group the program runs in.
fn of_the_machine() -> Option<u64> {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let own = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory);
    Some(system.total_memory().min(own)).filter(|bytes| *bytes > 0)
}

/// The memory of an NVIDIA GPU that has been found to work.
#[cfg(feature = "cuda")]
fn of_cuda(index: usize) -> Option<u64> {
    let context = cudarc::driver::CudaContext::new(index).ok()?;
    u64::try_from(context.total_mem().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_on_the_cpu_share_its_memory() {
        let one = Accelerator::Cpu.memory(1);
        assert!(one >= 1 << 28, "{one} bytes are too few for this test to run in");
        assert_eq!(Accelerator::Cpu.memory(2), one / 2);
        assert_eq!(Accelerator::Cpu.memory(0), one);
    }
}
