//! The threads of the CPU engine, and the buffers that each has for itself.
#![expect(clippy::disallowed_methods, reason = "only the CPU engine has threads")]

use crate::EngineError;
use pulp::Arch;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::{
    cell::OnceCell,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

thread_local! {
    /// The pool that this thread belongs to. A thread joins one pool at most, and never leaves it.
    static MEMBER_OF: OnceCell<Arc<ThreadPool>> = const { OnceCell::new() };
}

/// A thread pool of the engine's own, separate from rayon's global one.
pub(crate) struct Threads {
    pool: Arc<ThreadPool>,
    /// The instruction set that the threads dispatch to.
    pub(crate) arch: Arch,
}

impl Threads {
    /// `count` threads, 0 for one per core. The calling thread becomes one of them if it can: work that a member hands
    /// out needs no queue, and so no heap.
    pub(crate) fn new(count: usize) -> Result<Self, EngineError> {
        let failed = |error: rayon::ThreadPoolBuildError| EngineError::Threads(error.to_string());
        let builder = || ThreadPoolBuilder::new().num_threads(count).thread_name(|index| format!("student-{index}"));
        let pool = MEMBER_OF.with(|member| match member.get() {
            Some(pool) if count == 0 || pool.current_num_threads() == count => Ok(Arc::clone(pool)),
            Some(_) => builder().build().map(Arc::new),
            None => match builder().use_current_thread().build() {
                Ok(pool) => Ok(Arc::clone(member.get_or_init(|| Arc::new(pool)))),
                Err(_) => builder().build().map(Arc::new),
            },
        });
        Ok(Self { pool: pool.map_err(failed)?, arch: Arch::new() })
    }

    pub(super) fn count(&self) -> usize {
        self.pool.current_num_threads()
    }

    pub(super) fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.pool.install(work)
    }

    /// Runs `work` once on every thread, at the same time.
    pub(crate) fn on_all<R: Send>(&self, work: impl Fn() -> R + Sync) -> Vec<R> {
        let count = self.count();
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..count).map(|_| scope.spawn(&work)).collect();
            let mut results = vec![work()];
            results.extend(others.into_iter().filter_map(|thread| thread.join().ok()));
            results
        })
    }

    /// One `T` per thread.
    pub(super) fn scratches<T>(&self, make: impl Fn() -> T) -> Scratches<T> {
        Scratches((0..self.count()).map(|_| Mutex::new(make())).collect())
    }

    /// The vector instructions in use, for users.
    pub(super) fn instructions(&self) -> &'static str {
        name_of(self.arch)
    }
}

/// The vector instructions of this machine that the engine uses, for users.
pub fn instructions() -> &'static str {
    name_of(Arch::new())
}

fn name_of(arch: Arch) -> &'static str {
    match arch {
        #[cfg(target_arch = "x86_64")]
        Arch::V4(_) => "AVX-512",
        #[cfg(target_arch = "x86_64")]
        Arch::V3(_) => "AVX2 and FMA",
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(_) => "NEON",
        _ => "no vector instructions",
    }
}

/// One `T` per thread; never contended.
#[derive(Debug)]
pub(super) struct Scratches<T>(Vec<Mutex<T>>);

impl<T> Scratches<T> {
    /// The calling pool thread's own.
    pub(super) fn mine(&self) -> MutexGuard<'_, T> {
        let index = rayon::current_thread_index().unwrap_or(0) % self.0.len();
        self.0[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
