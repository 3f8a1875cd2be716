//! A coarse look at the frame to come, to see where the character will be.

use super::{
    composite::{Composite, Lines, Picture},
    map::Map,
    packed::Tile,
    stage::{Scratch, StageRun},
    threads::{Scratches, Threads},
};
use crate::{Detail, Frame, plan::Plan};
use bunraku_core::pose::Pose;

/// Edge of the coarse grid. The look costs a fortieth of a full frame; a thinner feature than its 8 pixels at 512 is
/// found by what it is joined to.
const EDGE: usize = 64;

/// The upper two levels and the composite on the coarse grid.
pub(super) struct Outline {
    levels: [StageRun; 2],
    composite: Composite,
    frame: Frame,
    scratches: [Scratches<Scratch>; 2],
    lines: Scratches<Lines>,
}

impl Outline {
    /// Prepares the look for a plan whose first level is `first` points wide.
    pub(super) fn new(plan: &Plan, tile: Tile, first: usize, threads: &Threads) -> Self {
        let detail = Detail { levels: [first, EDGE, EDGE], size: EDGE, samples: 1, skip_background: false };
        let levels =
            [StageRun::new(&plan.levels[1], tile, EDGE, first), StageRun::new(&plan.levels[2], tile, EDGE, EDGE)];
        let composite = Composite::new(detail);
        let scratches = levels.each_ref().map(|stage| threads.scratches(|| stage.scratch()));
        let lines = threads.scratches(|| composite.lines());
        Self { levels, composite, frame: Frame::default(), scratches, lines }
    }

    /// Sees where the character will be, from the first level's map.
    pub(super) fn look(&mut self, pose: &Pose, first: &Map, picture: &Picture, threads: &Threads) -> &Frame {
        let [second, third] = &mut self.levels;
        second.run(pose, Some(first), None, threads, &self.scratches[0]);
        third.run(pose, Some(&second.map), None, threads, &self.scratches[1]);
        self.composite.run(picture, &third.map, None, &mut self.frame, threads, &self.lines);
        &self.frame
    }
}
