//! A steady puppet allocates nothing, on any of its threads: source, mixer, performer, engine, handle.

use bunraku::{
    config::Config,
    runtime::{Puppet, Setup},
    settings::{EngineChoice, QualityChoice},
};
use bunraku_core::{
    character::sample::tiny_character,
    mixer::MixerInput,
    sample::{Blendshape, FaceSample},
    source::{SampleSender, slot},
};
use bunraku_engine::{
    Character,
    native::{self, OpenOptions},
};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The system's allocator, counted.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "a global allocator is an unsafe trait; every call goes to the system's own")]
// SAFETY: every method hands its arguments to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// A face a sixtieth of a second after the last one, in motion.
fn publish(sender: &mut SampleSender, frame: u32) {
    let phase = f64::from(frame) / 10.0;
    let mut face = FaceSample::default();
    (face.time, face.tracked) = (f64::from(frame) / 60.0, true);
    face[Blendshape::JawOpen] = 0.5 + 0.5 * phase.sin();
    face[Blendshape::EyeBlinkLeft] = 0.5 + 0.5 * phase.cos();
    face.head.rotation_deg = [10.0 * phase.sin(), 8.0 * phase.cos(), 5.0];
    sender.publish(face);
}

#[test]
fn a_steady_puppet_allocates_nothing_on_any_thread() {
    let open = |choice, who: &Character, view| {
        native::open(who, &OpenOptions { threads: 2, ..OpenOptions::new(choice, view) })
    };
    let config = Config {
        engine: Some(EngineChoice::Cpu),
        quality: Some(QualityChoice::Auto),
        fps: Some(1), // so slow that no busy machine makes `auto` change the quality, which would not be steady
        size: bunraku::settings::Size::new(256).ok(),
        ..Config::default()
    };
    let setup = Setup { config, ..Setup::new(tiny_character(1).into(), Box::new(open)) };
    let (mut puppet, handle) = Puppet::new(setup).expect("a puppet");
    let (mut sender, receiver) = slot(Arc::new(|| {}));
    puppet.add_input(MixerInput::new("phone", receiver, bunraku_capture::ifacialmocap::PROFILE));
    // A reader that holds on to the newest frame, as the window does.
    let subscription = handle.subscribe(Arc::new(|| {}));
    subscription.set_watching(true);
    let (mut seen, mut held) = (0, None);
    let mut play = |frames: std::ops::Range<u32>| {
        for frame in frames {
            publish(&mut sender, frame);
            puppet.step(f64::from(frame) / 60.0).expect("a step");
            held = handle.frame_after(&mut seen);
            assert!(held.is_some(), "every step of this test draws");
        }
    };
    play(0..100);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    play(100..200);
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0, "allocations in 100 steady frames");
    assert_eq!(held.map(|frame| frame.size()), Some(256));
}
