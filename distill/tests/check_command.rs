//! `bunraku-distill check`, run from outside.

mod support;

use image::{Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::Value;
use std::{fs, path::Path, process::Output};
use support::{distill, seeds_folder, stderr};
use tempfile::TempDir;

const CONFIG: &str = "prefix: out\ncharacter_image_file_name: a.png\nface_mask_image_file_name: mask.PNG\n";

fn check(folder: &Path, arguments: &[&str]) -> Output {
    distill(folder).arg("check").args(arguments).output().expect("the command runs")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one line of JSON")
}

/// A working folder with a good configuration, picture and mask in it.
fn working_folder() -> TempDir {
    support::working_folder(CONFIG, "mask.PNG")
}

#[test]
fn a_good_configuration_passes_with_warnings_about_missing_files() {
    let folder = working_folder();
    let output = check(folder.path(), &["config.yaml", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = json(&output);
    assert_eq!(report["ok"], true);
    let warnings: Vec<&str> =
        report["findings"].as_array().expect("a list").iter().filter_map(|finding| finding["path"].as_str()).collect();
    assert_eq!(warnings.len(), 6);
    assert_eq!(report["teacher_made_up"], true);
    assert!(warnings.contains(&"data/tha4/upscaler.pt") && warnings.contains(&"data/pose_dataset.pt"));
    assert!(stderr(&output).contains("warning: data/pose_dataset.pt: "));
    let output = check(folder.path(), &["config.yaml"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("the teacher is made up") && !said.contains("no problems found"), "{said}");
}

#[test]
fn an_unavailable_backend_and_missing_devices_are_found() {
    let folder = working_folder();
    fs::write(folder.path().join("config.yaml"), format!("{CONFIG}backend: cpu\nnum_gpus: 8\n")).expect("written");
    let output = check(folder.path(), &["config.yaml"]);
    let text = stderr(&output);
    assert!(output.status.code() == Some(0), "{text}");
    assert!(text.contains("warning: config.yaml: asks for 8 devices, but the CPU has at most 2"), "{text}");
    if !cfg!(feature = "cuda") {
        fs::write(folder.path().join("config.yaml"), format!("{CONFIG}backend: cuda\n")).expect("written");
        let output = check(folder.path(), &["config.yaml"]);
        let text = stderr(&output);
        assert!(output.status.code() == Some(1) && text.contains("error: config.yaml: this program was built without"));
    }
}

#[test]
fn with_teacher_and_poses_there_are_no_findings() {
    let folder = working_folder();
    let fixture = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    for name in ["robot.svg", "two_poses.pt"] {
        fs::copy(fixture(name), folder.path().join(name)).expect("copied");
    }
    let text = format!("{CONFIG}teacher: robot.svg\npose_dataset: two_poses.pt\n");
    fs::write(folder.path().join("config.yaml"), text).expect("written");
    let output = check(folder.path(), &["config.yaml"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "config.yaml: no problems found\n");
}

#[test]
fn files_that_exist_are_opened_and_their_errors_reported() {
    let folder = working_folder();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("data/tha4")).expect("created");
    let modules = ["eyebrow_decomposer", "eyebrow_morphing_combiner", "face_morpher", "body_morpher", "upscaler"];
    for name in &modules[..4] {
        fs::write(at(&format!("data/tha4/{name}.pt")), "weights").expect("written");
    }
    fs::write(at("data/pose_dataset.pt"), "poses").expect("written");
    fs::write(at("seen.yaml"), "from: fast\nperceptual: {weights: vgg16.pth, face: 1, body: 1}\n").expect("written");
    fs::write(at("config.yaml"), format!("{CONFIG}recipe: seen.yaml\n")).expect("written");
    let text = stderr(&check(folder.path(), &["config.yaml"]));
    for part in [
        "error: data/tha4/upscaler.pt: the teacher's weights are missing",
        "error: data/pose_dataset.pt: is neither a PyTorch zip archive",
        "error: vgg16.pth: no such file",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    for name in &modules[..4] {
        let part = format!("error: data/tha4/{name}.pt: is neither a PyTorch zip archive");
        assert!(text.contains(&part), "what is there is examined while another file is absent: {text}");
    }
    assert_eq!(text.matches("error: ").count(), 7, "{text}");
    fs::write(at("data/tha4/upscaler.pt"), "weights").expect("written");
    fs::write(at("vgg16.pth"), "weights").expect("written");
    let text = stderr(&check(folder.path(), &["config.yaml"]));
    for path in modules.map(|name| format!("data/tha4/{name}.pt")).iter().map(String::as_str).chain(["vgg16.pth"]) {
        assert!(text.contains(&format!("error: {path}: is neither a PyTorch zip archive")), "{path}:\n{text}");
    }
    assert_eq!(text.matches("error: ").count(), 7, "{text}");
}

#[test]
fn all_errors_are_reported_in_one_run() {
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
        "error: nowhere: no such folder (prefix)",
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
        "b.jpg: its name does not end in .png (character_image_file_name)",
        "b.jpg: no such file (character_image_file_name)",
        "out: is not a regular file (face_mask_image_file_name)",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
}

#[test]
fn an_unreadable_configuration_fails_with_help() {
    let folder = working_folder();
    fs::write(folder.path().join("binary.yaml"), [0xff, 0xfe, 0]).expect("written");
    fs::write(folder.path().join("huge.yaml"), "#".repeat(70_000)).expect("written");
    for (config, why) in [
        ("absent.yaml", "no such file"),
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
fn the_originals_configurations_pass() {
    for (folder, config) in ["lambda_00", "lambda_01"].into_iter().filter_map(seeds_folder) {
        let output = check(folder.path(), &[&config]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(!stderr(&output).contains("error:"));
    }
}
