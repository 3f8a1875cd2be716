//! The engine: buffers made once, stages run in turn.

use super::{
    composite::{Composite, Lines, Picture},
    dense::VECTORS,
    outline::Outline,
    packed::Tile,
    spans::{Columns, Spans},
    stage::{Scratch, StageRun},
    threads::{Scratches, Threads},
};
use crate::{
    CpuFrame, Description, EngineError, Frame, FramePool, Quality, View,
    student::{Grids, Plan, Stage, avatar::Engine},
};
use bunraku_core::{
    character::{CharacterModel, FACE_SIZE},
    pose::Pose,
};
use pulp::{Simd, WithSimd};

/// Draws a student on the CPU.
pub struct CpuEngine {
    plan: Plan,
    threads: Threads,
    tile: Tile,
    picture: Picture,
    face: StageRun,
    levels: [StageRun; 3],
    composite: Composite,
    /// For the face, then each level.
    scratches: [Scratches<Scratch>; 4],
    lines: Scratches<Lines>,
    outline: Option<Outline>,
    spans: Spans,
    grids: Grids,
}

impl CpuEngine {
    /// Prepares `character`'s student on `threads` threads, 0 for one per core.
    ///
    /// # Errors
    /// [`EngineError::Threads`] when the threads cannot be started.
    pub fn new(character: &CharacterModel, view: View, threads: usize) -> Result<Self, EngineError> {
        Ok(Self::on(Threads::new(threads)?, character, Grids::new(view)))
    }

    pub(super) fn on(threads: Threads, character: &CharacterModel, grids: Grids) -> Self {
        let plan = Plan::new(character);
        let tile = threads.arch.dispatch(TileOfMachine);
        let face = StageRun::new(&plan.face, tile, FACE_SIZE, 1);
        let levels = level_runs(&plan, tile, grids);
        let composite = Composite::new(grids);
        let [first, second, third] = &levels;
        let scratches = [&face, first, second, third].map(|stage| threads.scratches(|| stage.scratch()));
        let lines = threads.scratches(|| composite.lines());
        let picture = Picture::new(&character.image);
        let outline = outline(&plan, tile, grids, &threads);
        let spans = Spans::default();
        Self { plan, threads, tile, picture, face, levels, composite, scratches, lines, outline, spans, grids }
    }

    /// Changes size and quality from the next frame on.
    pub fn set_view(&mut self, view: View) {
        self.regrid(Grids::new(view));
    }

    /// Draws a pose, which is not clamped, into `frame`, which takes the view's size.
    pub fn render(&mut self, pose: &Pose, frame: &mut CpuFrame) {
        let [for_face, for_first, for_second, for_third] = &self.scratches;
        let [first, second, third] = &mut self.levels;
        let threads = &self.threads;
        self.face.run(pose, None, None, threads, for_face);
        self.picture.put_face(&self.face.map);
        first.run(pose, None, None, threads, for_first);
        let spans = self.outline.as_mut().map(|outline| {
            let coarse = outline.look(pose, &first.map, &self.picture, threads);
            self.spans.find(coarse, self.grids, &self.composite.axis, &third.axis);
            &self.spans
        });
        second.run(pose, Some(&first.map), spans.map(|spans| &spans.second), threads, for_second);
        third.run(pose, Some(&second.map), spans.map(|spans| &spans.third), threads, for_third);
        self.composite.run(&self.picture, &third.map, spans.map(|spans| &spans.output), frame, threads, &self.lines);
    }

    pub(super) fn regrid(&mut self, grids: Grids) {
        if grids == self.grids {
            return;
        }
        self.levels = level_runs(&self.plan, self.tile, grids);
        self.composite = Composite::new(grids);
        let [first, second, third] = &self.levels;
        self.scratches = [&self.face, first, second, third].map(|stage| self.threads.scratches(|| stage.scratch()));
        self.lines = self.threads.scratches(|| self.composite.lines());
        self.outline = outline(&self.plan, self.tile, grids, &self.threads);
        self.grids = grids;
    }
}

impl Engine for CpuEngine {
    fn draw(&mut self, pose: &Pose, pool: &mut FramePool) -> Result<Frame, EngineError> {
        let size = self.grids.size;
        Ok(Frame::Cpu(pool.fill(size, |frame| self.render(pose, frame))))
    }

    fn set_grids(&mut self, grids: Grids) -> Result<(), EngineError> {
        self.regrid(grids);
        Ok(())
    }

    fn qualities(&self) -> &'static [Quality] {
        &[Quality::Full, Quality::High, Quality::Fast]
    }

    fn multiply_adds(&self) -> usize {
        let [_, second, third] = &self.plan.levels;
        let all = self.plan.multiply_adds_on(self.grids);
        if self.outline.is_none() {
            return all;
        }
        let [_, two, three] = self.grids.levels;
        let points = |columns: &Columns| columns.iter().map(ExactSizeIterator::len).sum::<usize>();
        let skipped = |level: &Stage, edge: usize, columns| level.multiply_adds() * (edge * edge - points(columns));
        all - skipped(second, two, &self.spans.second) - skipped(third, three, &self.spans.third)
    }

    fn describe(&self) -> Description {
        Description {
            engine: "cpu",
            adapter: format!("{} with {}", std::env::consts::ARCH, self.threads.instructions()),
            precision: "f32",
            threads: self.threads.count(),
        }
    }
}

fn outline(plan: &Plan, tile: Tile, grids: Grids, threads: &Threads) -> Option<Outline> {
    grids.skip_background.then(|| Outline::new(plan, tile, grids.levels[0], threads))
}

fn level_runs(plan: &Plan, tile: Tile, grids: Grids) -> [StageRun; 3] {
    let [first, second, third] = &plan.levels;
    let [one, two, three] = grids.levels;
    [StageRun::new(first, tile, one, 1), StageRun::new(second, tile, two, one), StageRun::new(third, tile, three, two)]
}

/// Asks the instruction set how much of a layer fits into its registers.
struct TileOfMachine;

impl WithSimd for TileOfMachine {
    type Output = Tile;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Tile {
        Tile { panel: VECTORS * S::F32_LANES, rows: if S::REGISTER_COUNT >= 32 { 12 } else { 6 } }
    }
}
