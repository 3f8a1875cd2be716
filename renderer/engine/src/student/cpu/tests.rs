//! The engine against the definition, on small students.

use super::{CpuEngine, Threads, reference};
use crate::{
    CpuFrame, Quality, View, measure,
    student::{Grids, Plan, avatar::Engine as _},
};
use bunraku_core::{
    character::{
        CharacterModel,
        sample::{Widths, character, tiny_character},
    },
    pose::Pose,
};
use pulp::Arch;

fn drawn(engine: &mut CpuEngine, pose: &Pose) -> CpuFrame {
    let mut frame = CpuFrame::default();
    engine.render(pose, &mut frame);
    frame
}

fn defined(character: &CharacterModel, pose: &Pose, view: View) -> CpuFrame {
    reference::render(&Plan::new(character), &character.image, pose, Grids::new(view))
}

fn greatest_difference(a: &CpuFrame, b: &CpuFrame) -> f32 {
    assert_eq!((a.size, a.planes.len()), (b.size, b.planes.len()));
    a.planes.iter().zip(&b.planes).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn every_size_and_quality_matches_the_definition() {
    let views = [
        (128, Quality::Full),
        (130, Quality::Full),
        (300, Quality::High),
        (333, Quality::Fast),
        (512, Quality::Full),
        (700, Quality::Full),
    ];
    for (seed, (size, quality)) in views.into_iter().enumerate() {
        let view = View::new(size, quality);
        let (character, pose) = (tiny_character(seed as u64), measure::pose(seed * 13));
        let mut engine = CpuEngine::new(&character, view, 2).expect("two threads");
        let difference = greatest_difference(&drawn(&mut engine, &pose), &defined(&character, &pose, view));
        assert!(difference < 1e-3, "{size} {quality}: {difference}");
    }
}

/// The instruction sets of this processor, and scalar code.
fn all_instructions() -> Vec<Arch> {
    #[cfg(target_arch = "x86_64")]
    let narrower = pulp::x86::V3::try_new().map(Arch::V3);
    #[cfg(not(target_arch = "x86_64"))]
    let narrower = None;
    [Some(Arch::Scalar), narrower, Some(Arch::new())].into_iter().flatten().collect()
}

#[test]
fn every_instruction_set_matches_the_definition() {
    let (character, pose, view) = (tiny_character(6), measure::pose(8), View::new(140, Quality::Full));
    let expected = defined(&character, &pose, view);
    for arch in all_instructions() {
        let mut threads = Threads::new(1).expect("a thread");
        threads.arch = arch;
        let mut engine = CpuEngine::on(threads, &character, Grids::new(view));
        let difference = greatest_difference(&drawn(&mut engine, &pose), &expected);
        assert!(difference < 1e-3, "{arch:?}: {difference}");
    }
}

#[test]
fn a_frame_does_not_depend_on_the_frames_before() {
    let character = without_colour_change(tiny_character(4));
    for size in [128, 150, 200, 256, 300, 512] {
        for quality in [Quality::High, Quality::Fast] {
            let view = View::new(size, quality);
            let mut worn = CpuEngine::new(&character, view, 2).expect("threads");
            let before = drawn(&mut worn, &measure::pose(1));
            let after = drawn(&mut worn, &measure::pose(50));
            let mut new = CpuEngine::new(&character, view, 2).expect("threads");
            let fresh = drawn(&mut new, &measure::pose(50));
            assert!(new.multiply_adds() < Plan::new(&character).multiply_adds(view), "nothing was skipped");
            assert_ne!(before, after);
            assert_eq!(after, fresh, "{size} {quality}");
        }
    }
}

/// The character without a colour change: its background stays empty and can be skipped.
fn without_colour_change(mut character: CharacterModel) -> CharacterModel {
    let last = &mut character.body.last;
    let inputs = last.inputs;
    last.weight[2 * inputs..3 * inputs].fill(0.0);
    last.bias[2] = 0.0;
    character
}

#[test]
fn layers_of_any_width_match_the_definition() {
    let character = character(5, Widths { face: &[31], body: [&[37, 5], &[13], &[7, 90, 11]] });
    let (view, pose) = (View::new(150, Quality::Full), measure::pose(3));
    let mut engine = CpuEngine::new(&character, view, 1).expect("a thread");
    assert!(greatest_difference(&drawn(&mut engine, &pose), &defined(&character, &pose, view)) < 1e-3);
}

#[test]
fn a_pose_gives_the_same_bits_on_any_number_of_threads() {
    let character = tiny_character(9);
    let draw = |threads| {
        let mut engine = CpuEngine::new(&character, View::new(256, Quality::High), threads).expect("threads");
        [4, 5, 4].map(|pose| drawn(&mut engine, &measure::pose(pose)))
    };
    assert_eq!(draw(1), draw(3));
}

#[test]
fn a_pose_beyond_all_bounds_does_no_harm() {
    let mut engine = CpuEngine::new(&tiny_character(2), View::new(128, Quality::High), 1).expect("a thread");
    drawn(&mut engine, &Pose([f32::MAX; 45]));
    assert!(drawn(&mut engine, &Pose::default()).planes.iter().all(|value| value.is_finite()));
}
