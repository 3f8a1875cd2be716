//! The window from end to end, on a virtual display: its pixels, its keys, its shape.

use crate::harness::{Display, Puppet, Screenshot, Window, bunraku, pose, until};
use bunraku_core::{
    character::sample::tiny_character,
    color::{Backdrop, encode_over, encode_premultiplied, planes_from_rgba8},
    pose::{Parameter, Pose},
};
use bunraku_test_support::{Means, missing};
use std::{fs, path::PathBuf};
use tempfile::TempDir;

/// Edge of the picture in pixels.
const SIZE: usize = 128;

/// What is behind the character, as on the command line and as a pixel.
const MAGENTA: (&str, [u8; 3]) = ("#ff00ff", [255, 0, 255]);

/// The head's turn about y in the two recordings, in degrees, and the `head_y` that it becomes.
const TURNS: [(f64, f32); 2] = [(-4.0, 0.4), (8.0, -0.8)];

/// A folder with a tiny character, two recordings that hold still, and a configuration that adds nothing to them.
struct Fixture {
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let fixture = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        tiny_character(3).save(&fixture.path("figure")).expect("saved");
        for (index, (turn, _)) in TURNS.into_iter().enumerate() {
            let line =
                |time| format!(r#"{{"time": {time}, "tracked": true, "head": {{"rotation_deg": [0, {turn}, 0]}}}}"#);
            let lines = format!("{}\n{}\n", line(0.0), line(0.1));
            fs::write(fixture.path(&format!("{index}.jsonl")), lines).expect("written");
        }
        let performer = "performer: {smoothing: {enabled: false}, breaths_per_minute: 0, blink: {enabled: false}}";
        let switchboard = "switchboard: {frozen_after: .inf}";
        fs::write(fixture.path("bunraku.yaml"), format!("character: figure\n{performer}\n{switchboard}\n"))
            .expect("written");
        fixture
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("UTF-8").to_owned()
    }

    /// A puppet with a window on `display`, drawn by the processor, both recordings its sources.
    fn puppet(&self, display: &Display, background: &str) -> Puppet {
        self.puppet_on(display, "cpu", background)
    }

    /// The same, drawn by `engine`.
    fn puppet_on(&self, display: &Display, engine: &str, background: &str) -> Puppet {
        let config = self.text("bunraku.yaml");
        let sources = [0, 1].map(|index| format!("replay:file={},loop=true", self.text(&format!("{index}.jsonl"))));
        let size = SIZE.to_string();
        Puppet::start_on(
            display,
            &["--config", &config, "--source", &sources[0], "--source", &sources[1], "--engine", engine]
                .into_iter()
                .chain(["--quality", "full", "--size", &size, "--background", background])
                .collect::<Vec<_>>(),
        )
    }

    /// The pixels of `pose` that `bunraku render` writes: straight alpha.
    fn rendered(&self, pose: &Pose) -> Vec<u8> {
        let line = serde_json::json!({ "name": "one", "pose": pose });
        fs::write(self.path("poses.jsonl"), format!("{line}\n")).expect("written");
        let (character, poses, out) = (self.text("figure"), self.text("poses.jsonl"), self.text("out"));
        let size = SIZE.to_string();
        let words = ["render", "--character", &character, "--poses", &poses, "--out", &out, "--size", &size];
        let finished = bunraku(&[&words[..], &["--engine", "cpu"]].concat());
        assert_eq!(finished.status, 0, "{}", finished.stderr);
        image::open(self.path("out/one.png")).expect("a picture").into_rgba8().into_raw()
    }

    /// What the window must show of `pose` over magenta.
    fn over_magenta(&self, pose: &Pose) -> Vec<u8> {
        let mut shown = vec![0; 4 * SIZE * SIZE];
        encode_over(&planes_from_rgba8(&self.rendered(pose)), Backdrop::Colour(MAGENTA.1), &mut shown);
        shown
    }
}

/// Waits until the source `index` alone drives the puppet; the pose then.
fn settled(puppet: &Puppet, index: usize) -> Pose {
    until("the source drives the puppet", || {
        let status = puppet.status();
        let pose = pose(&status);
        let at_rest = (pose[Parameter::HeadY] - TURNS[index].1).abs() < 1e-6;
        (at_rest && status["sources"][index]["live"] == true).then_some(pose)
    })
}

/// The mean difference of the first `channels` of each pixel, in levels; none if the sizes differ.
fn difference(shown: &Screenshot, wanted: &[u8], channels: usize) -> Option<f64> {
    let pairs = shown.pixels.iter().zip(wanted.as_chunks::<4>().0);
    let sum: u64 = pairs.flat_map(|(a, b)| (0..channels).map(|i| u64::from(a[i].abs_diff(b[i])))).sum();
    (shown.width * shown.height * 4 == wanted.len()).then(|| sum as f64 / (SIZE * SIZE * channels) as f64)
}

/// Waits until the window shows `wanted`, all but for rounding.
fn until_shows(window: &Window<'_>, wanted: &[u8], channels: usize) {
    until("the window shows what render draws", || {
        difference(&window.capture(), wanted, channels).filter(|&difference| difference < 0.5)
    });
}

/// Left, top, right and bottom of what differs from the background.
fn bounds(width: usize, pixels: impl Iterator<Item = [u8; 3]>) -> [usize; 4] {
    let others = pixels.enumerate().filter(|(_, pixel)| *pixel != MAGENTA.1);
    others.fold([usize::MAX, usize::MAX, 0, 0], |[left, top, right, bottom], (index, _)| {
        let [x, y] = [index % width, index / width];
        [left.min(x), top.min(y), right.max(x), bottom.max(y)]
    })
}

