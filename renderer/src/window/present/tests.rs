//! The presenting shader against its twin on the CPU.

use super::*;
use bunraku_core::color::{linear_from_srgb8, srgb8_from_linear};
use bunraku_test_support::{Means, missing};
use proptest::{
    collection::vec,
    prelude::any,
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};
use wgpu::TextureFormat;

const WIDTH: u32 = 48;
const HEIGHT: u32 = 32;

/// A device of whatever adapter there is; without any the test is skipped.
fn device() -> Option<(wgpu::Device, wgpu::Queue)> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapter = pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()));
    let adapter = adapter.map_or_else(|error| missing(Means::Gpu, error), Some)?;
    Some(pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default())).expect("a device"))
}

/// What the presenter leaves in an image of `WIDTH` by `HEIGHT` pixels, RGBA.
fn presented(device: &wgpu::Device, queue: &wgpu::Queue, mut presenter: Presenter, format: TextureFormat) -> Vec<u8> {
    let size = wgpu::Extent3d { width: WIDTH, height: HEIGHT, depth_or_array_layers: 1 };
    let image = device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    });
    // A row of a copy is a multiple of 256 bytes.
    let row = 256;
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(row * HEIGHT),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let view = image.create_view(&wgpu::TextureViewDescriptor::default());
    let mut pass = crate::window::surface::begin_pass(&mut encoder, &view);
    presenter.draw(queue, &mut pass, [WIDTH, HEIGHT]);
    drop(pass);
    let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row), rows_per_image: None };
    let destination = wgpu::TexelCopyBufferInfo { buffer: &buffer, layout };
    encoder.copy_texture_to_buffer(image.as_image_copy(), destination, size);
    queue.submit([encoder.finish()]);
    buffer.slice(..).map_async(wgpu::MapMode::Read, |result| result.expect("mapped"));
    device.poll(wgpu::PollType::wait_indefinitely()).expect("done");
    let bytes = buffer.slice(..).get_mapped_range();
    bytes.chunks_exact(row as usize).flat_map(|line| &line[..4 * WIDTH as usize]).copied().collect()
}

/// An image in linear light, premultiplied, sampled bilinearly with its edge going on outside.
struct Image<'a> {
    width: u32,
    height: u32,
    rgba: &'a [u8],
}

impl Image<'_> {
    fn texel(&self, x: f32, y: f32) -> [f32; 4] {
        let x = x.clamp(0.0, (self.width - 1) as f32) as u32;
        let y = y.clamp(0.0, (self.height - 1) as f32) as u32;
        let at = 4 * (y * self.width + x) as usize;
        let decode = |channel: usize| linear_from_srgb8(self.rgba[at + channel]);
        [decode(0), decode(1), decode(2), f32::from(self.rgba[at + 3]) / 255.0]
    }

    /// At `[u, v]`, from 0 to 1 across the image.
    fn sample(&self, [u, v]: [f32; 2]) -> [f32; 4] {
        let [x, y] = [u * self.width as f32 - 0.5, v * self.height as f32 - 0.5];
        let [right, low] = [x - x.floor(), y - y.floor()];
        let [left, top] = [x.floor(), y.floor()];
        let corners = [
            (self.texel(left, top), (1.0 - right) * (1.0 - low)),
            (self.texel(left + 1.0, top), right * (1.0 - low)),
            (self.texel(left, top + 1.0), (1.0 - right) * low),
            (self.texel(left + 1.0, top + 1.0), right * low),
        ];
        std::array::from_fn(|channel| corners.iter().map(|(texel, weight)| texel[channel] * weight).sum())
    }
}

/// The mean of `taps` by `taps` samples over the pixel at `x`, `y`.
fn mean(taps: u32, x: u32, y: u32, sample: impl Fn(f32, f32) -> [f32; 4]) -> [f32; 4] {
    let offset = |index: u32| (index as f32 + 0.5) / taps as f32;
    let points = (0..taps * taps).map(|i| sample(x as f32 + offset(i % taps), y as f32 + offset(i / taps)));
    let sum = points.fold([0.0; 4], |sum, value| std::array::from_fn(|channel| sum[channel] + value[channel]));
    sum.map(|sum| sum / (taps * taps) as f32)
}

