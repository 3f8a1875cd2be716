//! The meeting point of devices that train together: an all-reduce in the host's memory.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Peers that exchange values in rounds.
#[derive(Debug)]
pub(super) struct Group {
    count: usize,
    round: Mutex<Round>,
    changed: Condvar,
}

/// The round in progress.
#[derive(Debug)]
struct Round {
    /// What each peer has brought, by rank.
    values: Vec<Option<Vec<f32>>>,
    /// The result, from when all have brought their values until all have taken it.
    mean: Option<Arc<[f32]>>,
    taken: usize,
    /// A peer that has left takes part in no further round.
    someone_left: bool,
}

impl Group {
    pub(super) fn new(count: usize) -> Self {
        let round = Round { values: vec![None; count], mean: None, taken: 0, someone_left: false };
        Self { count, round: Mutex::new(round), changed: Condvar::new() }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The mean over all peers of what each gives for this round; `None` if a peer left before it gave its values.
    pub(super) fn mean(&self, rank: usize, values: Vec<f32>) -> Option<Arc<[f32]>> {
        // Until every peer has taken the last round's result.
        let mut round = self.wait(self.lock(), |round| round.mean.is_some());
        if round.someone_left {
            return None;
        }
        round.values[rank] = Some(values);
        if round.values.iter().all(Option::is_some) {
            round.mean = Some(mean(&round.values));
            self.changed.notify_all();
        }
        let mut round = self.wait(round, |round| round.mean.is_none());
        let mean = round.mean.clone()?;
        round.taken += 1;
        if round.taken == self.count {
            (round.mean, round.taken) = (None, 0);
            round.values.fill(None);
            self.changed.notify_all();
        }
        Some(mean)
    }

    pub(super) fn leave(&self) {
        self.lock().someone_left = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits as long as `pending` holds and nobody has left.
    fn wait<'a>(&self, round: MutexGuard<'a, Round>, pending: impl Fn(&Round) -> bool) -> MutexGuard<'a, Round> {
        let waited = self.changed.wait_while(round, |round| pending(round) && !round.someone_left);
        waited.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The mean, summed in the order of the ranks.
fn mean(values: &[Option<Vec<f32>>]) -> Arc<[f32]> {
    let count = values.len() as f32;
    let mut parts = values.iter().flatten();
    let mut sum = parts.next().cloned().unwrap_or_default();
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
    }
    sum.iter().map(|sum| sum / count).collect()
}
