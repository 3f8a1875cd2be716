//! The engine itself: buffers made once, stages run in turn.

use super::{
    composite::{Composite, Lines, Picture},
    dense::VECTORS,
    outline::Outline,
    packed::Tile,
    stage::{Scratch, StageRun},
    threads::{Scratches, Threads},
};
use crate::engine::{Description, Detail, EngineError, Frame, StudentEngine, plan::Plan};
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
    detail: Detail,
}

impl CpuEngine {
    /// Prepares `character`'s student on `threads` threads, 0 for one a core.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn new(character: &CharacterModel, detail: Detail, threads: usize) -> Result<Self, EngineError> {
        let plan = Plan::new(character);
        let threads = Threads::new(threads)?;
        let tile = threads.arch.dispatch(TileOfMachine);
        let face = StageRun::new(&plan.face, tile, FACE_SIZE, 1);
        let levels = level_runs(&plan, tile, detail);
        let composite = Composite::new(detail);
        let [first, second, third] = &levels;
        let scratches = [&face, first, second, third].map(|stage| threads.scratches(|| stage.scratch()));
        let lines = threads.scratches(|| composite.lines());
        let picture = Picture::new(&character.image);
        let outline = outline(&plan, tile, detail, &threads);
        Ok(Self { plan, threads, tile, picture, face, levels, composite, scratches, lines, outline, detail })
    }
}

impl StudentEngine for CpuEngine {
    fn render(&mut self, pose: &Pose, frame: &mut Frame) -> Result<(), EngineError> {
        let [for_face, for_first, for_second, for_third] = &self.scratches;
        let [first, second, third] = &mut self.levels;
        let threads = &self.threads;
        self.face.run(pose, None, None, threads, for_face);
        self.picture.put_face(&self.face.map);
        first.run(pose, None, None, threads, for_first);
        let spans = self.outline.as_mut().map(|outline| {
            outline.look(pose, &first.map, &self.picture, threads);
            &outline.spans
        });
        second.run(pose, Some(&first.map), spans, threads, for_second);
        third.run(pose, Some(&second.map), spans, threads, for_third);
        self.composite.run(&self.picture, &third.map, spans, frame, threads, &self.lines);
        Ok(())
    }

    fn set_detail(&mut self, detail: Detail) -> Result<(), EngineError> {
        if detail != self.detail {
            self.levels = level_runs(&self.plan, self.tile, detail);
            self.composite = Composite::new(detail);
            let [first, second, third] = &self.levels;
            self.scratches = [&self.face, first, second, third].map(|stage| self.threads.scratches(|| stage.scratch()));
            self.lines = self.threads.scratches(|| self.composite.lines());
            self.outline = outline(&self.plan, self.tile, detail, &self.threads);
            self.detail = detail;
        }
        Ok(())
    }

    fn detail(&self) -> Detail {
        self.detail
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

fn outline(plan: &Plan, tile: Tile, detail: Detail, threads: &Threads) -> Option<Outline> {
    detail.skip_background.then(|| Outline::new(plan, tile, detail.levels[0], threads))
}

fn level_runs(plan: &Plan, tile: Tile, detail: Detail) -> [StageRun; 3] {
    let [first, second, third] = &plan.levels;
    let [one, two, three] = detail.levels;
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
