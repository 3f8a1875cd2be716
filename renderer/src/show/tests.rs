//! The show step by step, on a clock of the test's own.

use super::*;
use bunraku_core::{
    character::sample::tiny_character,
    pose::Parameter,
    profile::PoseMapper,
    sample::{Blendshape, FaceSample},
    source::{SampleSender, slot},
};
use bunraku_engine::{
    CpuFrame,
    native::{self, OpenOptions},
};
use std::sync::{Arc, Mutex};

/// What an output was given: the frame's first values, and whether it was fresh.
type Seen = Arc<Mutex<Vec<(usize, bool)>>>;

struct Watcher {
    seen: Seen,
    watched: bool,
    refused: Option<Background>,
    background: Arc<Mutex<Background>>,
}

impl Output for Watcher {
    fn present(&mut self, frame: &CpuFrame, fresh: bool) {
        self.seen.lock().expect("no panic").push((frame.size, fresh));
    }

    fn is_watched(&self) -> bool {
        self.watched
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
    show: Show,
    backstage: Backstage,
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
    setup.engine = EngineChoice::Cpu;
    setup.quality = QualityChoice::Full;
    setup.size = 128;
    // No breath and no blink: the pose is the source's alone.
    setup.source_settings.performer.breaths_per_minute = 0.0;
    setup.source_settings.performer.blink.enabled = false;
    setup
}

impl Rig {
    fn new(setup: Setup, watched: bool) -> Self {
        let (seen, background) = (Seen::default(), Arc::default());
        let refused = Some(Background::Picture("refused".into()));
        let watcher =
            |refused| Watcher { seen: Arc::clone(&seen), watched, refused, background: Arc::clone(&background) };
        let outputs: Vec<Box<dyn Output>> = vec![Box::new(watcher(None)), Box::new(watcher(refused))];
        let (mut show, backstage) = Show::new(setup, outputs).expect("a show");
        let (sender, receiver) = slot(Arc::new(|| {}));
        show.add_slot(Slot::new("phone", receiver, PoseMapper::default()));
        Self { show, backstage, sender, seen, background, now: 0.0 }
    }

    /// A step a sixtieth of a second later, with a face whose mouth is so far open.
    fn step(&mut self, jaw: f64) {
        let mut face = FaceSample::seen_at(self.now);
        face[Blendshape::JawOpen] = jaw;
        face[Blendshape::MouthLowerDownLeft] = jaw;
        self.sender.publish(face);
        self.now += 1.0 / 60.0;
        self.show.step(self.now).expect("a step");
    }

    fn order(&mut self, order: Order) -> Outcome {
        let mut outcome = self.backstage.orders.ask(order).expect("room for an order");
        self.step(0.0);
        outcome.try_recv().expect("answered at once")
    }

