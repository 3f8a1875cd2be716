//! The character that the program brings: there without a word, and drawn wherever a character is needed.

use crate::harness::{Puppet, bunraku, until};
use image::RgbaImage;
use std::{fs, path::Path};

const POSES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/examples/hello.jsonl");

/// The pictures in a folder, in the order of their names.
fn pictures(folder: &Path) -> Vec<RgbaImage> {
    let mut paths: Vec<_> = fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path()).collect();
    paths.sort();
    paths.iter().map(|path| image::open(path).expect("a picture").into_rgba8()).collect()
}

/// Pixels that differ visibly.
fn changed(a: &RgbaImage, b: &RgbaImage) -> usize {
    let unlike = |(a, b): (&image::Rgba<u8>, &image::Rgba<u8>)| (0..4).any(|c| a.0[c].abs_diff(b.0[c]) > 12);
    a.pixels().zip(b.pixels()).filter(|pair| unlike(*pair)).count()
}

#[test]
fn without_a_word_the_character_is_there_and_moves() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("frames");
    let words = ["--headless", "--control", "off", "--size", "128", "--fps", "8", "--frames", "16"];
    // Another quality on the way would change pixels where nothing moves.
    let drawn = ["--quality", "fast", "--out", out.to_str().expect("UTF-8")];
    let done = bunraku(&[&words[..], &drawn].concat());
    assert_eq!(done.status, 0, "{}", done.stderr);
    let frames = pictures(&out);
    assert_eq!(frames.len(), 16);
    // The head is in the middle of the upper half, nothing is in the corner.
    assert_eq!((frames[0].get_pixel(64, 36).0[3], frames[0].get_pixel(0, 0).0[3]), (255, 0));
    let most = frames.iter().map(|frame| changed(frame, &frames[0])).max();
    assert!(most > Some(100), "{most:?} pixels moved in two seconds");
}

#[test]
fn a_machine_that_cannot_keep_the_rate_for_seconds_draws_the_lite_student_and_says_how_to_keep_the_other() {
    // No machine draws a thousand of these a second.
    let puppet = Puppet::start(&["--engine", "cpu", "--size", "768", "--fps", "1000"]);
    assert_eq!(puppet.status()["character"], "Kohaku");
    let status = until("the lite student is drawn", || {
        Some(puppet.status()).filter(|status| status["character"] == "Kohaku lite")
    });
    assert!(status["uptime_s"].as_f64() > Some(5.0), "a short load must not change the student: {status}");
    puppet.post("/api/quality", "{\"quality\": \"fast\"}");
    until("the student that was asked for is back", || (puppet.status()["character"] == "Kohaku").then_some(()));
}

#[test]
fn the_example_poses_are_drawn_without_naming_a_character() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().to_str().expect("UTF-8");
    let draw = ["--size", "128", "--quality", "fast", "--poses", POSES, "--out", out];
    for words in [&["render"][..], &["render", "--character", "bundled-lite"]] {
        let done = bunraku(&[words, &draw].concat());
        assert_eq!(done.status, 0, "{}", done.stderr);
        let frames = pictures(folder.path());
        assert_eq!(frames.len(), 80);
        // It looks aside, and comes back to where it began.
        let (aside, back) = (changed(&frames[22], &frames[0]), changed(&frames[79], &frames[0]));
        assert!(aside > 800 && back < aside / 3, "{aside} and {back} pixels differ");
    }
}
