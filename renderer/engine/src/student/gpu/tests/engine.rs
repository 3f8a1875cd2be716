//! The whole engine against the definition on a small student.

use super::{Random, assert_close, context};
use crate::{
    CpuFrame, EngineError, Frame, Quality, View,
    gpu::{GpuContext, GpuFrame},
    native::{self, Reader},
    student::{
        Grids, Plan,
        avatar::Engine as _,
        cpu::{CpuEngine, reference},
        gpu::GpuEngine,
    },
};
use bunraku_core::pose::Pose;
use std::sync::Arc;

fn engine(context: &GpuContext, random: &mut Random, size: usize, quality: Quality) -> GpuEngine {
    GpuEngine::new(context, &random.character(), View::new(size, quality)).unwrap()
}

fn drawn(engine: &mut GpuEngine, pose: &Pose) -> Arc<CpuFrame> {
    read(engine.render(pose).unwrap())
}

fn read(frame: GpuFrame) -> Arc<CpuFrame> {
    Reader::default().read(&Frame::Gpu(frame)).unwrap()
}

/// A device of its own, on the adapter of another.
fn another(context: &GpuContext) -> GpuContext {
    native::block_on(GpuContext::from_adapter(context.instance.clone(), context.adapter.clone())).unwrap()
}

#[test]
fn every_size_and_quality_matches_the_definition() {
    let Some(context) = context() else { return };
    let random = &mut Random(5);
    let character = random.character();
    let plan = Plan::new(&character);
    let mut engine = GpuEngine::new(context, &character, View::new(512, Quality::Full)).unwrap();
    for (size, quality) in [(128, Quality::Full), (200, Quality::High), (301, Quality::Fast)] {
        let (grids, pose) = (Grids::new(View::new(size, quality)), random.pose());
        engine.set_grids(grids).unwrap();
        let frame = drawn(&mut engine, &pose);
        let expected = reference::render(&plan, &character.image, &pose, grids);
        assert_eq!(frame.size, size);
        // The picture is noise: a sample that is off by a ten-thousandth of a pixel shows.
        let mean = assert_close(&frame.planes, &expected.planes, 5e-4);
        assert!(mean < 2e-5, "{size} {quality}: off by {mean} on average");
    }
}

#[test]
fn a_frame_is_seven_dispatches_at_any_size() {
    let Some(context) = context() else { return };
    let random = &mut Random(11);
    for (size, quality) in [(128, Quality::Fast), (2048, Quality::Full)] {
        assert_eq!(engine(context, random, size, quality).dispatches(), 7);
    }
}

#[test]
fn large_frames_match_the_cpu_engine() {
    let Some(context) = context() else { return };
    let random = &mut Random(8);
    let (character, pose, view) = (random.character(), random.pose(), View::new(2048, Quality::Full));
    let frame = drawn(&mut GpuEngine::new(context, &character, view).unwrap(), &pose);
    let mut expected = CpuFrame::default();
    CpuEngine::new(&character, view, 0).unwrap().render(&pose, &mut expected);
    assert_close(&frame.planes, &expected.planes, 2e-3);
}

#[test]
fn a_size_that_does_not_fit_is_an_error_and_the_engine_goes_on() {
    let Some(context) = context() else { return };
    let random = &mut Random(9);
    let mut engine = engine(context, random, 128, Quality::Full);
    let grids = Grids::new(View::new(128, Quality::Full));
    let too_large = Grids { levels: [128, 256, 1 << 15], ..grids };
    assert!(matches!(engine.set_grids(too_large), Err(EngineError::Lost(_))));
    assert_eq!(drawn(&mut engine, &random.pose()).size, 128);
}

#[test]
fn a_lost_device_is_an_error_and_wakes_whoever_waits() {
    let Some(shared) = context() else { return };
    let context = another(shared);
    let (wake, woken) = std::sync::mpsc::sync_channel(1);
    context.wake_on_fault(Arc::new(move || wake.send(()).unwrap()));
    let random = &mut Random(10);
    let mut engine = engine(&context, random, 128, Quality::Full);
    let pose = random.pose();
    drawn(&mut engine, &pose);
    context.device.destroy();
    let frame = engine.render(&pose);
    let outcome = frame.and_then(|frame| Reader::default().read(&Frame::Gpu(frame)));
    assert!(matches!(outcome, Err(EngineError::Lost(_))));
    woken.try_recv().unwrap();
    assert!(matches!(engine.render(&pose), Err(EngineError::Lost(_))));
    assert!(matches!(engine.set_grids(Grids::new(View::new(200, Quality::Full))), Err(EngineError::Lost(_))));
    let again = another(shared);
    let mut engine = GpuEngine::new(&again, &random.character(), View::new(128, Quality::Full)).unwrap();
    drawn(&mut engine, &pose);
}

#[test]
fn a_frame_does_not_depend_on_the_frames_before() {
    let Some(context) = context() else { return };
    let random = &mut Random(6);
    let mut engine = engine(context, random, 128, Quality::Full);
    let (pose, other) = (random.pose(), random.pose());
    let frames = [pose, other, pose].map(|pose| drawn(&mut engine, &pose));
    assert_ne!(frames[0], frames[1]);
    assert_eq!(frames[0], frames[2]);
}

#[test]
fn the_texture_is_the_clipped_frame() {
    let Some(context) = context() else { return };
    let random = &mut Random(7);
    let mut engine = engine(context, random, 200, Quality::Fast);
    let pose = random.pose();
    for size in [128, 200] {
        engine.set_grids(Grids::new(View::new(size, Quality::Fast))).unwrap();
        let frame = engine.render(&pose).unwrap();
        let planes = &read(frame.clone()).planes;
        let area = size * size;
        let clipped = |i: usize| (planes[i % 4 * area + i / 4] * 0.5 + 0.5).clamp(0.0, 1.0);
        let expected: Vec<f32> = (0..4 * area).map(clipped).collect();
        // Half precision has 11 significant bits.
        assert_close(&texels(context, &frame.texture), &expected, 2.0_f32.powi(-11));
    }
}

/// The RGBA values of an `Rgba16Float` texture, row by row.
fn texels(context: &GpuContext, texture: &wgpu::Texture) -> Vec<f32> {
    let (device, edge) = (&context.device, texture.width());
    let pitch = (8 * edge).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let readback = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(pitch * edge),
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(pitch), rows_per_image: None };
    let target = wgpu::TexelCopyBufferInfo { buffer: &readback, layout };
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_texture_to_buffer(texture.as_image_copy(), target, texture.size());
    context.queue.submit([encoder.finish()]);
    readback.map_async(wgpu::MapMode::Read, .., |result| result.unwrap());
    device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    let bytes = readback.get_mapped_range(..);
    let rows = bytes.chunks_exact(pitch as usize).flat_map(|row| row[..8 * edge as usize].chunks_exact(2));
    rows.map(|half| half_to_f32(u16::from_le_bytes([half[0], half[1]]))).collect()
}

/// Half-precision numbers that are neither negative nor infinite.
fn half_to_f32(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10), f32::from(bits & 0x3ff) / 1024.0);
    if exponent == 0 { fraction * 2.0_f32.powi(-14) } else { (1.0 + fraction) * 2.0_f32.powi(exponent - 15) }
}
