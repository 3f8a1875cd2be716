//! How much memory a device has: what training keeps and computes at once is fitted to it.

use super::Accelerator;

/// Of a GPU that wgpu reaches, which does not tell: 4 GiB, what the smallest cards have that training on is worth while.
const UNTOLD: u64 = 4 << 30;

impl Accelerator {
    /// Bytes of memory that each of `devices` devices has in all, whoever uses it; so a run on one machine is fitted alike
    /// every time. Devices on the CPU share the machine's, or what its control group may use.
    ///
    /// Where it cannot be asked for, it is taken for 4 GiB. [`Auto`](Self::Auto) is the CPU: [resolve](Self::resolve) it
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

/// Of the machine, or of the control group that the program is in.
fn of_the_machine() -> Option<u64> {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let own = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory);
    Some(system.total_memory().min(own)).filter(|bytes| *bytes > 0)
}

/// Of an NVIDIA GPU that has been seen to compute.
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
