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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bench,
        engine::{Quality, cpu::reference},
    };
    use bunraku_core::character::sample::{Widths, character, tiny_character};

    fn greatest_difference(a: &Frame, b: &Frame) -> f32 {
        assert_eq!((a.size, a.planes.len()), (b.size, b.planes.len()));
        a.planes.iter().zip(&b.planes).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn any_size_and_quality_is_drawn_as_the_definition_says() {
        for (seed, (size, quality)) in [
            (128, Quality::Full),
            (130, Quality::Full),
            (300, Quality::High),
            (333, Quality::Fast),
            (512, Quality::Full),
            (700, Quality::Full),
        ]
        .into_iter()
        .enumerate()
        {
            let detail = Detail::new(size, quality);
            let character = tiny_character(seed as u64);
            let pose = bench::pose(seed * 13);
            let mut engine = CpuEngine::new(&character, detail, 2).expect("two threads");
            let mut frame = Frame::default();
            engine.render(&pose, &mut frame).expect("the CPU draws");
            let expected = reference::render(&Plan::new(&character), &character.image, &pose, detail);
            let difference = greatest_difference(&frame, &expected);
            assert!(difference < 1e-3, "{size} {quality}: {difference}");
        }
    }

    #[test]
    fn layers_of_any_width_are_drawn_as_the_definition_says() {
        let widths = Widths { face: &[31], body: [&[37, 5], &[13], &[7, 90, 11]] };
        let character = character(5, widths);
        let detail = Detail::new(150, Quality::Full);
        let mut frame = Frame::default();
        let mut engine = CpuEngine::new(&character, detail, 1).expect("a thread");
        engine.render(&bench::pose(3), &mut frame).expect("the CPU draws");
        let expected = reference::render(&Plan::new(&character), &character.image, &bench::pose(3), detail);
        assert!(greatest_difference(&frame, &expected) < 1e-3);
    }

    #[test]
    fn the_same_pose_gives_the_same_bits_on_any_number_of_threads() {
        let character = tiny_character(9);
        let draw = |threads| {
            let mut frame = Frame::default();
            let mut engine = CpuEngine::new(&character, Detail::new(256, Quality::High), threads).expect("threads");
            for pose in [4, 5, 4] {
                engine.render(&bench::pose(pose), &mut frame).expect("the CPU draws");
            }
            frame
        };
        assert_eq!(draw(1), draw(3));
    }

    #[test]
    fn a_pose_beyond_all_bounds_does_no_harm() {
        let mut engine = CpuEngine::new(&tiny_character(2), Detail::new(128, Quality::High), 1).expect("a thread");
        let mut frame = Frame::default();
        engine.render(&Pose([f32::MAX; 45]), &mut frame).expect("the CPU draws");
        engine.render(&Pose::default(), &mut frame).expect("the CPU draws");
        assert!(frame.planes.iter().all(|value| value.is_finite()));
    }
}
