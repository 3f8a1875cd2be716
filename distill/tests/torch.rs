//! Our `.pt` files in PyTorch: the keys are the original's, and the picture is the engine's.
//!
//! Needs a Python with torch (`PYTHON`, else `python3`) and the student's definition from the reference data.

use bunraku_core::{
    character::{CharacterModel, sample::tiny_character},
    pose::Pose,
};
use bunraku_distill::{
    backend::Cpu,
    student::{BodyMorpherConfig, FaceMorpherConfig},
};
use bunraku_engine::{CpuFrame, Quality, View, student::cpu::CpuEngine};
use bunraku_test_support::{Means, missing, shared};
use burn_flex::FlexDevice;
use std::process::Command;

/// Loads a character model's networks as the original does, draws a pose and writes the picture's floats to a file.
const SCRIPT: &str = r#"
import collections, pathlib, sys
bench, character, pose, out = sys.argv[1:]
sys.path.insert(0, bench)
import torch
from torch_student import Student, character_image
folder = pathlib.Path(character)
face, body = (torch.load(folder / f"{name}_morpher.pt", weights_only=True) for name in ("face", "body"))
both = lambda names: [f"{name}.{kind}" for name in names for kind in ("weight", "bias")]
assert sorted(face) == sorted(both([f"siren.sine_layers.{i}.linear" for i in range(8)] + ["siren.last_linear"])), list(face)
assert sorted(body) == sorted(both([f"siren_layers.{l}.{i}.linear" for l in range(3) for i in range(3)] + ["last_linear"])), list(body)
assert isinstance(face, collections.OrderedDict) and all(t.dtype == torch.float32 and t.ndim in (1, 4) for t in face.values())
pose = torch.tensor([[float(value) for value in pose.split(",")]])
with torch.inference_mode():
    picture = Student(face, body)(character_image(folder / "character.png"), pose)
pathlib.Path(out).write_bytes(picture[0].numpy().astype("<f4").tobytes())
"#;

/// `PYTHON`, else `python3`, if it has torch and what the student's definition imports beside it.
fn python_with_torch() -> Option<String> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let imports = Command::new(&python).args(["-c", "import torch, numpy, PIL, yaml"]).output();
    let found = imports.is_ok_and(|output| output.status.success());
    found.then_some(()).or_else(|| missing(Means::Torch, format_args!("{python} has no torch (set PYTHON)")))?;
    Some(python)
}

#[test]
fn a_student_made_here_is_the_same_in_pytorch() {
    let (Some(bench), Some(python)) = (shared("bench"), python_with_torch()) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let character = CharacterModel {
        face: FaceMorpherConfig::standard().init::<Cpu>(None, 1, &FlexDevice).to_core(),
        body: BodyMorpherConfig::standard().init::<Cpu>(None, 2, &FlexDevice).to_core(),
        ..tiny_character(3)
    };
    character.save_torch(folder.path()).expect("saved");
    let character = CharacterModel::load(folder.path()).expect("read again");

    let pose = bunraku_engine::measure::pose(5);
    let numbers = pose.0.map(|value| value.to_string()).join(",");
    let picture = folder.path().join("picture");
    let script = Command::new(python)
        .args(["-c", SCRIPT])
        .args([&*bench, folder.path()])
        .arg(&numbers)
        .arg(&picture)
        .output()
        .expect("Python runs");
    assert!(script.status.success(), "{}", String::from_utf8_lossy(&script.stderr));
    assert_same_picture(&std::fs::read(picture).expect("a picture"), &character, &pose);
}

/// Within the limits of the engines (`core/spec/student.md`).
fn assert_same_picture(bytes: &[u8], character: &CharacterModel, pose: &Pose) {
    let mut engine = CpuEngine::new(character, View::new(512, Quality::Full), 0).expect("threads");
    let mut frame = CpuFrame::default();
    engine.render(pose, &mut frame);
    let expected = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
    assert_eq!(expected.len(), frame.planes.len());
    let differences = expected.zip(&frame.planes).map(|(a, b)| f64::from((a - b).abs()));
    let (greatest, sum) = differences.fold((0.0_f64, 0.0), |(most, sum), it| (most.max(it), sum + it));
    let mean = sum / frame.planes.len() as f64;
    println!("PyTorch beside the engine: max {greatest:.2e}, mean {mean:.2e}");
    assert!(greatest <= 5e-3 && mean <= 1e-5, "max {greatest:.2e}, mean {mean:.2e}");
}
