//! Devices that train one student together.

/// This device among those that train together; each has a copy of the student, and a share of every step's examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peers {
    rank: u32,
    count: u32,
}

impl Peers {
    /// One device alone.
    pub(crate) const ALONE: Self = Self { rank: 0, count: 1 };

    /// Which of them it is, from 0; the first one writes files and tells what happens.
    pub(crate) fn rank(self) -> u64 {
        self.rank.into()
    }

    /// How many there are.
    pub(crate) fn count(self) -> u64 {
        self.count.into()
    }
}
