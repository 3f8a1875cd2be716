//! Data parallel training: every device has the student and a share of the batch; their gradients are averaged.
//!
//! The averages are made by burn's collectives within this process. With two devices the result does not depend on who
//! comes first; with more, sums may be taken in another order from run to run, so the last bits are not reproducible.

use burn::{
    collective::{
        AllReduceStrategy, CollectiveConfig, CollectiveError, PeerId, ReduceOperation, register, reset_collective,
    },
    optim::GradientsParams,
    tensor::backend::Backend,
};
use std::{
    marker::PhantomData,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
};
use thiserror::Error;

/// Why devices cannot work together.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ParallelError {
    /// No thread for a device.
    #[error("cannot start a thread for each device: {0}; lower `num_gpus`")]
    Thread(#[from] std::io::Error),
    /// The exchange between the devices broke, mostly because another device failed.
    #[error("the devices no longer work together ({0}); the error of another device says why")]
    Exchange(String),
}

/// One device among those that train together.
///
/// All peers must make the same exchanges in the same order. When one leaves, the others' exchanges fail.
#[derive(Debug)]
pub struct Peer<B: Backend> {
    rank: usize,
    count: usize,
    device: B::Device,
    parting: Arc<Parting>,
    backend: PhantomData<B>,
}

/// How the peers part: together when all have finished, at once when one fails.
#[derive(Debug, Default)]
struct Parting {
    state: Mutex<Parted>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct Parted {
    finished: usize,
    failed: bool,
}

impl Parting {
    /// Notes a change, and gives what is so now.
    fn note(&self, change: impl FnOnce(&mut Parted)) -> MutexGuard<'_, Parted> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        self.changed.notify_all();
        state
    }
}

/// The collectives keep one group of peers for a whole process and backend.
static GROUP: Mutex<()> = Mutex::new(());

/// Does `work` on all `devices` at once, each in a thread of its own, and gives what came out in their order. A single
/// device works in this thread. `B` is the backend without gradients.
///
/// # Errors
/// The threads or the exchange between them cannot be set up.
///
/// # Panics
/// When `work` does.
pub fn on_devices<B: Backend, T: Send>(
    devices: &[B::Device],
    work: impl Fn(Peer<B>) -> T + Sync,
) -> Result<Vec<T>, ParallelError> {
    let count = devices.len();
    let parting = Arc::<Parting>::default();
    let peer = |rank: usize| Peer {
        rank,
        count,
        device: devices[rank].clone(),
        parting: parting.clone(),
        backend: PhantomData,
    };
    if count <= 1 {
        return Ok((0..count).map(|rank| work(peer(rank))).collect());
    }
    let _group = GROUP.lock().unwrap_or_else(PoisonError::into_inner);
    // Nobody may join before all threads are there: who joins waits for all others.
    let all_there = OnceLock::new();
    thread::scope(|scope| {
        let start = |rank: usize| {
            let peer = peer(rank);
            let (work, all_there) = (&work, &all_there);
            let thread = move || {
                if *all_there.wait() {
                    peer.join().map(work)
                } else {
                    Err(ParallelError::Exchange("a thread is missing".to_owned()))
                }
            };
            thread::Builder::new().name(format!("device {rank}")).spawn_scoped(scope, thread)
        };
        let threads = (0..count).map(start).collect::<std::io::Result<Vec<_>>>();
        all_there.get_or_init(|| threads.is_ok());
        let joined =
            threads?.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.collect()
    })
}

impl<B: Backend> Peer<B> {
    /// Its place among the peers, from 0. The first one writes logs and snapshots.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// How many peers there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// What it works on.
    pub fn device(&self) -> &B::Device {
        &self.device
    }

    /// The mean of all peers' gradients. Their students must be copies of one, their shares of the batch equal.
    ///
    /// # Errors
    /// Another peer is gone.
    pub fn mean_gradients(&self, gradients: GradientsParams) -> Result<GradientsParams, ParallelError> {
        if self.count == 1 {
            return Ok(gradients);
        }
        gradients.all_reduce::<B>(self.id(), ReduceOperation::Mean).map_err(exchange)
    }

    /// Leaves once all the others have finished too, or one has failed. Who makes no more exchanges calls it: to leave
    /// at once could take the last answer from those who still wait for it.
    pub fn finish(self) {
        let all = self.count;
        let state = self.parting.note(|state| state.finished += 1);
        let apart = |state: &mut Parted| state.finished < all && !state.failed;
        // Nothing more is done with the state.
        drop(self.parting.changed.wait_while(state, apart));
    }

    fn join(self) -> Result<Self, ParallelError> {
        let config = CollectiveConfig::default()
            .with_num_devices(self.count)
            .with_local_all_reduce_strategy(AllReduceStrategy::Centralized);
        register::<B>(self.id(), self.device.clone(), config).map_err(exchange)?;
        Ok(self)
    }

    fn id(&self) -> PeerId {
        PeerId::from(self.rank)
    }
}

impl<B: Backend> Drop for Peer<B> {
    /// Ends the group, so that nobody waits for who is gone.
    fn drop(&mut self) {
        if self.count > 1 {
            let all = self.count;
            drop(self.parting.note(|state| state.failed |= state.finished < all));
            reset_collective::<B>();
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` calls takes the error itself")]
fn exchange(error: CollectiveError) -> ParallelError {
    ParallelError::Exchange(format!("{error:?}"))
}

#[cfg(test)]
mod tests;
