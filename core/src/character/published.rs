//! The published THA4 characters, from the reference data.

use super::{CharacterModel, IMAGE_SIZE};
use bunraku_test_support::{shared, shared_files};

/// The folders of the published characters.
const CHARACTERS: &str = "tha4/characters";

#[test]
fn published_characters_load_with_the_standard_architecture() {
    for folder in shared_files(CHARACTERS, |_| true).into_iter().flatten() {
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
fn published_pictures_match_the_golden_pixels() {
    let Some(golden) = shared("tha4/golden/student/preprocess.json") else { return };
    let text = std::fs::read_to_string(golden).expect("golden");
    let golden: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for folder in shared_files(CHARACTERS, |_| true).into_iter().flatten() {
        let image = CharacterModel::load(&folder).expect("a published character loads").image;
        let character = &golden[&*folder.file_name().expect("a folder has a name").to_string_lossy()];
        let pixels = character["pixels"].as_array().expect("golden pixels");
        assert!(!pixels.is_empty(), "{}", folder.display());
        for pixel in pixels {
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