/// The twin: the picture over the backdrop at one pixel, as it should leave.
fn expected(picture: &Picture, backdrop: &Backdrop, straight: bool, x: u32, y: u32) -> [f32; 4] {
    let place = Place::within(WIDTH, HEIGHT);
    let front = Image { width: picture.size as u32, height: picture.size as u32, rgba: &picture.rgba };
    let front = mean(taps(picture.size as u32, place.edge), x, y, |x, y| {
        let [u, v] = [x - place.left as f32, y - place.top as f32].map(|at| at / place.edge as f32);
        if (0.0..1.0).contains(&u) && (0.0..1.0).contains(&v) { front.sample([u, v]) } else { [0.0; 4] }
    });
    let back = Image { width: backdrop.width, height: backdrop.height, rgba: &backdrop.rgba };
    let scale = (WIDTH as f32 / backdrop.width as f32).max(HEIGHT as f32 / backdrop.height as f32);
    let back_taps = ((1.0 / scale).ceil() as u32).clamp(1, 4);
    let back = mean(back_taps, x, y, |x, y| {
        let u = (x - WIDTH as f32 / 2.0) / scale / backdrop.width as f32 + 0.5;
        let v = (y - HEIGHT as f32 / 2.0) / scale / backdrop.height as f32 + 0.5;
        back.sample([u, v])
    });
    let [.., alpha]: [f32; 4] = std::array::from_fn(|channel| front[channel] + back[channel] * (1.0 - front[3]));
    let encode = |channel: usize| {
        let linear = (front[channel] + back[channel] * (1.0 - front[3])) / alpha.max(1e-9);
        let encoded = f32::from(srgb8_from_linear(linear));
        if straight { encoded } else { encoded * alpha }
    };
    [encode(0), encode(1), encode(2), alpha * 255.0]
}

/// Random pixels that are premultiplied: no colour above its alpha, both in linear light.
fn premultiplied(runner: &mut TestRunner, count: usize, opaque: bool) -> Vec<u8> {
    let raw = vec(any::<[u8; 4]>(), count).new_tree(runner).expect("random pixels").current();
    let pixel = |[red, green, blue, alpha]: [u8; 4]| {
        // Of all alphas, the extremes are what pictures are made of.
        let alpha = if opaque { 1.0 } else { (f32::from(alpha) / 255.0 * 1.4 - 0.2).clamp(0.0, 1.0) };
        let [red, green, blue] = [red, green, blue].map(|value| srgb8_from_linear(linear_from_srgb8(value) * alpha));
        [red, green, blue, (alpha * 255.0).round() as u8]
    };
    raw.into_iter().flat_map(pixel).collect()
}

#[test]
fn the_shader_agrees_with_its_twin() {
    let Some((device, queue)) = device() else { return };
    let mut runner = TestRunner::deterministic();
    // Enlarged, as it is, and reduced; over one colour, an enlarged and a reduced backdrop.
    for (edge, [width, height]) in [(8, [5, 3]), (HEIGHT, [1, 1]), (100, [150, 90])] {
        for (format, straight, opaque) in [
            (TextureFormat::Rgba8Unorm, false, true),
            (TextureFormat::Rgba8Unorm, false, false),
            (TextureFormat::Rgba8Unorm, true, false),
            (TextureFormat::Rgba8UnormSrgb, false, true),
        ] {
            let picture =
                Picture { size: edge as usize, rgba: premultiplied(&mut runner, (edge * edge) as usize, false) };
            let backdrop =
                Backdrop { width, height, rgba: premultiplied(&mut runner, (width * height) as usize, opaque) };
            let mut presenter = Presenter::new(&device, format, straight);
            presenter.set_picture(&device, &queue, &picture);
            presenter.set_backdrop(&device, &queue, &backdrop);
            let shown = presented(&device, &queue, presenter, format);
            for (index, pixel) in shown.as_chunks::<4>().0.iter().enumerate() {
                let [x, y] = [index as u32 % WIDTH, index as u32 / WIDTH];
                let wanted = expected(&picture, &backdrop, straight, x, y);
                // Texture units weigh with few bits; a nearly transparent straight colour magnifies that.
                let tolerance = if straight { 3.0 + 255.0 / wanted[3].max(1.0) * 2.0 } else { 3.0 };
                for channel in 0..4 {
                    let off = (f32::from(pixel[channel]) - wanted[channel]).abs();
                    assert!(
                        off <= tolerance,
                        "{edge} px over {width}x{height} in {format:?}, straight {straight}: pixel {x},{y} is \
                         {pixel:?}, not {wanted:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_picture_the_device_cannot_hold_leaves_the_last_one() {
    let Some((device, queue)) = device() else { return };
    let mut presenter = Presenter::new(&device, TextureFormat::Rgba8Unorm, false);
    presenter.set_picture(&device, &queue, &Picture { size: 1, rgba: vec![255; 4] });
    presenter.set_picture(&device, &queue, &Picture::default());
    presenter.set_picture(&device, &queue, &Picture { size: 1 << 20, rgba: Vec::new() });
    let shown = presented(&device, &queue, presenter, TextureFormat::Rgba8Unorm);
    assert!(shown.contains(&255), "the white picture is gone");
}
