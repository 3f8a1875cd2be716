//! A coarse preview of the frame, to find where the character will be.

use super::{
    composite::{Composite, Lines, Picture},
    map::Map,
    packed::Tile,
    stage::{Scratch, StageRun},
    threads::{Scratches, Threads},
};
use crate::{
    CpuFrame,
    student::{Grids, Plan},
};
use bunraku_core::pose::Pose;

/// Edge of the coarse grid. The look costs a fortieth of a full frame. A feature thinner than its 8 pixels at 512 is found
/// with the part that it is joined to.
const EDGE: usize = 64;

/// The upper two levels and the composite on the coarse grid.
pub(super) struct Outline {
    levels: [StageRun; 2],
    composite: Composite,
    frame: CpuFrame,
    scratches: [Scratches<Scratch>; 2],
    lines: Scratches<Lines>,
}

impl Outline {
    /// Prepares the look for a plan whose first level is `first` points wide.
    pub(super) fn new(plan: &Plan, tile: Tile, first: usize, threads: &Threads) -> Self {
        let grids = Grids { levels: [first, EDGE, EDGE], size: EDGE, samples: 1, skip_background: false };
        let levels =
            [StageRun::new(&plan.levels[1], tile, EDGE, first), StageRun::new(&plan.levels[2], tile, EDGE, EDGE)];
        let composite = Composite::new(grids);
        let scratches = levels.each_ref().map(|stage| threads.scratches(|| stage.scratch()));
        let lines = threads.scratches(|| composite.lines());
        Self { levels, composite, frame: CpuFrame::default(), scratches, lines }
    }

    /// The coarse preview, from the first level's map.
    pub(super) fn look(&mut self, pose: &Pose, first: &Map, picture: &Picture, threads: &Threads) -> &CpuFrame {
        let [second, third] = &mut self.levels;
        second.run(pose, Some(first), None, threads, &self.scratches[0]);
        third.run(pose, Some(&second.map), None, threads, &self.scratches[1]);
        self.composite.run(picture, &third.map, None, &mut self.frame, threads, &self.lines);
        &self.frame
    }
}
