//! A pool of reusable memory: mapping fresh memory for a map of 33 MB costs more than writing it.

use pulp::Arch;
use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
};

/// The instruction set and memory of every computation.
#[derive(Clone)]
pub(in crate::teacher::tha4) struct Engine {
    pub(super) arch: Arch,
    pub(super) pool: Pool,
}

impl Engine {
    pub(in crate::teacher::tha4) fn new() -> Self {
        Self { arch: Arch::new(), pool: Pool::default() }
    }
}

/// The number of freed blocks kept.
const KEPT: usize = 64;

/// Lends blocks of memory.
#[derive(Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Vec<Vec<f32>>>>);

/// Numbers whose memory returns to the pool.
pub(super) struct Lent {
    values: Vec<f32>,
    pool: Pool,
}

impl Pool {
    /// `length` numbers with unspecified values.
    pub(super) fn lend(&self, length: usize) -> Lent {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |block: &Vec<f32>| block.capacity() >= length && block.capacity() / 2 <= length;
        let best = free.iter().enumerate().filter(|(_, block)| fits(block)).min_by_key(|(_, block)| block.capacity());
        let block = best.map(|(index, _)| index).map(|index| free.swap_remove(index));
        drop(free);
        let mut values = block.unwrap_or_default();
        values.resize(length, 0.0);
        Lent { values, pool: self.clone() }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut free = self.pool.0.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() == KEPT {
            free.remove(0);
        }
        free.push(std::mem::take(&mut self.values));
    }
}

impl Deref for Lent {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}
