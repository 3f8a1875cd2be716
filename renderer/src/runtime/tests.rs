//! The puppet step by step, on a clock of the test's own.

use super::*;
use crate::{config::Config, outputs::Output};
use bunraku_core::{
    character::sample::tiny_character,
    mixer::MixerInput,
    pose::Parameter,
    sample::{Blendshape, FaceSample},
    source::{SampleSender, slot},
};
use bunraku_engine::{
    Character, CpuFrame, EngineChoice, Frame,
    native::{self, OpenOptions},
};
use std::sync::{Arc, Mutex};

/// What an output was given: the frame's first values, and whether it was fresh.
type Seen = Arc<Mutex<Vec<(usize, bool)>>>;

/// An output that notes what it is given.
struct Watcher {
    seen: Seen,
    refused: Option<Background>,
    background: Arc<Mutex<Background>>,
}

impl Output for Watcher {
    fn present(&mut self, frame: &Arc<CpuFrame>, fresh: bool) {
        self.seen.lock().expect("no panic").push((frame.size, fresh));
    }

    fn set_background(&mut self, background: &Background) -> Result<(), String> {
        if self.refused.as_ref() == Some(background) {
            return Err("not that one".to_owned());
        }
        *self.background.lock().expect("no panic") = background.clone();
        Ok(())
    }
}

struct Rig {
    puppet: Puppet,
    handle: PuppetHandle,
    sender: SampleSender,
    seen: Seen,
    background: Arc<Mutex<Background>>,
    now: f64,
}

fn setup() -> Setup {
    let open = Box::new(|choice, who: &Character, view| {
        native::open(who, &OpenOptions { threads: 1, ..OpenOptions::new(choice, view) })
    });
    let mut setup = Setup::new(tiny_character(1).into(), open);
    setup.config = Config {
        engine: Some(EngineChoice::Cpu),
        quality: Some(QualityChoice::Full),
        size: crate::settings::Size::new(128).ok(),
        ..Config::default()
    };
    // No breath and no blink: the pose is the source's alone.
    setup.config.performer.breaths_per_minute = 0.0;
    setup.config.performer.blink.enabled = false;
    setup
}

impl Rig {
    fn new() -> Self {
        let (seen, background) = (Seen::default(), Arc::default());
        let refused = Some(Background::Colour([9, 9, 9]));
        let watcher = |refused| Watcher { seen: Arc::clone(&seen), refused, background: Arc::clone(&background) };
        let outputs: Vec<Box<dyn Output>> = vec![Box::new(watcher(None)), Box::new(watcher(refused))];
        Self::build(Setup { outputs, ..setup() }, seen, background)
    }

    fn build(setup: Setup, seen: Seen, background: Arc<Mutex<Background>>) -> Self {
        let (mut puppet, handle) = Puppet::new(setup).expect("a puppet");
        let (sender, receiver) = slot(Arc::new(|| {}));
        puppet.add_input(MixerInput::new("phone", receiver, bunraku_capture::ifacialmocap::PROFILE));
        Self { puppet, handle, sender, seen, background, now: 0.0 }
    }

    /// A step a sixtieth of a second later, with a face whose mouth is so far open.
    fn step(&mut self, jaw: f64) {
        let mut face = FaceSample::seen_at(self.now);
        face[Blendshape::JawOpen] = jaw;
        face[Blendshape::MouthLowerDownLeft] = jaw;
        self.sender.publish(face);
        self.now += 1.0 / 60.0;
        self.puppet.step(self.now).expect("a step");
    }

    fn request(&mut self, command: Command) -> Outcome {
        let mut outcome = self.handle.request(command).expect("room for a command");
        self.step(0.0);
        outcome.try_recv().expect("answered at once")
    }

    fn frame(&self) -> Arc<CpuFrame> {
        match self.handle.frame() {
            Some(Frame::Cpu(frame)) => frame,
            other => panic!("no frame in CPU memory: {other:?}"),
        }
    }

    fn fresh(&self) -> usize {
        self.seen.lock().expect("no panic").iter().filter(|(_, fresh)| *fresh).count()
    }
}

#[test]
fn a_face_moves_the_puppet_and_a_resting_one_costs_nothing() {
    let mut rig = Rig::new();
    for _ in 0..120 {
        rig.step(0.0);
    }
    let (closed, drawn) = (rig.frame(), rig.fresh());
    for _ in 0..60 {
        rig.step(0.0);
    }
    assert_eq!(rig.fresh(), drawn, "the pose rested but frames were drawn");
    for _ in 0..60 {
        rig.step(1.0);
    }
    assert!(rig.puppet.pose()[Parameter::MouthAaa] > 0.3);
    assert_ne!(rig.frame(), closed);
    assert!(rig.fresh() > drawn);
}

#[test]
fn a_puppet_that_nobody_watches_draws_nothing() {
    let mut rig = Rig::build(setup(), Seen::default(), Arc::default());
    let subscription = rig.handle.subscribe(Arc::new(|| {}));
    subscription.set_watching(false);
    for step in 0..60 {
        rig.step(f64::from(step) / 60.0);
    }
    assert!(rig.handle.frame().is_none());
    assert!(rig.puppet.pose()[Parameter::MouthAaa] > 0.1);
    subscription.set_watching(true);
    rig.step(1.0);
    assert!(rig.handle.frame().is_some());
}

