//! The whole engine against the definition on a small student.

use super::{Random, assert_close, context};
use crate::{
    Detail, EngineError, Frame, Quality, StudentEngine as _, cpu::CpuEngine, cpu::reference, gpu::GpuContext,
    gpu::GpuEngine, plan::Plan,
};

#[test]
fn a_frame_is_its_definition_at_any_size_and_quality() {
    let Some(context) = context() else { return };
    let random = &mut Random(5);
    let character = random.character();
    let plan = Plan::new(&character);
    let mut engine = GpuEngine::new(context, &character, Detail::new(512, Quality::Full)).unwrap();
    let mut frame = Frame::default();
    for (size, quality) in [(512, Quality::Full), (128, Quality::Full), (200, Quality::High), (301, Quality::Fast)] {
        let detail = Detail::new(size, quality);
        engine.set_detail(detail).unwrap();
        let pose = random.pose();
        engine.render(&pose, &mut frame).unwrap();
        assert_eq!((frame.size, engine.detail()), (size, detail));
        let expected = reference::render(&plan, &character.image, &pose, detail);
        // The picture is noise: a sample's place, off by a ten-thousandth of a pixel, shows.
        let mean = assert_close(&frame.planes, &expected.planes, 5e-4);
        assert!(mean < 2e-5, "{size} {quality}: off by {mean} on average");
    }
}

#[test]
fn large_frames_are_the_cpu_engines() {
    let Some(context) = context() else { return };
    let random = &mut Random(8);
    let (character, pose) = (random.character(), random.pose());
    let detail = Detail::new(2048, Quality::Full);
    let [mut frame, mut expected] = [const { Frame { size: 0, planes: Vec::new() } }; 2];
    GpuEngine::new(context, &character, detail).unwrap().render(&pose, &mut frame).unwrap();
    CpuEngine::new(&character, detail, 0).unwrap().render(&pose, &mut expected).unwrap();
    assert_close(&frame.planes, &expected.planes, 2e-3);
}

#[test]
fn what_does_not_fit_is_an_error_and_the_engine_goes_on() {
    let Some(context) = context() else { return };
    let random = &mut Random(9);
    let (mut frame, pose) = (Frame::default(), random.pose());
    let detail = Detail::new(128, Quality::Full);
    let mut engine = GpuEngine::new(context, &random.character(), detail).unwrap();
    let too_large = Detail { levels: [128, 256, 1 << 15], ..detail };
    assert!(matches!(engine.set_detail(too_large), Err(EngineError::Lost(_))));
    assert_eq!(engine.detail(), detail);
    engine.render(&pose, &mut frame).unwrap();
}

#[test]
fn a_lost_device_is_an_error() {
    let Some(context) = context() else { return };
    // Not the device of the other tests.
    let context = GpuContext::from_adapter(context.instance.clone(), context.adapter.clone()).unwrap();
    let random = &mut Random(10);
    let (mut frame, pose, character) = (Frame::default(), random.pose(), random.character());
    let mut engine = GpuEngine::new(&context, &character, Detail::new(128, Quality::Full)).unwrap();
    engine.render(&pose, &mut frame).unwrap();
    context.device.destroy();
    for _ in 0..2 {
        assert!(matches!(engine.render(&pose, &mut frame), Err(EngineError::Lost(_))));
        assert!(matches!(engine.render_texture(&pose), Err(EngineError::Lost(_))));
        assert!(matches!(engine.set_detail(Detail::new(200, Quality::Full)), Err(EngineError::Lost(_))));
    }
    let another = GpuContext::from_adapter(context.instance.clone(), context.adapter.clone()).unwrap();
    let mut engine = GpuEngine::new(&another, &character, Detail::new(128, Quality::Full)).unwrap();
    engine.render(&pose, &mut frame).unwrap();
}

#[test]
fn a_frame_depends_on_its_pose_alone() {
    let Some(context) = context() else { return };
    let random = &mut Random(6);
    let mut engine = GpuEngine::new(context, &random.character(), Detail::new(128, Quality::Full)).unwrap();
    let [mut first, mut other, mut again] = [const { Frame { size: 0, planes: Vec::new() } }; 3];
    let (pose, another) = (random.pose(), random.pose());
    engine.render(&pose, &mut first).unwrap();
    engine.render(&another, &mut other).unwrap();
    engine.render(&pose, &mut again).unwrap();
    assert_ne!(first, other);
    assert_eq!(first, again);
}

#[test]
fn the_texture_is_the_frame_clipped() {
    let Some(context) = context() else { return };
    let random = &mut Random(7);
    let mut engine = GpuEngine::new(context, &random.character(), Detail::new(200, Quality::Fast)).unwrap();
    let (mut frame, pose) = (Frame::default(), random.pose());
    engine.render(&pose, &mut frame).unwrap();
    let area = frame.planes.len() / 4;
    for size in [128, 200] {
        // A texture of another size in between shows whether it follows.
        engine.set_detail(Detail::new(size, Quality::Fast)).unwrap();
        let texture = engine.render_texture(&pose).unwrap();
        assert_eq!((texture.width(), texture.height()), (size as u32, size as u32));
    }
    let texture = engine.render_texture(&pose).unwrap().clone();
    let expected: Vec<f32> =
        (0..4 * area).map(|i| (frame.planes[i % 4 * area + i / 4] * 0.5 + 0.5).clamp(0.0, 1.0)).collect();
    // Half precision has 11 significant bits.
    assert_close(&texels(context, &texture), &expected, 2.0_f32.powi(-11));
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