#[test]
fn the_window_shows_what_render_draws_and_its_keys_steer_it() {
    let Some(display) = Display::start() else { return };
    let fixture = Fixture::new();
    let puppet = fixture.puppet(&display, MAGENTA.0);
    let window = display.window("Bunraku");
    let first = fixture.over_magenta(&settled(&puppet, 0));
    assert_eq!(window.title(), "Bunraku", "OBS finds the window by it");

    window.press("h");
    until_shows(&window, &first, 3);

    window.press("2");
    let second = fixture.over_magenta(&settled(&puppet, 1));
    assert_ne!(first, second, "the poses look different");
    until_shows(&window, &second, 3);

    window.press("h");
    until("the overlay is back", || difference(&window.capture(), &second, 3).filter(|&levels| levels > 2.0));
    window.press("h");

    // Enlarged, and in the middle: 300 x 200 leaves 50 pixels at each side of a square of 200.
    window.resize(300, 200);
    let rgb = |pixel: &[u8; 4]| [pixel[0], pixel[1], pixel[2]];
    let small = bounds(SIZE, second.as_chunks::<4>().0.iter().map(rgb));
    let scaled = |edge: usize| edge as f64 * 200.0 / SIZE as f64;
    until("the picture fills the window in its own shape", || {
        let shown = window.capture();
        let [left, top, right, bottom] = bounds(300, shown.pixels.iter().map(rgb));
        let wanted = [50.0 + scaled(small[0]), scaled(small[1]), 50.0 + scaled(small[2]), scaled(small[3])];
        let near = |(edge, wanted): (usize, f64)| (edge as f64 - wanted).abs() < 4.0;
        (shown.width == 300 && [left, top, right, bottom].into_iter().zip(wanted).all(near)).then_some(())
    });

    window.press("ctrl+q");
    let (status, log) = puppet.finish();
    assert!(status.success(), "{log}");
}

#[test]
fn a_gpu_frame_reaches_the_window_without_being_read_back() {
    let Some(display) = Display::start() else { return };
    let fixture = Fixture::new();
    let probe = bunraku(&["bench", "--engine", "gpu", "--size", "128", "--frames", "1", "--json"]);
    if probe.status != 0 {
        return missing(Means::Gpu, probe.stderr).unwrap_or_default();
    }
    let puppet = fixture.puppet_on(&display, "gpu", MAGENTA.0);
    let window = display.window("Bunraku");
    let wanted = fixture.over_magenta(&settled(&puppet, 0));
    window.press("h");
    until_shows(&window, &wanted, 3);
    let status = puppet.status();
    assert_eq!((&status["engine"]["engine"], &status["readbacks"]), (&"gpu".into(), &0.into()), "{status}");
}

#[test]
fn a_transparent_window_lets_the_desktop_through() {
    let Some(display) = Display::start() else { return };
    let fixture = Fixture::new();
    let puppet = fixture.puppet(&display, "transparent");
    let window = display.window("Bunraku");
    let mut wanted = vec![0; 4 * SIZE * SIZE];
    encode_premultiplied(&planes_from_rgba8(&fixture.rendered(&settled(&puppet, 0))), &mut wanted);
    window.press("h");
    if window.capture().depth == 32 {
        assert!(wanted.as_chunks::<4>().0.iter().any(|pixel| pixel[3] < 192), "the picture lets something through");
        until_shows(&window, &wanted, 4);
    } else {
        missing::<()>(Means::Other, "this display's driver draws on opaque windows only");
    }
}

#[test]
fn nothing_is_drawn_for_an_unmapped_window_and_the_puppet_comes_back_with_it() {
    let Some(display) = Display::start() else { return };
    let fixture = Fixture::new();
    // One turns the head without end; the other holds still, so that what is seen at last is known.
    let lines = (0..200).map(|index| {
        let angle = 8.0 * (f64::from(index) * std::f64::consts::PI / 25.0).sin();
        let time = f64::from(index) * 0.02;
        format!(r#"{{"time": {time}, "tracked": true, "head": {{"rotation_deg": [0, {angle}, 0]}}}}"#)
    });
    fs::write(fixture.path("0.jsonl"), lines.collect::<Vec<_>>().join("\n")).expect("written");
    let puppet = fixture.puppet(&display, MAGENTA.0);
    let window = display.window("Bunraku");
    let count = |what: &str| puppet.status()[what].as_u64().expect("a count");
    // Waits for as many steps; how many frames were drawn in them.
    let frames_in = |steps: u64| {
        let [step, frame] = ["steps", "frames"].map(count);
        until("the puppet goes on", || (count("steps") >= step + steps).then_some(()));
        count("frames") - frame
    };
    let until_hidden = || until("nothing is drawn any more", || (frames_in(10) == 0).then_some(()));
    until("the puppet moves", || (count("frames") > 10).then_some(()));

    for _ in 0..2 {
        window.unmap();
        until_hidden();
        assert_eq!(frames_in(60), 0, "frames for a window that is not there");
        window.map();
        until("the puppet moves again", || (frames_in(10) >= 5).then_some(()));
    }

    window.unmap();
    until_hidden();
    let (code, answer) = puppet.post("/api/source", r#"{"index": 1}"#);
    assert_eq!(code, 200, "{answer}");
    let pose = settled(&puppet, 1);
    window.map();
    window.press("h");
    until_shows(&window, &fixture.over_magenta(&pose), 3);
}
