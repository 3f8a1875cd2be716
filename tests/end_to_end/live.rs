//! The main job from end to end: a phone's packets in, frames out, through the command.

use crate::harness::{Phone, Puppet, bunraku, pose, status, until};
use bunraku_core::{
    character::sample::tiny_character,
    pose::{Parameter, Pose},
    sample::FaceSample,
};
use std::{
    fmt::Write as _,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};
use tempfile::TempDir;

/// A folder with a tiny character, a recording, and a configuration in which the pose is the source's alone.
struct Fixture {
    folder: TempDir,
}

/// The head's turn about y in the recording, in degrees: a `head_y` of -0.8.
const RECORDED_TURN: f64 = 8.0;

/// Seconds of the recording.
const RECORDED: f64 = 4.0;

impl Fixture {
    fn new() -> Self {
        let fixture = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        tiny_character(3).save(&fixture.path("character")).expect("saved");
        let performer = "performer: {smoothing: {enabled: false}, breaths_per_minute: 0, blink: {enabled: false}}";
        // The phone here repeats itself to the bit, which on a slow machine lasts long enough to look frozen; and a
        // machine with more to do than it can may keep it waiting.
        let switchboard = "switchboard: {frozen_after: .inf, stale_after: 3}";
        fs::write(fixture.path("bunraku.yaml"), format!("character: character\n{performer}\n{switchboard}\n"))
            .expect("written");
        fs::write(fixture.path("recording.jsonl"), recording()).expect("written");
        fixture
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("UTF-8").to_owned()
    }

    /// A puppet that listens to `phone`, and writes its frames to `frames`.
    fn puppet(&self, phone: &Phone) -> Puppet {
        let source = format!("ifacialmocap:host={},port=0", phone.address());
        let (config, out) = (self.text("bunraku.yaml"), self.text("frames"));
        Puppet::start(&[
            "--config",
            &config,
            "--source",
            &source,
            "--out",
            &out,
            "--engine",
            "cpu",
            "--quality",
            "full",
            "--size",
            "128",
            "--fps",
            "60",
        ])
    }
}

fn recording() -> String {
    let mut lines = String::new();
    for frame in 0..(60.0 * RECORDED) as u32 {
        let mut face = FaceSample::default();
        (face.time, face.tracked) = (f64::from(frame) / 60.0, true);
        face.head.rotation_deg = [0.0, RECORDED_TURN, 0.0];
        writeln!(lines, "{}", serde_json::to_string(&face.to_update()).expect("a sample")).expect("a string");
    }
    lines
}

/// A packet of a phone whose owner has turned the head about y, with the mouth open.
fn packet(turn: f64) -> String {
    format!("jawOpen&60|mouthLowerDown_L&60|mouthLowerDown_R&60|=head#0,{turn},0,0,0,0|leftEye#0,0,0|rightEye#0,0,0|")
}

fn turned(to: f32) -> impl Fn(&Pose) -> bool {
    move |pose| (pose[Parameter::HeadY] - to).abs() < 1e-6
}

/// The frames written so far.
fn frames(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, |files| files.filter_map(Result::ok).filter(|file| is_frame(&file.path())).count())
}

fn is_frame(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "png")
}

/// Reads every status it can get, to look at the poses' speed.
struct Observer {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<(f64, Pose)>>,
}

impl Observer {
    fn of(control: SocketAddr) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut seen = vec![];
            while !stop.load(Ordering::Relaxed) {
                let status = status(control);
                seen.push((status["uptime_s"].as_f64().expect("seconds"), pose(&status)));
            }
            seen
        });
        Self { over, thread }
    }

    fn finish(self) -> Vec<(f64, Pose)> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().expect("the puppet answered all along")
    }
}

