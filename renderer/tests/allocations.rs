//! A steady show allocates nothing, on any of its threads: source, switchboard, performer, engine, output.

use bunraku::{
    settings::{Background, EngineChoice, QualityChoice},
    show::{Setup, Show},
    stage::{Output, Picture},
};
use bunraku_core::{
    character::sample::tiny_character,
    profile::PoseMapper,
    sample::{Blendshape, FaceSample},
    source::{SampleSender, slot},
    switchboard::Slot,
};
use bunraku_engine::{
    CpuFrame,
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

/// What the window gets: the newest picture in a slot.
struct Latest(triple_buffer::Input<Picture>);

impl Output for Latest {
    fn present(&mut self, frame: &CpuFrame, fresh: bool) {
        assert!(fresh, "every step of this test draws");
        self.0.input_buffer_mut().take(frame);
        self.0.publish();
    }

    fn set_background(&mut self, _: &Background) -> Result<(), String> {
        Ok(())
    }
}

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
fn a_steady_show_allocates_nothing_on_any_thread() {
    let (pictures, mut newest) = triple_buffer::triple_buffer(&Picture::default());
    let open = |choice, who: &_, view| native::open(who, &OpenOptions { threads: 2, ..OpenOptions::new(choice, view) });
    let setup = Setup {
        engine: EngineChoice::Cpu,
        quality: QualityChoice::Auto,
        fps: Some(1.0), // so slow that no busy machine makes `auto` change the quality, which would not be steady
        size: 256,
        ..Setup::new(tiny_character(1).into(), Box::new(open))
    };
    let (mut show, _backstage) = Show::new(setup, vec![Box::new(Latest(pictures))]).expect("a show");
    let (mut sender, receiver) = slot(Arc::new(|| {}));
    show.add_slot(Slot::new("phone", receiver, PoseMapper::default()));
    let mut play = |frames: std::ops::Range<u32>| {
        for frame in frames {
            publish(&mut sender, frame);
            show.step(f64::from(frame) / 60.0).expect("a step");
            newest.update();
        }
    };
    play(0..100);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    play(100..200);
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0, "allocations in 100 steady frames");
    assert_eq!(newest.output_buffer().size, 256);
}
