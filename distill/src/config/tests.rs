//! Tests of reading configurations.

use super::{fields::BACKEND, reader::climbs_out, *};
use proptest::prelude::*;
use std::path::Path;

const PATHS: &str = "prefix: out\ncharacter_image_file_name: a.png\nface_mask_image_file_name: m.png\n";

fn errors(lines: &str) -> Vec<String> {
    let invalid = DistillerConfig::parse(&format!("{PATHS}{lines}")).expect_err(lines);
    invalid.errors.iter().map(ToString::to_string).collect()
}

#[test]
fn three_paths_are_enough_and_the_rest_has_the_originals_defaults() {
    let config = DistillerConfig::parse(PATHS).expect("complete");
    assert_eq!(config.face.random_seeds, [12_771_885_812_175_595_441, 14_367_217_090_963_479_175]);
    assert_eq!(config.body.random_seeds, [2_892_221_210_020_292_507, 9_998_918_537_095_922_080]);
    for training in [config.face, config.body] {
        assert_eq!((training.examples_per_sample_output, training.batch_size), (Some(10_000), 8));
    }
    assert_eq!((config.num_cpu_workers, config.num_gpus), (1, 1));
    assert_eq!(config.paths().face_mask, Some(PathBuf::from("m.png")));
    let ours = [config.recipe, config.teacher, config.pose_dataset].map(|path| path.display().to_string());
    assert_eq!(ours, ["reference", "data/tha4", "data/pose_dataset.pt"]);
    assert_eq!(config.backend, Accelerator::Auto);
}

#[test]
fn layered_art_needs_no_picture_and_mask_but_a_folder_of_weights_does() {
    let drawn = DistillerConfig::parse("prefix: out\nteacher: robot.SVG\n").expect("complete");
    assert_eq!((drawn.character_image, drawn.face_mask), (None, None));
    let mask =
        DistillerConfig::parse("prefix: out\nteacher: a.svg\nface_mask_image_file_name: m.png\n").expect("complete");
    assert_eq!((mask.character_image, mask.face_mask), (None, Some(PathBuf::from("m.png"))));
    let invalid = DistillerConfig::parse("prefix: out\nteacher: data/tha4\n").expect_err("no picture");
    assert!(matches!(invalid.errors[..], [ConfigError::Missing(CHARACTER_IMAGE), ConfigError::Missing(FACE_MASK)]));
}

#[test]
fn every_field_is_read() {
    let text = format!(
        "{PATHS}face_morpher_random_seed_0: 0\nface_morpher_random_seed_1: 18446744073709551615\n\
         face_morpher_num_training_examples_per_sample_output: null\nface_morpher_batch_size: 1\n\
         body_morpher_random_seed_0: 2\nbody_morpher_random_seed_1: 3\n\
         body_morpher_num_training_examples_per_sample_output: 1000000\nbody_morpher_batch_size: 7\n\
         num_cpu_workers: 5\nnum_gpus: 6\n\
         recipe: fast\nteacher: /models\npose_dataset: poses.pt\nbackend: cpu\n"
    );
    let config = DistillerConfig::parse(&text).expect("complete");
    let face = MorpherTraining { random_seeds: [0, u64::MAX], examples_per_sample_output: None, batch_size: 1 };
    let body = MorpherTraining { random_seeds: [2, 3], examples_per_sample_output: Some(1_000_000), batch_size: 7 };
    assert_eq!((config.face, config.body, config.num_cpu_workers, config.num_gpus), (face, body, 5, 6));
    let ours = [config.recipe, config.teacher, config.pose_dataset].map(|path| path.display().to_string());
    assert_eq!(ours, ["fast", "/models", "poses.pt"]);
    assert_eq!(config.backend, Accelerator::Cpu);
}

#[test]
fn differing_names_the_fields_that_differ() {
    let parse = |lines: &str| DistillerConfig::parse(&format!("{PATHS}{lines}")).expect("complete");
    let plain = parse("");
    for (field, value) in FIELDS[3..].iter().map(|field| match *field {
        field if field.contains("per_sample_output") => (field, "100000"),
        field @ (RECIPE | TEACHER | POSE_DATASET) => (field, "other"),
        BACKEND => (BACKEND, "cpu"),
        field => (field, "3"),
    }) {
        assert_eq!(plain.differing(&parse(&format!("{field}: {value}\n"))), [field]);
    }
    assert!(plain.differing(&plain).is_empty());
}

