//! Both engines against float64 NumPy, on students of formula weights: accuracy is tested on any machine.
//!
//! `goldens/make.py` made the goldens, independently of the engines.

use bunraku_core::{
    character::{
        CharacterImage, IMAGE_SIZE,
        sample::{Widths, character},
    },
    pose::Pose,
};
use bunraku_engine::{
    Character, CpuFrame, EngineChoice, FramePool, Quality, View,
    native::{self, OpenOptions, Reader},
};
use bunraku_test_support::{Means, missing};
use serde::Deserialize;
use std::{path::Path, sync::Arc};

#[derive(Deserialize)]
struct Golden {
    seed: u64,
    widths: GoldenWidths,
    size: usize,
    quality: String,
    pose: Pose,
    /// Row, column, then the four channels there.
    points: Vec<(usize, usize, f32, f32, f32, f32)>,
}

#[derive(Deserialize)]
struct GoldenWidths {
    face: Vec<usize>,
    body: [Vec<usize>; 3],
}

impl Golden {
    fn character(&self) -> Character {
        let [first, second, third] = &self.widths.body;
        let widths = Widths { face: &self.widths.face, body: [first, second, third] };
        let mut model = character(self.seed, widths);
        model.image = picture();
        model.into()
    }

    fn view(&self) -> View {
        let quality = [Quality::Full, Quality::High, Quality::Fast].into_iter().find(|q| q.name() == self.quality);
        View::new(self.size, quality.expect("a quality's name"))
    }
}

/// Triangle waves, as `make.py` has them.
fn picture() -> CharacterImage {
    let value = |i: usize| {
        let (c, y, x) = (i / (IMAGE_SIZE * IMAGE_SIZE), i / IMAGE_SIZE % IMAGE_SIZE, i % IMAGE_SIZE);
        ((x * (c + 1) + y * (4 - c) + 37 * c) % 256).abs_diff(128) as f32 / 64.0 - 1.0
    };
    CharacterImage { planes: (0..4 * IMAGE_SIZE * IMAGE_SIZE).map(value).collect() }
}

fn draw(golden: &Golden, engine: EngineChoice) -> Option<Arc<CpuFrame>> {
    let opened = native::open(&golden.character(), &OpenOptions::new(engine, golden.view()));
    let mut avatar = opened.map_or_else(|error| missing(Means::Gpu, error), Some)?;
    assert!(avatar.set_pose(&golden.pose), "a student takes poses");
    let frame = avatar.draw(&mut FramePool::default()).expect("the engine draws");
    Some(Reader::default().read(&frame).expect("the frame can be read"))
}

fn compare_all(engine: EngineChoice) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens");
    let files = std::fs::read_dir(folder).expect("the goldens").map(|file| file.expect("a file").path());
    let mut compared = 0;
    for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let text = std::fs::read_to_string(&path).expect("text");
        let golden: Golden = serde_json::from_str(&text).expect("a golden");
        let Some(frame) = draw(&golden, engine) else { return };
        let mut greatest = 0.0_f32;
        for &(row, column, r, g, b, a) in &golden.points {
            for (channel, expected) in [r, g, b, a].into_iter().enumerate() {
                let value = frame.planes[(channel * frame.size + row) * frame.size + column];
                greatest = greatest.max((value - expected).abs());
            }
        }
        println!("{}: max {greatest:.1e}", path.display());
        assert!(greatest <= 2e-5, "{}: max {greatest:.1e}", path.display());
        compared += golden.points.len();
    }
    assert!(compared >= 100, "only {compared} points were compared");
}

#[test]
fn formula_students_match_the_small_goldens_on_the_cpu() {
    compare_all(EngineChoice::Cpu);
}

#[test]
fn formula_students_match_the_small_goldens_on_the_gpu() {
    compare_all(EngineChoice::Gpu);
}
