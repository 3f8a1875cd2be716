//! The published THA4 characters, where `../shared` has them.

use std::path::{Path, PathBuf};

use super::{CharacterModel, IMAGE_SIZE};

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/tha4");

/// The folders of the published characters; none, with a reason printed, where they are absent.
fn folders() -> Vec<PathBuf> {
    let found = std::fs::read_dir(Path::new(SHARED).join("characters"));
    let folders = found.into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()).collect::<Vec<_>>();
    if folders.is_empty() {
        eprintln!("skipped: no published characters under {SHARED}");
    }
    folders
}

#[test]
fn they_load_with_the_standard_architecture() {
    for folder in folders() {
        let model = CharacterModel::load(&folder).expect("a published character loads");
        assert_eq!(model.name, folder.file_name().expect("a folder has a name").to_string_lossy());
        assert_eq!(model.face.sine.iter().map(|layer| layer.outputs).collect::<Vec<_>>(), [128; 8]);
        let widths = model.body.levels.each_ref().map(|level| level.iter().map(|l| l.outputs).collect::<Vec<_>>());
        assert_eq!(widths, [vec![360, 360, 180], vec![180, 180, 90], vec![90, 90, 90]]);
        assert_eq!(CharacterModel::load(&folder.join("character_model.yaml")).expect("its YAML loads too"), model);
    }
}

/// Pixels of the pictures as the reference's own code prepared them.
#[test]
fn their_pictures_become_what_the_reference_makes_of_them() {
    for folder in folders() {
        let image = CharacterModel::load(&folder).expect("a published character loads").image;
        let text = std::fs::read_to_string(Path::new(SHARED).join("golden/student/preprocess.json")).expect("golden");
        let golden: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let character = &golden[&*folder.file_name().expect("a folder has a name").to_string_lossy()];
        for pixel in character["pixels"].as_array().into_iter().flatten() {
            let (row, column) = (&pixel["row"], &pixel["col"]);
            let index = row.as_u64().expect("row") as usize * IMAGE_SIZE + column.as_u64().expect("col") as usize;
            for channel in 0..4 {
                let value = image.planes[channel * IMAGE_SIZE * IMAGE_SIZE + index];
                let expected = pixel["model_input"][channel].as_f64().expect("number") as f32;
                assert!((value - expected).abs() < 5e-7, "{row}, {column}, {channel}: {value} {expected}");
            }
        }
    }
}
