//! Data-parallel training: every device has a copy of the student and a share of the batch, and their gradients are
//! averaged.
//!
//! Gradients meet in the host's memory: a student's are 2 MB, and burn's own collectives bring a web server along. They
//! are summed in the order of the ranks, so runs on the same devices are reproducible.

mod gradients;
mod group;
#[cfg(test)]
mod tests;

use burn::{
    module::AutodiffModule,
    optim::GradientsParams,
    tensor::backend::{AutodiffBackend, Backend},
};
use group::Group;
use std::{
    sync::Arc,
    thread::{self, ScopedJoinHandle},
};
use thiserror::Error;

/// Why devices cannot train together.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ParallelError {
    /// A device's thread could not be started.
    #[error("cannot start a thread for each device: {0}; lower `num_gpus`")]
    Thread(#[from] std::io::Error),
    /// Another device stopped taking part.
    #[error("another device stopped training; its own error says why")]
    PeerLeft,
}

/// One of the devices that train together. All peers must call [`mean_gradients`](Self::mean_gradients) equally often.
#[derive(Debug)]
pub struct Peer<B: Backend> {
    rank: usize,
    device: B::Device,
    group: Arc<Group>,
}

/// Runs `work` on all `devices` at once, each in a thread of its own, and returns the results in their order. A single
/// device works in this thread. `B` is the backend without gradients.
///
/// # Errors
/// [`ParallelError::Thread`].
///
/// # Panics
/// If `work` does.
pub fn on_devices<B: Backend, T: Send>(
    devices: &[B::Device],
    work: impl Fn(Peer<B>) -> T + Sync,
) -> Result<Vec<T>, ParallelError> {
    let group = Arc::new(Group::new(devices.len()));
    let peers = devices.iter().cloned().enumerate();
    let peers = peers.map(|(rank, device)| Peer { rank, device, group: group.clone() });
    if devices.len() <= 1 {
        return Ok(peers.map(work).collect());
    }
    thread::scope(|scope| {
        let work = &work;
        let start = |peer: Peer<B>| {
            thread::Builder::new().name(format!("device {}", peer.rank)).spawn_scoped(scope, move || work(peer))
        };
        // A thread that does not start drops its peer, which ends the exchanges of the others.
        let threads = peers.map(start).collect::<std::io::Result<Vec<_>>>()?;
        let results = threads.into_iter().map(ScopedJoinHandle::join);
        Ok(results.map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect())
    })
}

impl<B: Backend> Peer<B> {
    /// Its place among the peers, from 0. The first one writes logs and checkpoints.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// The number of peers.
    pub fn count(&self) -> usize {
        self.group.count()
    }

    /// The device it trains on.
    pub fn device(&self) -> &B::Device {
        &self.device
    }

    /// The mean of all peers' gradients. Their students must be copies of one, their shares of the batch equal.
    ///
    /// # Errors
    /// [`ParallelError::PeerLeft`].
    pub fn mean_gradients<A, S>(
        &self,
        student: &S,
        gradients: GradientsParams,
    ) -> Result<GradientsParams, ParallelError>
    where
        A: AutodiffBackend<InnerBackend = B>,
        S: AutodiffModule<A>,
    {
        if self.count() == 1 {
            return Ok(gradients);
        }
        let mean = self.mean(gradients::flatten(student, &gradients))?;
        Ok(gradients::unflatten(student, &gradients, &mean))
    }

    /// The mean of all peers' values, element by element.
    fn mean(&self, values: Vec<f32>) -> Result<Arc<[f32]>, ParallelError> {
        self.group.mean(self.rank, values).ok_or(ParallelError::PeerLeft)
    }
}

impl<B: Backend> Drop for Peer<B> {
    fn drop(&mut self) {
        self.group.leave();
    }
}
