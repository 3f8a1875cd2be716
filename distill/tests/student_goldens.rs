//! The students in burn against the reference's own outputs of real students (`core/spec/goldens.md`).

use bunraku_core::{
    character::{CharacterModel, FACE_COLUMN, FACE_ROW, FACE_SIZE, IMAGE_SIZE},
    pose::Pose,
};
use bunraku_distill::{
    backend::Cpu,
    student::{BodyMorpher, FaceMorpher},
};
use bunraku_test_support::shared;
use burn::tensor::{Tensor, TensorData, s};
use burn_flex::FlexDevice;
use serde_json::Value;
use std::path::Path;

/// The values of a float32 `.npy`.
fn read_npy(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).expect("a golden");
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[10 + header..].as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// A student's outputs by the goldens' names, `[1, channels, edge, edge]`.
fn outputs(model: &CharacterModel, pose: &Pose) -> Vec<(&'static str, Tensor<Cpu, 4>)> {
    let device = FlexDevice;
    let poses = Tensor::<Cpu, 1>::from_floats(pose.0, &device).unsqueeze();
    let face = FaceMorpher::from_core(&model.face, &device).forward(poses.clone());
    let planes = TensorData::new(model.image.planes.clone(), [1, 4, IMAGE_SIZE, IMAGE_SIZE]);
    let window = [0..1, 0..4, FACE_ROW..FACE_ROW + FACE_SIZE, FACE_COLUMN..FACE_COLUMN + FACE_SIZE];
    let image = Tensor::from_data(planes, &device).slice_assign(window, face.clone());
    let body = BodyMorpher::from_core(&model.body, &device).forward(image, poses);
    vec![
        ("face_morphed", face),
        ("blended", body.blended),
        ("warped", body.warped),
        ("grid_change", body.grid_change),
        ("color_change", body.color_change),
        ("alpha", body.alpha),
    ]
}

/// Greatest and mean absolute difference.
fn compare(found: Tensor<Cpu, 4>, golden: &Path) -> (f64, f64) {
    let (found, expected) = (found.into_data().to_vec::<f32>().expect("float32"), read_npy(golden));
    assert_eq!(found.len(), expected.len(), "{}", golden.display());
    let differences = found.iter().zip(&expected).map(|(a, b)| f64::from((a - b).abs()));
    let (greatest, sum) = differences.fold((0.0_f64, 0.0), |(most, sum), it| (most.max(it), sum + it));
    (greatest, sum / found.len() as f64)
}

#[test]
fn published_students_give_the_golden_outputs() {
    let Some(tha4) = shared("tha4") else { return };
    let golden = tha4.join("golden/student");
    let poses = std::fs::read_to_string(golden.join("poses.json")).expect("the goldens' poses");
    let poses: Value = serde_json::from_str(&poses).expect("JSON");
    let mut compared = 0;
    for record in poses["records"].as_array().expect("records") {
        let Some(raw) = record["raw_dir"].as_str() else { continue };
        let character = record["character"].as_str().expect("a character's name");
        let model = CharacterModel::load(&tha4.join("characters").join(character)).expect("a real character model");
        let pose: Pose = serde_json::from_value(record["pose"].clone()).expect("45 numbers");
        for (name, output) in outputs(&model, &pose) {
            let parts = if name == "face_morphed" {
                vec![(name.to_owned(), output)]
            } else {
                let crop = output.clone().slice(s![.., .., 80..208, 192..320]);
                let every = output.slice(s![.., .., ..;4, ..;4]);
                vec![(format!("{name}_stride4"), every), (format!("{name}_facecrop"), crop)]
            };
            let most = match name {
                "blended" => 5e-3,
                "warped" => 1e-2,
                _ => 1e-3,
            };
            for (file, part) in parts {
                let (greatest, mean) = compare(part, &golden.join(raw).join(format!("{file}.npy")));
                println!("{raw} {file}: max {greatest:.2e}, mean {mean:.2e}");
                assert!(greatest <= most && mean <= 1e-5, "{raw} {file}: max {greatest:.2e}, mean {mean:.2e}");
                compared += 1;
            }
        }
    }
    assert!(compared > 0, "no golden output");
}
