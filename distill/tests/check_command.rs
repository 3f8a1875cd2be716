//! `bunraku-distill check`, as a person or a script runs it.

use image::{Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

fn check(folder: &Path, arguments: &[&str]) -> Output {
    let command =
        Command::new(env!("CARGO_BIN_EXE_bunraku-distill")).arg("check").args(arguments).current_dir(folder).output();
    command.expect("the command runs")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one line of JSON")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A working folder with a good configuration, picture and mask in it.
fn working_folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("out")).expect("created");
    let inside = |x: u32, y: u32| x.abs_diff(256) < 50 && y.abs_diff(144) < 30;
    let picture = RgbaImage::from_fn(512, 512, |x, y| Rgba([200, 150, 100, 255 * u8::from(inside(x, y))]));
    picture.save(at("a.png")).expect("written");
    let mask = RgbImage::from_fn(512, 512, |x, y| Rgb([255 * u8::from(inside(x, y)); 3]));
    mask.save(at("mask.PNG")).expect("written");
    let text = "prefix: out\ncharacter_image_file_name: a.png\nface_mask_image_file_name: mask.PNG\n";
    fs::write(at("config.yaml"), text).expect("written");
    folder
}

#[test]
fn a_good_configuration_passes_and_what_training_still_lacks_is_warned_of() {
    let folder = working_folder();
    let output = check(folder.path(), &["config.yaml", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = json(&output);
    assert_eq!(report["ok"], true);
    let warnings: Vec<&str> =
        report["findings"].as_array().expect("a list").iter().filter_map(|finding| finding["path"].as_str()).collect();
    assert_eq!(warnings.len(), 6);
    assert!(warnings.contains(&"data/tha4/upscaler.pt") && warnings.contains(&"data/pose_dataset.pt"));
    assert!(stderr(&output).contains("warning: data/pose_dataset.pt: "));
}

#[test]
fn with_the_teacher_and_poses_there_is_nothing_to_say() {
    let folder = working_folder();
    fs::create_dir_all(folder.path().join("data/tha4")).expect("created");
    for name in ["eyebrow_decomposer", "eyebrow_morphing_combiner", "face_morpher", "body_morpher", "upscaler"] {
        fs::write(folder.path().join(format!("data/tha4/{name}.pt")), "weights").expect("written");
    }
    fs::write(folder.path().join("data/pose_dataset.pt"), "poses").expect("written");
    let output = check(folder.path(), &["config.yaml"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "config.yaml: nothing is wrong\n");
}

#[test]
fn everything_wrong_is_said_in_one_run() {
    let folder = working_folder();
    RgbaImage::from_pixel(100, 512, Rgba([1, 2, 3, 255])).save(folder.path().join("wrong.png")).expect("written");
    RgbImage::from_pixel(512, 512, Rgb([7; 3])).save(folder.path().join("grey.png")).expect("written");
    let text = "prefix: nowhere\ncharacter_image_file_name: wrong.png\nface_mask_image_file_name: grey.png\n\
                num_gpu: 1\nbody_morpher_batch_size: 80\n";
    fs::write(folder.path().join("config.yaml"), text).expect("written");
    let output = check(folder.path(), &["config.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    for part in [
        "error: config.yaml: has the unknown field `num_gpu`; did you mean `num_gpus`?",
        "`body_morpher_batch_size` must be a whole number from 1 to 8, not `80`",
        "error: nowhere: there is no such folder (prefix)",
        "error: wrong.png: is 100 x 512 pixels",
        "error: wrong.png: is opaque everywhere",
        "error: grey.png: 262144 pixels have a channel that is neither 0 nor 255",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    assert_eq!(text.matches("error: ").count(), 6, "{text}");
    assert_eq!(text.matches("\nhelp: ").count(), text.matches("error: ").count() + text.matches("warning: ").count());
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = working_folder();
    let text = "prefix: a.png\ncharacter_image_file_name: b.jpg\nface_mask_image_file_name: out\n";
    fs::write(folder.path().join("config.yaml"), text).expect("written");
    let text = stderr(&check(folder.path(), &["config.yaml"]));
    for part in [
        "a.png: is not a folder (prefix)",
        "b.jpg: the name does not end in .png (character_image_file_name)",
        "b.jpg: there is no such file (character_image_file_name)",
        "out: is not a regular file (face_mask_image_file_name)",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
}

#[test]
fn a_configuration_that_cannot_be_read_fails_with_a_way_out() {
    let folder = working_folder();
    fs::write(folder.path().join("binary.yaml"), [0xff, 0xfe, 0]).expect("written");
    fs::write(folder.path().join("huge.yaml"), "#".repeat(70_000)).expect("written");
    for (config, why) in [
        ("absent.yaml", "there is no such file"),
        ("out", "is not a regular file"),
        ("binary.yaml", "is not UTF-8 text"),
        ("huge.yaml", "is larger than 65536 bytes"),
    ] {
        let output = check(folder.path(), &[config, "--json"]);
        assert_eq!((output.status.code(), json(&output)["ok"].as_bool()), (Some(1), Some(false)));
        let text = stderr(&output);
        assert!(text.starts_with(&format!("error: {config}: {why}\nhelp: ")), "{text}");
    }
}

#[test]
fn a_wrong_command_line_exits_with_2() {
    let folder = working_folder();
    assert_eq!(check(folder.path(), &[]).status.code(), Some(2));
    assert_eq!(check(folder.path(), &["config.yaml", "--jsn"]).status.code(), Some(2));
}

#[test]
fn the_seeds_own_configurations_pass() {
    let seeds = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/tha4"));
    if !seeds.is_dir() {
        eprintln!("skipped: {} is not there", seeds.display());
        return;
    }
    for name in ["lambda_00", "lambda_01"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let prefix = folder.path().join("data/distill_examples").join(name);
        let images = folder.path().join("data/images");
        fs::create_dir_all(&prefix).and_then(|()| fs::create_dir_all(&images)).expect("created");
        let config = format!("distill_examples/{name}/config.yaml");
        fs::copy(seeds.join(&config), folder.path().join("data").join(&config)).expect("copied");
        for picture in [format!("{name}.png"), format!("{name}_face_mask.png")] {
            fs::copy(seeds.join("images").join(&picture), images.join(&picture)).expect("copied");
        }
        let output = check(folder.path(), &[&format!("data/{config}")]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(!stderr(&output).contains("error:"));
    }
}