    fn fresh(&self) -> usize {
        self.seen.lock().expect("no panic").iter().filter(|(_, fresh)| *fresh).count()
    }
}

#[test]
fn a_face_moves_the_puppet_and_a_resting_one_costs_nothing() {
    let mut rig = Rig::new(setup(), true);
    for _ in 0..120 {
        rig.step(0.0);
    }
    let (closed, drawn) = (rig.show.frame().clone(), rig.fresh());
    for _ in 0..60 {
        rig.step(0.0);
    }
    assert_eq!(rig.fresh(), drawn, "the pose rested but frames were drawn");
    for _ in 0..60 {
        rig.step(1.0);
    }
    assert!(rig.show.pose()[Parameter::MouthAaa] > 0.3);
    assert_ne!(*rig.show.frame(), closed);
    assert!(rig.fresh() > drawn);
}

#[test]
fn a_show_that_nobody_watches_draws_nothing() {
    let mut rig = Rig::new(setup(), false);
    for step in 0..60 {
        rig.step(f64::from(step) / 60.0);
    }
    assert_eq!((rig.fresh(), rig.show.frame().size), (0, 0));
    assert!(rig.show.pose()[Parameter::MouthAaa] > 0.1);
}

#[test]
fn orders_are_done_at_the_next_step_and_refusals_say_why() {
    let mut rig = Rig::new(setup(), true);
    assert_eq!(rig.order(Order::SetSize(256)), Ok(()));
    assert_eq!(rig.show.frame().size, 256);
    assert!(rig.order(Order::SetSize(64)).is_err_and(|why| why.contains("128")));
    assert!(rig.order(Order::ChooseSource(Choice::Index(9))).is_err_and(|why| why.contains("only")));
    assert!(rig.order(Order::ChooseSource(Choice::Name("phon".to_owned()))).is_err_and(|why| why.contains("`phone`")));
    let spec = |text: &str| Order::ChooseSource(Choice::Spec(text.parse().expect("a spec")));
    assert!(rig.order(spec("ifacialmokap")).is_err_and(|why| why.contains("ifacialmocap")));
    assert_eq!(rig.order(spec("idle")), Ok(()));
    assert_eq!(rig.order(Order::ChooseSource(Choice::Name("phone".to_owned()))), Ok(()));
    assert_eq!(rig.order(Order::SetQuality(QualityChoice::Fast)), Ok(()));
    assert_eq!(rig.show.status().quality, "fast");
    assert_eq!(rig.order(Order::Quit), Ok(()));
    assert!(rig.show.ended);
}

#[test]
fn a_background_one_output_refuses_is_taken_by_none() {
    let mut rig = Rig::new(setup(), true);
    assert_eq!(rig.order(Order::SetBackground(Background::Colour([1, 2, 3]))), Ok(()));
    assert!(rig.order(Order::SetBackground(Background::Picture("refused".into()))).is_err());
    assert_eq!(*rig.background.lock().expect("no panic"), Background::Colour([1, 2, 3]));
    assert_eq!(rig.show.status().background, "#010203");
}

#[test]
fn a_character_that_cannot_be_loaded_leaves_the_old_one_on_stage() {
    let mut rig = Rig::new(setup(), true);
    let mut load = |path: std::path::PathBuf| {
        let order = Order::LoadCharacter(path.into());
        let mut outcome = rig.backstage.orders.ask(order).expect("room for an order");
        let deadline = Instant::now() + std::time::Duration::from_mins(1);
        loop {
            rig.step(0.0);
            if let Ok(outcome) = outcome.try_recv() {
                return (outcome, rig.show.status().character);
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
fn a_show_on_its_own_thread_ends_after_its_frames() {
    let make = || Setup { frames: Some(5), fps: Some(1000.0), ..setup() };
    let running = spawn(make, vec![], CancellationToken::new()).expect("a show");
    let board = running.backstage().board.clone();
    running.finish().expect("it ends by itself");
    assert!(board.glance().steps <= 5);
    let unknown = || Setup { sources: vec!["ifacialmokap".parse().expect("a spec")], ..setup() };
    let error = spawn(unknown, vec![], CancellationToken::new()).err().expect("no such source");
    assert!(error.to_string().contains("ifacialmocap"), "{error}");
}

#[test]
fn sources_asked_for_again_and_again_do_not_pile_up() {
    let mut rig = Rig::new(setup(), true);
    let before = rig.show.sources.status().len();
    let ask = |rig: &mut Rig, text: &str| rig.order(Order::ChooseSource(Choice::Spec(text.parse().expect("a spec"))));
    for _ in 0..50 {
        assert_eq!(ask(&mut rig, "mouse:rate=30"), Ok(()));
    }
    assert_eq!(rig.show.sources.status().len(), before + 1);
    for rate in 31..131 {
        assert_eq!(ask(&mut rig, &format!("mouse:rate={rate}")), Ok(()));
    }
    let sources = rig.show.sources.status();
    assert!(sources.len() <= 32 && sources.iter().any(|source| source.kind == "idle"));
    assert!(sources.iter().any(|source| source.chosen && source.kind == "mouse"));
    assert!(sources.iter().any(|source| source.name == "phone"));
}

#[test]
fn a_background_that_cannot_be_shown_is_refused_though_nothing_shows_it() {
    let background = Background::Picture("no-such-picture.png".into());
    let error = Show::new(Setup { background, ..setup() }, vec![]).err().expect("refused");
    assert!(error.to_string().contains("no-such-picture.png"), "{error}");
}

#[test]
fn the_status_is_there_before_the_first_step() {
    let (_show, backstage) = Show::new(setup(), vec![]).expect("a show");
    assert_eq!(backstage.board.glance().character, "sample-1");
}