#[test]
fn the_puppet_follows_the_phone_is_switched_and_falls_back() {
    let fixture = Fixture::new();
    let phone = Phone::start(&packet(-5.0));
    let puppet = fixture.puppet(&phone);
    let observer = Observer::of(puppet.control());

    puppet.until_live("ifacialmocap");
    let followed = puppet.until_pose("the head turns as the phone says", turned(0.5));
    assert!(followed[Parameter::MouthAaa] > 0.5, "the mouth is open: {followed:?}");
    assert_newest_frame_shows(&fixture, &followed);

    let spec = format!("replay:file={},loop=false", fixture.text("recording.jsonl"));
    assert_eq!(puppet.post("/api/source", &format!("{{\"spec\": {spec:?}}}")).0, 200);
    puppet.until_live("replay");
    puppet.until_pose("the recording's turn", turned(-0.8));
    assert_eq!(puppet.post("/api/source", r#"{"name": "ifacialmocap"}"#).0, 200);
    puppet.until_pose("the phone's turn again", turned(0.5));

    until("the recording is over", || {
        let status = puppet.status();
        let replay = status["sources"].as_array()?.iter().find(|source| source["name"] == "replay")?.clone();
        replay["age_s"].as_f64().filter(|age| *age > 1.0)
    });
    let greetings = phone.greetings();
    phone.say(None);
    puppet.until_live("idle");
    until("the phone is greeted again", || (phone.greetings() > greetings).then_some(()));
    phone.say(Some(&packet(3.0)));
    puppet.until_live("ifacialmocap");
    puppet.until_pose("the phone's new turn", turned(-0.3));
    assert_no_jump(&observer.finish());
}

/// What `render` makes of a pose is what the show has written for it.
fn assert_newest_frame_shows(fixture: &Fixture, shown: &Pose) {
    let line = serde_json::json!({ "name": "expected", "pose": shown });
    fs::write(fixture.path("poses.jsonl"), format!("{line}\n")).expect("written");
    let (character, poses, out) = (fixture.text("character"), fixture.text("poses.jsonl"), fixture.text("rendered"));
    let rendered = bunraku(&[
        "render",
        "--character",
        &character,
        "--poses",
        &poses,
        "--out",
        &out,
        "--engine",
        "cpu",
        "--size",
        "128",
    ]);
    assert_eq!(rendered.status, 0, "{}", rendered.stderr);
    let expected = image::open(fixture.path("rendered/expected.png")).expect("rendered").into_rgba8();
    let folder = fixture.path("frames");
    let before = frames(&folder);
    let newest = until("more frames are written", || {
        let count = frames(&folder);
        (count > before + 1).then(|| folder.join(format!("{:06}.png", count - 1)))
    });
    let frame = image::open(&newest).expect("frames are whole").into_rgba8();
    assert!(frame == expected, "{} is not the picture of {shown:?}", newest.display());
}

/// Between two looks at it, the head has turned no faster than a cross-fade may turn it.
fn assert_no_jump(seen: &[(f64, Pose)]) {
    // A fade takes 0.2 s and moves at most 1.5 times its mean speed; the values lie in [-1, 1].
    let fastest = 2.0 * 1.5 / 0.2;
    assert!(seen.len() > 100, "the poses were looked at {} times only", seen.len());
    for pair in seen.windows(2) {
        let [(then, before), (now, after)] = pair else { continue };
        let turned = f64::from((after[Parameter::HeadY] - before[Parameter::HeadY]).abs());
        assert!(turned <= fastest * (now - then) + 1e-3, "the head turned by {turned} from {then} to {now}");
    }
}

#[test]
fn a_storm_of_packets_neither_stalls_nor_misleads_the_puppet() {
    let fixture = Fixture::new();
    let phone = Phone::start(&packet(-5.0));
    let puppet = fixture.puppet(&phone);
    puppet.until_pose("the head turns as the phone says", turned(0.5));
    let steps = |status: &serde_json::Value| status["steps"].as_u64().expect("a count");
    let before = steps(&puppet.status());
    let mut state = 1_u64;
    for round in 0..100_000_u32 {
        // A linear congruential generator (Knuth's MMIX): noise of any length, and now and then half a packet.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let noise: Vec<u8> = (0..state >> 56).map(|byte| (state >> (byte % 57)) as u8).collect();
        let half = &packet(9.0)[..30];
        phone.throw(if round % 10 == 0 { half.as_bytes() } else { &noise });
    }
    until("the puppet goes on", || (steps(&puppet.status()) > before + 10).then_some(()));
    phone.say(Some(&packet(7.0)));
    puppet.until_pose("the head follows again", turned(-0.7));
    let status = puppet.status();
    assert!(status["sources"][0]["skipped"].as_u64().is_some_and(|count| count > 0), "{status}");
}

#[test]
fn a_puppet_with_so_many_frames_writes_them_all_and_ends() {
    let fixture = Fixture::new();
    let (character, out) = (fixture.text("character"), fixture.text("frames"));
    let puppet = Puppet::start(&[
        "--character",
        &character,
        "--out",
        &out,
        "--frames",
        "12",
        "--size",
        "128",
        "--engine",
        "cpu",
        "--background",
        "#ff00ff",
    ]);
    let (status, log) = puppet.finish();
    assert!(status.success(), "{log}");
    assert_eq!(frames(&fixture.path("frames")), 12);
    let frame = image::open(fixture.path("frames/000011.png")).expect("the last one").into_rgba8();
    assert!(frame.pixels().all(|pixel| pixel.0[3] == 255), "a background leaves nothing transparent");
}

#[test]
fn a_puppet_whose_frames_have_nowhere_to_go_ends_with_an_error() {
    let fixture = Fixture::new();
    let (character, out) = (fixture.text("character"), fixture.text("frames"));
    let words = ["--character", &character, "--out", &out, "--size", "128", "--engine", "cpu"];
    let puppet = Puppet::start(&[&words[..], &["--frames", "1000", "--fps", "200"]].concat());
    until("frames are written", || (frames(&fixture.path("frames")) > 0).then_some(()));
    fs::rename(fixture.path("frames"), fixture.path("elsewhere")).expect("the folder is taken away");
    let (status, log) = puppet.finish();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("the puppet goes on") && log.contains("\nerror: ") && log.contains("\nhelp: "), "{log}");
}

#[test]
fn mistakes_are_explained_with_the_way_out() {
    let fixture = Fixture::new();
    fs::write(fixture.path("misspelt.yaml"), "charakter: character\n").expect("written");
    fs::write(fixture.path("short.jsonl"), format!("{{\"name\": \"a\", \"pose\": {:?}}}\n", [0; 44])).expect("written");
    let (character, misspelt) = (fixture.text("character"), fixture.text("misspelt.yaml"));
    fs::write(fixture.path("good.jsonl"), "{\"name\": \"a\", \"pose\": {}}\n").expect("written");
    fs::write(fixture.path("idel.yaml"), "character: character\nsources: [idel]\n").expect("written");
    fs::write(fixture.path("half.jsonl.part"), "").expect("written");
    let (good, idel, half, folder) =
        (fixture.text("good.jsonl"), fixture.text("idel.yaml"), fixture.text("half.jsonl"), fixture.text("character"));
    let inside_a_file = format!("{good}/deep");
    let (short, out, nobody) = (fixture.text("short.jsonl"), fixture.text("out"), fixture.text("nobody"));
    for (words, said) in [
        (&["run", "--headless", "--config", &misspelt][..], &["misspelt.yaml", "`charakter`", "`character`"][..]),
        (&["run", "--headless", "--character", &nobody], &["nobody"]),
        (&["run", "--headless", "--character", &character, "--source", "idel"], &["`idle`", "bunraku sources"]),
        (&["run", "--headless", "--character", &character, "--source", "replay:file=/nope"], &["/nope"]),
        (&["run", "--headless", "--character", &character, "--source", "ifacialmocap:port=x"], &["port"]),
        (&["run", "--headless", "--character", &character, "--source", "idle:rate=1e9"], &["samples a second"]),
        (&["run", "--headless", "--config", &idel], &["idel"]),
        (&["run", "--headless", "--config", &folder], &["regular file"]),
        (&["run", "--headless", "--character", &character, "--out", &inside_a_file], &["cannot create the folder"]),
        (&["render", "--character", &character, "--poses", &short, "--out", &out], &["short.jsonl", "44", "45"]),
        (
            &["render", "--character", &character, "--poses", &good, "--out", &inside_a_file],
            &["cannot create the folder"],
        ),
        (&["convert", "--profile", "mediapipe", "--settings", &folder], &["regular file"]),
        (&["record", "--source", "idle", "--out", &inside_a_file], &["good.jsonl"]),
        (&["record", "--source", "idle", "--out", &half], &["half.jsonl", "remove"]),
        (&["bench", "--beside", &nobody], &["nobody", "--beside"]),
    ] {
        let finished = bunraku(words);
        assert_eq!(finished.status, 1, "{words:?}: {}", finished.stderr);
        assert!(finished.stderr.starts_with("error: ") && finished.stderr.contains("\nhelp: "), "{}", finished.stderr);
        assert!(said.iter().all(|part| finished.stderr.contains(part)), "{words:?}: {}", finished.stderr);
    }
    assert_eq!(bunraku(&["run", "--no-such-flag"]).status, 2);
    assert_eq!(bunraku(&["run", "--headless", "--frames", "0"]).status, 2);
}