#[test]
fn all_errors_are_collected_and_the_paths_kept() {
    let text = "prefix: out\nface_mask_image_file_name: 7\nface_morpher_batchsize: 4\nnum_gpus: 0\n\
                body_morpher_batch_size: 9\nface_morpher_random_seed_0: -1\n\
                body_morpher_num_training_examples_per_sample_output: 5\nbackend: gpu\nteacher: ../models\n";
    let invalid = DistillerConfig::parse(text).expect_err("wrong");
    let ConfigPaths { prefix, character_image, face_mask, teacher, .. } = &*invalid.paths;
    assert_eq!((prefix, character_image, face_mask, teacher), (&Some("out".into()), &None, &None, &None));
    let all = invalid.errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for part in [
        "unknown field `face_morpher_batchsize`; did you mean `face_morpher_batch_size`?",
        "the field `character_image_file_name` is missing",
        "`face_mask_image_file_name` must be a path, not `7`",
        "`num_gpus` must be a whole number of 1 or more, not `0`",
        "`body_morpher_batch_size` must be a whole number from 1 to 8, not `9`",
        "`face_morpher_random_seed_0` must be a whole number from 0 to 18446744073709551615, not `-1`",
        "must be 10000, 100000, 1000000 or null, not `5`",
        "`backend` must be auto, cpu, wgpu or cuda, not `gpu`",
        "`teacher` leads out of the working folder",
    ] {
        assert!(all.contains(part), "{part}\nis not in\n{all}");
    }
    assert_eq!(invalid.errors.len(), 9);
    assert!(invalid.errors.iter().all(|error| !error.help().is_empty()));
}

#[test]
fn a_broken_configuration_is_distinguished_from_another_file() {
    for (text, meant) in [
        ("{'prefix': out, num_gpus: 0}", true),
        ("prefix: 7\n", true),
        ("prefix: [", true),
        ("character_image_file_name: a.png\nface_morpher_file_name: f.pt\n", false),
        ("just words", false),
    ] {
        assert_eq!(DistillerConfig::parse(text).expect_err(text).is_meant(), meant, "{text}");
    }
}

#[test]
fn values_of_another_type_are_refused() {
    for value in ["1.5", "'1'", "true", "[1]", "{a: 1}", "null", "18446744073709551616", "1e1"] {
        let errors = errors(&format!("num_gpus: {value}\n"));
        assert!(errors.len() == 1 && errors[0].contains("num_gpus"), "{value}: {errors:?}");
    }
}

#[test]
fn relative_paths_stay_within_the_working_folder() {
    for path in ["../a.png", "b/../../a.png", "./../a.png"] {
        let text = format!("prefix: out\ncharacter_image_file_name: {path}\nface_mask_image_file_name: m.png\n");
        let invalid = DistillerConfig::parse(&text).expect_err(path);
        assert!(matches!(invalid.errors[..], [ConfigError::Escapes { field: CHARACTER_IMAGE, .. }]), "{path}");
    }
    assert!(!climbs_out(Path::new("a/../b.png")) && !climbs_out(Path::new("./a/..")));
}

#[test]
fn anything_but_a_map_of_fields_is_refused() {
    for text in ["", "just words", "- a\n- b\n", "a: [", "\t", "prefix: a\nprefix: b\n"] {
        let invalid = DistillerConfig::parse(text).expect_err(text);
        assert_eq!(invalid.errors.len(), 1, "{text:?}");
    }
}

proptest! {
    #[test]
    fn any_text_gives_a_configuration_or_an_error(text in ".*", key in "[a-z_]{0,60}", value in ".{0,20}") {
        for text in [text, format!("{PATHS}{key}: {value}\n"), format!("{PATHS}num_gpus: {value}\n")] {
            if let Err(invalid) = DistillerConfig::parse(&text) {
                prop_assert!(!invalid.errors.is_empty());
                prop_assert!(invalid.errors.iter().all(|error| !error.to_string().is_empty()));
            }
        }
    }

    #[test]
    fn whole_numbers_are_taken_if_and_only_if_in_range(batch in 0u64..20, workers: u64) {
        let text = format!("{PATHS}face_morpher_batch_size: {batch}\nnum_cpu_workers: {workers}\n");
        let valid = (1..=8).contains(&batch) && workers >= 1;
        match DistillerConfig::parse(&text) {
            Ok(config) => prop_assert!(valid && (config.face.batch_size, config.num_cpu_workers) == (batch, workers)),
            Err(_) => prop_assert!(!valid),
        }
    }
}
