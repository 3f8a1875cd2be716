//! What other sizes and qualities show of real students, beside the picture they stand for.

use bunraku::character::CharacterChoice;
use bunraku_core::pose::Pose;
use bunraku_engine::{
    CpuFrame, EngineChoice, Frame, FramePool, Quality, View,
    native::{self, OpenOptions},
};
use bunraku_test_support::shared_files;
use std::sync::Arc;

/// The published students, from the reference data.
fn published() -> Vec<CharacterChoice> {
    shared_files("tha4/characters", |_| true).into_iter().flatten().map(Into::into).collect()
}

/// What a smaller picture should look like: the mean of the pixels it covers.
fn averaged(frame: &CpuFrame, size: usize) -> Vec<f32> {
    let step = frame.size / size;
    let mean = |channel: usize, row: usize, column: usize| {
        let at =
            |y: usize, x: usize| frame.planes[(channel * frame.size + row * step + y) * frame.size + column * step + x];
        (0..step * step).map(|i| at(i / step, i % step)).sum::<f32>() / (step * step) as f32
    };
    (0..4 * size * size).map(|i| mean(i / (size * size), i / size % size, i % size)).collect()
}

#[test]
fn bundled_students_do_not_alias_when_small_and_keep_what_each_quality_promises() {
    assert_sizes_and_qualities([CharacterChoice::Bundled, CharacterChoice::BundledLite]);
}

#[test]
fn published_students_do_not_alias_when_small_and_keep_what_each_quality_promises() {
    assert_sizes_and_qualities(published());
}

fn assert_sizes_and_qualities(characters: impl IntoIterator<Item = CharacterChoice>) {
    for choice in characters {
        let character = choice.load().expect("a whole character model");
        let options = OpenOptions::new(EngineChoice::Cpu, View::new(512, Quality::Full));
        let mut avatar = native::open(&character, &options).expect("threads");
        let mut draw = |size: usize, quality: Quality, pose: &Pose| -> Arc<CpuFrame> {
            avatar.set_view(View::new(size, quality)).expect("any view");
            assert!(avatar.set_pose(pose));
            let Ok(Frame::Cpu(frame)) = avatar.draw(&mut FramePool::default()) else { panic!("the CPU draws") };
            frame
        };
        for index in [1, 17] {
            let pose = bunraku_engine::measure::pose(index);
            let full = draw(512, Quality::Full, &pose);
            for size in [128, 256] {
                let psnr = psnr(&averaged(&full, size), &draw(size, Quality::Full, &pose).planes);
                println!("{choice} pose {index}: {size} beside the mean of 512: {psnr:.1} dB");
                assert!(psnr > 30.0, "{choice} at {size}: {psnr:.1} dB");
            }
            for (quality, least) in [(Quality::High, 46.0), (Quality::Fast, 34.0)] {
                let psnr = psnr(&full.planes, &draw(512, quality, &pose).planes);
                println!("{choice} pose {index}: {quality} beside full: {psnr:.1} dB");
                assert!(psnr > least, "{choice} {quality}: {psnr:.1} dB");
            }
        }
    }
}

/// Peak signal to noise over the character's pixels (those of `expected` that are not quite transparent), for values in
/// [-1, 1].
fn psnr(expected: &[f32], found: &[f32]) -> f64 {
    let area = expected.len() / 4;
    let seen = |i: usize| expected[3 * area + i % area] > -0.99;
    let squares: Vec<f64> = (0..expected.len())
        .filter(|&i| seen(i))
        .map(|i| f64::from((expected[i].clamp(-1.0, 1.0) - found[i].clamp(-1.0, 1.0)) / 2.0).powi(2))
        .collect();
    -10.0 * (squares.iter().sum::<f64>() / squares.len() as f64).log10()
}
