//! The engine itself: buffers made once, stages run in turn.

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
    Description, Detail, EngineError, Frame, StudentEngine,
    plan::{Plan, Stage},
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
    detail: Detail,
}

impl CpuEngine {
    /// Prepares `character`'s student on `threads` threads, 0 for one a core.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn new(character: &CharacterModel, detail: Detail, threads: usize) -> Result<Self, EngineError> {
        Ok(Self::on(Threads::new(threads)?, character, detail))
    }

    fn on(threads: Threads, character: &CharacterModel, detail: Detail) -> Self {
        let plan = Plan::new(character);
        let tile = threads.arch.dispatch(TileOfMachine);
        let face = StageRun::new(&plan.face, tile, FACE_SIZE, 1);
        let levels = level_runs(&plan, tile, detail);
        let composite = Composite::new(detail);
        let [first, second, third] = &levels;
        let scratches = [&face, first, second, third].map(|stage| threads.scratches(|| stage.scratch()));
        let lines = threads.scratches(|| composite.lines());
        let picture = Picture::new(&character.image);
        let outline = outline(&plan, tile, detail, &threads);
        let spans = Spans::default();
        Self { plan, threads, tile, picture, face, levels, composite, scratches, lines, outline, spans, detail }
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
            let coarse = outline.look(pose, &first.map, &self.picture, threads);
            self.spans.find(coarse, self.detail, &self.composite.axis, &third.axis);
            &self.spans
        });
        second.run(pose, Some(&first.map), spans.map(|spans| &spans.second), threads, for_second);
        third.run(pose, Some(&second.map), spans.map(|spans| &spans.third), threads, for_third);
        self.composite.run(&self.picture, &third.map, spans.map(|spans| &spans.output), frame, threads, &self.lines);
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

    fn multiply_adds(&self) -> usize {
        let [_, second, third] = &self.plan.levels;
        let all = self.plan.multiply_adds(self.detail);
        if self.outline.is_none() {
            return all;
        }
        let [_, two, three] = self.detail.levels;
        let points = |columns: &Columns| columns.iter().map(ExactSizeIterator::len).sum::<usize>();
        let left_out = |level: &Stage, edge: usize, columns| level.multiply_adds() * (edge * edge - points(columns));
        all - left_out(second, two, &self.spans.second) - left_out(third, three, &self.spans.third)
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
    use crate::{Quality, cpu::reference, measure};
    use bunraku_core::character::sample::{Widths, character, tiny_character};
    use pulp::Arch;

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
            let pose = measure::pose(seed * 13);
            let mut engine = CpuEngine::new(&character, detail, 2).expect("two threads");
            let mut frame = Frame::default();
            engine.render(&pose, &mut frame).expect("the CPU draws");
            let expected = reference::render(&Plan::new(&character), &character.image, &pose, detail);
            let difference = greatest_difference(&frame, &expected);
            assert!(difference < 1e-3, "{size} {quality}: {difference}");
        }
    }

    /// The kinds of vectors that this processor has, and none at all.
    fn all_instructions() -> Vec<Arch> {
        #[cfg(target_arch = "x86_64")]
        let narrower = pulp::x86::V3::try_new().map(Arch::V3);
        #[cfg(not(target_arch = "x86_64"))]
        let narrower = None;
        [Some(Arch::Scalar), narrower, Some(Arch::new())].into_iter().flatten().collect()
    }

    #[test]
    fn every_kind_of_vectors_draws_what_the_definition_says() {
        let (character, pose, detail) = (tiny_character(6), measure::pose(8), Detail::new(140, Quality::Full));
        let expected = reference::render(&Plan::new(&character), &character.image, &pose, detail);
        for arch in all_instructions() {
            let mut threads = Threads::new(1).expect("a thread");
            threads.arch = arch;
            let mut frame = Frame::default();
            CpuEngine::on(threads, &character, detail).render(&pose, &mut frame).expect("the CPU draws");
            let difference = greatest_difference(&frame, &expected);
            assert!(difference < 1e-3, "{arch:?}: {difference}");
        }
    }

    #[test]
    fn what_was_drawn_before_leaves_no_trace() {
        let character = dot(tiny_character(4));
        for size in [128, 150, 200, 256, 300, 512] {
            for quality in [Quality::High, Quality::Fast] {
                let detail = Detail::new(size, quality);
                let mut worn = CpuEngine::new(&character, detail, 2).expect("threads");
                let (mut before, mut after, mut fresh) = (Frame::default(), Frame::default(), Frame::default());
                worn.render(&measure::pose(1), &mut before).expect("the CPU draws");
                worn.render(&measure::pose(50), &mut after).expect("the CPU draws");
                let mut new = CpuEngine::new(&character, detail, 2).expect("threads");
                new.render(&measure::pose(50), &mut fresh).expect("the CPU draws");
                assert!(new.multiply_adds() < Plan::new(&character).multiply_adds(detail), "nothing was left out");
                assert_ne!(before, after);
                assert_eq!(after, fresh, "{size} {quality}");
            }
        }
    }

    /// The character with no colour change at all, so that its background stays empty, which then can be left out.
    fn dot(mut character: CharacterModel) -> CharacterModel {
        let last = &mut character.body.last;
        let inputs = last.inputs;
        last.weight[2 * inputs..3 * inputs].fill(0.0);
        last.bias[2] = 0.0;
        character
    }

    #[test]
    fn layers_of_any_width_are_drawn_as_the_definition_says() {
        let widths = Widths { face: &[31], body: [&[37, 5], &[13], &[7, 90, 11]] };
        let character = character(5, widths);
        let detail = Detail::new(150, Quality::Full);
        let mut frame = Frame::default();
        let mut engine = CpuEngine::new(&character, detail, 1).expect("a thread");
        engine.render(&measure::pose(3), &mut frame).expect("the CPU draws");
        let expected = reference::render(&Plan::new(&character), &character.image, &measure::pose(3), detail);
        assert!(greatest_difference(&frame, &expected) < 1e-3);
    }

    #[test]
    fn the_same_pose_gives_the_same_bits_on_any_number_of_threads() {
        let character = tiny_character(9);
        let draw = |threads| {
            let mut frame = Frame::default();
            let mut engine = CpuEngine::new(&character, Detail::new(256, Quality::High), threads).expect("threads");
            for pose in [4, 5, 4] {
                engine.render(&measure::pose(pose), &mut frame).expect("the CPU draws");
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
