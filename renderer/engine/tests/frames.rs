//! Frames in GPU memory: what stays there, and what comes back.

use bunraku_core::character::sample::tiny_character;
use bunraku_engine::{
    Avatar, Character, EngineChoice, Frame, FramePool, Quality, View,
    gpu::{GpuContext, GpuFrame, Readback},
    measure::pose,
    native::{self, OpenOptions, Reader},
};
use bunraku_test_support::{Means, missing};

/// A student on a device of its own.
fn open() -> Option<(GpuContext, Box<dyn Avatar>)> {
    let context = native::gpu_context(true).map_or_else(|error| missing(Means::Gpu, error), Some)?;
    let view = View::new(128, Quality::Full);
    let options = OpenOptions { gpu: Some(context.clone()), ..OpenOptions::new(EngineChoice::Gpu, view) };
    let avatar = native::open(&Character::from(tiny_character(1)), &options).expect("room for a tiny student");
    Some((context, avatar))
}

fn draw(avatar: &mut dyn Avatar, index: usize) -> GpuFrame {
    avatar.set_pose(&pose(index));
    let Ok(Frame::Gpu(frame)) = avatar.draw(&mut FramePool::default()) else { panic!("the GPU draws") };
    frame
}

/// The next frame that arrives.
fn arrived(readback: &mut Readback, context: &GpuContext, pool: &mut FramePool) -> Vec<f32> {
    loop {
        // Only to give the driver time; `poll` itself does not wait.
        let _ = context.device.poll(wgpu::PollType::wait_indefinitely());
        if let Some(frame) = readback.poll(pool).expect("the device works") {
            return frame.planes.clone();
        }
    }
}

#[test]
fn a_frame_that_stays_on_the_gpu_maps_no_buffer() {
    let Some((context, mut avatar)) = open() else { return };
    let mut last = None;
    for index in 0..5 {
        let frame = draw(&mut *avatar, index);
        native::finish(&Frame::Gpu(frame.clone())).expect("drawn");
        last = Some(frame);
    }
    assert_eq!(context.maps(), 0);
    let frame = last.expect("five frames");
    assert_eq!((frame.texture.width(), frame.size()), (128, 128));
    Reader::default().read(&Frame::Gpu(frame)).expect("read");
    assert_eq!(context.maps(), 1, "reading maps one");
}

#[test]
fn frames_are_read_back_in_order_and_exactly() {
    let Some((context, mut avatar)) = open() else { return };
    let (mut reader, mut pool, mut readback) = (Reader::default(), FramePool::default(), Readback::default());
    let expected = [0, 1, 2].map(|index| {
        let frame = draw(&mut *avatar, index);
        reader.read(&Frame::Gpu(frame)).expect("read").planes.clone()
    });
    assert_ne!(expected[0], expected[1]);
    for index in [0, 1] {
        assert!(readback.start(&draw(&mut *avatar, index)).expect("the device works"));
    }
    assert!(!readback.start(&draw(&mut *avatar, 2)).expect("the device works"), "two are on their way");
    assert_eq!(readback.pending(), 2);
    assert_eq!(arrived(&mut readback, &context, &mut pool), expected[0]);
    assert!(readback.start(&draw(&mut *avatar, 2)).expect("the device works"));
    assert_eq!(arrived(&mut readback, &context, &mut pool), expected[1]);
    assert_eq!(arrived(&mut readback, &context, &mut pool), expected[2]);
    assert!(readback.poll(&mut pool).expect("the device works").is_none());
}

#[test]
fn a_change_of_size_keeps_the_frames_on_their_way() {
    let Some((context, mut avatar)) = open() else { return };
    let (mut pool, mut readback) = (FramePool::default(), Readback::default());
    readback.start(&draw(&mut *avatar, 0)).expect("the device works");
    avatar.set_view(View::new(200, Quality::Full)).expect("room");
    readback.start(&draw(&mut *avatar, 1)).expect("the device works");
    let sizes = [0, 1].map(|_| arrived(&mut readback, &context, &mut pool).len() / 4);
    assert_eq!(sizes, [128 * 128, 200 * 200]);
}

#[test]
fn frames_on_a_lost_device_are_an_error_and_the_readback_goes_on_with_the_next() {
    let Some((context, mut avatar)) = open() else { return };
    let (mut pool, mut readback) = (FramePool::default(), Readback::default());
    readback.start(&draw(&mut *avatar, 0)).expect("the device works");
    context.device.destroy();
    while let Ok(None) = readback.poll(&mut pool) {
        std::hint::spin_loop();
    }
    assert_eq!(readback.pending(), 0);
    let Some((context, mut avatar)) = open() else { return };
    assert!(readback.start(&draw(&mut *avatar, 0)).expect("another device"));
    assert_eq!(arrived(&mut readback, &context, &mut pool).len(), 4 * 128 * 128);
}
