//! `bunraku-distill eval` and `bench`, from outside.

use bunraku_core::character::sample::tiny_character;
use serde_json::Value;
use std::process::{Command, Output};

fn distill(arguments: &[&str]) -> Output {
    let folder = std::env::temp_dir();
    Command::new(env!("CARGO_BIN_EXE_bunraku-distill")).args(arguments).current_dir(folder).output().expect("it runs")
}

fn last_line(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.lines().last().expect("a line")).expect("JSON")
}

/// The teacher with formula weights renders one pose, which takes some seconds on the CPU.
#[test]
fn a_character_is_compared_with_the_teacher() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    tiny_character(4).save(folder.path()).expect("saved");
    let path = folder.path().to_string_lossy().into_owned();
    let output = distill(&["eval", &path, "--poses", "1", "--backend", "cpu", "--json"]);
    let found = last_line(&output);
    assert_eq!(found["poses"], 1);
    for name in ["l1", "psnr_db", "psnr_face_db", "ssim"] {
        assert!(found[name].as_f64().is_some_and(f64::is_finite), "{name}: {found}");
    }
    assert!(found["l1"].as_f64().is_some_and(|l1| (0.01..2.0).contains(&l1)), "{found}");
    assert!(found["body_morpher"]["grid_change"]["l1"].is_number() && found["regions"]["face"]["ssim"].is_number());
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("FORMULA WEIGHTS"),
        "a made-up teacher is clearly reported"
    );
}

#[test]
fn missing_students_are_an_error_with_help() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("config.yaml");
    std::fs::write(&config, "prefix: out\nnum_gpus: 0\n").expect("written");
    let paths = [folder.path().join("absent"), folder.path().to_owned(), config];
    for path in paths {
        let output = distill(&["eval", &path.to_string_lossy()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("error: ") && said.contains("help: "), "{said}");
    }
}

#[test]
fn an_unwritable_sheet_is_reported_before_the_first_pose() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    tiny_character(4).save(folder.path()).expect("saved");
    let path = folder.path().to_string_lossy().into_owned();
    let sheet = folder.path().join("absent/sheet.png").to_string_lossy().into_owned();
    let output = distill(&["eval", &path, "--poses", "1", "--backend", "cpu", "--sheet", &sheet]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("cannot write the sheet"), "{said}");
    assert!(!said.contains("the teacher is"), "reported before the teacher renders: {said}");
}

/// A character passed on with its configuration, but without the files that this names.
#[test]
fn a_character_without_its_mask_is_still_evaluated_and_broken_art_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    tiny_character(4).save(folder.path()).expect("saved");
    std::fs::write(folder.path().join("art.svg"), "<svg/>").expect("written");
    let text = "  'prefix': gone\n  teacher: art.svg\n  face_mask_image_file_name: gone/mask.png\n";
    std::fs::write(folder.path().join("config.yaml"), text).expect("written");
    let output = distill(&["eval", &folder.path().to_string_lossy(), "--poses", "1", "--backend", "cpu"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("warning: gone/mask.png: no such file"), "{said}");
    assert!(output.status.code() == Some(1) && said.contains("help: distill/src/teacher/rig/README.md"), "{said}");
}

/// The face alone, which takes some seconds, with a peer that prints fixed rates.
#[cfg(unix)]
#[test]
fn rates_are_compared_with_a_peers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let peer = folder.path().join("peer.jsonl");
    let line = r#"{"engine": "torch", "phase": "face", "teacher_examples_s": 1e-3, "student_step_examples_s": 1e-3, "whole_step_examples_s": 1e-3}"#;
    std::fs::write(&peer, line).expect("written");
    let beside = format!("cat {}", peer.display());
    let arguments =
        ["bench", "--only", "face", "--recipe", "reference", "--backend", "cpu", "--batch", "1", "--steps", "1"];
    let found = last_line(&distill(&[&arguments[..], &["--beside", &beside, "--json"]].concat()));
    let [result] = &found["results"].as_array().expect("a list")[..] else { panic!("{found}") };
    assert_eq!((&result["phase"], &result["recipe"]), (&"face".into(), &"reference".into()));
    for rate in ["teacher", "student_step", "whole_step"] {
        let ours = result[format!("{rate}_examples_s")].as_f64().expect("a rate");
        let times = result["beside"][0][format!("times_{rate}")].as_f64().expect("a ratio");
        assert!(ours > 0.0 && (times / (1e3 * ours) - 1.0).abs() < 1e-9, "{rate}: {found}");
    }
}