#[test]
fn commands_are_done_at_the_next_step_and_refusals_say_why() {
    let mut rig = Rig::new();
    assert_eq!(rig.request(Command::SetSize(256)), Ok(()));
    assert_eq!(rig.frame().size, 256);
    assert!(rig.request(Command::SetSize(64)).is_err_and(|why| why.contains("128")));
    assert!(rig.request(Command::ChooseSource(SourceChoice::Index(9))).is_err_and(|why| why.contains("only")));
    assert!(
        rig.request(Command::ChooseSource(SourceChoice::Name("phon".to_owned())))
            .is_err_and(|why| why.contains("`phone`"))
    );
    let spec = |text: &str| Command::ChooseSource(SourceChoice::Spec(text.parse().expect("a spec")));
    assert!(rig.request(spec("ifacialmokap")).is_err_and(|why| why.contains("ifacialmocap")));
    assert_eq!(rig.request(spec("idle")), Ok(()));
    assert_eq!(rig.request(Command::ChooseSource(SourceChoice::Name("phone".to_owned()))), Ok(()));
    assert_eq!(rig.request(Command::SetQuality(QualityChoice::Fast)), Ok(()));
    assert_eq!(rig.puppet.status().quality, "fast");
    assert_eq!(rig.request(Command::Quit), Ok(()));
    assert!(rig.puppet.ended);
}

#[test]
fn a_background_one_output_refuses_is_taken_by_none() {
    let mut rig = Rig::new();
    assert_eq!(rig.request(Command::SetBackground(Background::Colour([1, 2, 3]))), Ok(()));
    assert!(rig.request(Command::SetBackground(Background::Colour([9, 9, 9]))).is_err());
    assert_eq!(*rig.background.lock().expect("no panic"), Background::Colour([1, 2, 3]));
    assert_eq!(rig.puppet.status().background, "#010203");
}

#[test]
fn a_character_that_cannot_be_loaded_changes_nothing() {
    let mut rig = Rig::new();
    let mut load = |path: std::path::PathBuf| {
        let mut outcome = rig.handle.request(Command::LoadCharacter(path.into())).expect("room for a command");
        let deadline = Instant::now() + std::time::Duration::from_mins(1);
        loop {
            rig.step(0.0);
            if let Ok(outcome) = outcome.try_recv() {
                return (outcome, rig.puppet.status().character);
            }
            assert!(Instant::now() < deadline, "the character is never ready");
            std::thread::yield_now();
        }
    };
    let (outcome, name) = load("/nowhere".into());
    assert!(outcome.is_err_and(|why| why.contains("/nowhere")) && name == "sample-1");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("other");
    tiny_character(2).save(&path).expect("saved");
    assert_eq!(load(path), (Ok(()), "other".to_owned()));
}

#[test]
fn a_puppet_on_its_own_thread_ends_after_its_frames() {
    let mut short = Setup { frames: Some(5), ..setup() };
    short.config.fps = Some(1000);
    let running = Puppet::spawn(short, CancellationToken::new()).expect("a puppet");
    let handle = running.handle().clone();
    running.join().expect("it ends by itself");
    assert!(handle.latest_status().steps <= 5 && handle.has_ended());
    let mut unknown = setup();
    unknown.config.sources = vec!["ifacialmokap".parse().expect("a spec")];
    let error = Puppet::spawn(unknown, CancellationToken::new()).err().expect("no such source");
    assert!(error.to_string().contains("ifacialmocap"), "{error}");
}

#[test]
fn sources_asked_for_again_and_again_do_not_pile_up() {
    let mut rig = Rig::new();
    let before = rig.puppet.sources.status().len();
    let ask = |rig: &mut Rig, text: &str| {
        rig.request(Command::ChooseSource(SourceChoice::Spec(text.parse().expect("a spec"))))
    };
    for _ in 0..50 {
        assert_eq!(ask(&mut rig, "mouse:rate=30"), Ok(()));
    }
    assert_eq!(rig.puppet.sources.status().len(), before + 1);
    for rate in 31..131 {
        assert_eq!(ask(&mut rig, &format!("mouse:rate={rate}")), Ok(()));
    }
    let sources = rig.puppet.sources.status();
    assert!(sources.len() <= 32 && sources.iter().any(|source| source.kind == "idle"));
    assert!(sources.iter().any(|source| source.chosen && source.kind == "mouse"));
    assert!(sources.iter().any(|source| source.name == "phone"));
}

#[test]
fn a_background_that_cannot_be_shown_is_refused_even_where_nothing_shows_it() {
    let mut setup = setup();
    setup.config.background = Some(Background::Picture("no-such-picture.png".into()));
    let error = Puppet::new(setup).err().expect("refused");
    assert!(error.to_string().contains("no-such-picture.png"), "{error}");
}

#[test]
fn the_status_is_there_before_the_first_step() {
    let (_puppet, handle) = Puppet::new(setup()).expect("a puppet");
    assert_eq!(handle.latest_status().character, "sample-1");
}
