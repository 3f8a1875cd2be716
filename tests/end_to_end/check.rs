//! `bunraku check` reports everything wrong with a character model or a configuration, or a summary.

use std::{path::Path, process::Command};

use crate::harness::PROGRAM;
use bunraku_core::character::{SETTINGS_FILE, sample::tiny_character};

/// Exit status, standard output and standard error.
fn check(path: &Path) -> (Option<i32>, String, String) {
    let output = Command::new(PROGRAM).arg("check").arg(path).output().expect("bunraku runs");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A folder with a character model in it.
fn saved() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    tiny_character(1).save(folder.path()).expect("saved");
    folder
}

#[test]
fn a_good_character_is_summed_up() {
    let folder = saved();
    for path in [folder.path().to_owned(), folder.path().join(SETTINGS_FILE)] {
        let (status, out, err) = check(&path);
        assert_eq!((status, err.as_str()), (Some(0), ""));
        assert!(
            out.contains("16 20") && out.contains("24 12 | 16 10 | 12 8") && out.contains("multiply-adds"),
            "{out}"
        );
    }
}

#[test]
fn all_faults_of_a_character_are_told_at_once() {
    let folder = saved();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("written");
    write("character.png", b"no picture");
    write("face_morpher.safetensors", b"no weights");
    std::fs::remove_file(folder.path().join("body_morpher.safetensors")).expect("removed");
    let (status, out, err) = check(folder.path());
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(err.starts_with("error: ") && err.contains("\nhelp: "), "{err}");
    for name in ["character.png", "face_morpher.safetensors", "body_morpher.safetensors"] {
        assert!(err.contains(name), "{name} is not in: {err}");
    }
}

#[test]
fn a_misspelt_field_is_told_with_what_was_meant() {
    let folder = saved();
    let yaml = folder.path().join(SETTINGS_FILE);
    let text = std::fs::read_to_string(&yaml).expect("saved").replace("character_image_file_name", "character_image");
    std::fs::write(&yaml, text).expect("written");
    let (status, _, err) = check(folder.path());
    assert_eq!(status, Some(1));
    assert!(err.contains("did you mean `character_image_file_name`?"), "{err}");
}

#[test]
fn a_configuration_is_checked_with_what_it_names() {
    let folder = saved();
    let path = folder.path().join("bunraku.yaml");
    std::fs::write(&path, "character: .\nsources: [idle]\n").expect("written");
    let (status, out, err) = check(&path);
    assert_eq!((status, err.as_str()), (Some(0), ""));
    assert!(out.contains("idle"), "{out}");

    std::fs::write(&path, "charakter: .\nsize: 5\n").expect("written");
    let (status, _, err) = check(&path);
    assert_eq!(status, Some(1));
    assert!(err.contains("did you mean `character`?") && err.contains("size"), "{err}");
}

#[test]
fn json_reports_valid_and_invalid_files() {
    let folder = saved();
    let check = |path: &Path| {
        let output = Command::new(PROGRAM).arg("check").arg(path).arg("--json").output().expect("bunraku runs");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
        (output.status.code(), report)
    };
    let (status, good) = check(folder.path());
    assert_eq!((status, &good["ok"], &good["kind"]), (Some(0), &true.into(), &"character".into()));
    assert_eq!((&good["face_layers"], &good["problems"]), (&serde_json::json!([16, 20]), &serde_json::json!([])));
    std::fs::write(folder.path().join("character.png"), b"no picture").expect("written");
    let path = folder.path().join("bunraku.yaml");
    std::fs::write(&path, "character: .\nsources: [nobody]\n").expect("written");
    for (path, count) in [(folder.path(), 1), (&path, 2)] {
        let (status, bad) = check(path);
        assert_eq!((status, &bad["ok"]), (Some(1), &false.into()));
        assert_eq!(bad["problems"].as_array().map(Vec::len), Some(count), "{bad}");
    }
}

#[test]
fn a_folder_named_like_the_bundled_character_is_checked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let check = || {
        let output = Command::new(PROGRAM).args(["check", "bundled"]).current_dir(&folder).output();
        output.expect("bunraku runs").status.code()
    };
    assert_eq!(check(), Some(0), "the one that the program brings");
    std::fs::create_dir(folder.path().join("bundled")).expect("made");
    assert_eq!(check(), Some(1), "the empty one that is here");
}

#[test]
fn a_missing_path_is_an_error() {
    let (status, _, err) = check(Path::new("/nowhere/at/all"));
    assert_eq!(status, Some(1));
    assert!(err.contains("no such file"), "{err}");
}
