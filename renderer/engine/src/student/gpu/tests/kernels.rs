//! Each shader against its CPU twin on random values, with sizes that fit no tile.

use super::{Random, assert_close, context};
use crate::{
    gpu::{GpuContext, pipeline::Step},
    sine::sine,
    student::{
        Grids, Plan, Stage,
        axis::{Axis, position},
        cpu::reference::{self, Grid},
        gpu::{
            kernels::{ComposeParams, EntryParams, Kernels, LayerParams, PasteParams},
            tile::{POSITION_MULTIPLE, Tile},
            weights::{LayerWeights, StageWeights},
        },
    },
};
use bunraku_core::{
    character::{CharacterImage, FACE_COLUMN, FACE_ROW, FACE_SIZE, IMAGE_SIZE},
    pose::Pose,
};

/// Values around the output, which the GPU must not touch.
const UNTOUCHED: f32 = 77.0;

fn upload(context: &GpuContext, values: &[f32]) -> wgpu::Buffer {
    let device = &context.device;
    wgpu::util::DeviceExt::create_buffer_init(
        device,
        &wgpu::util::BufferInitDescriptor {
            label: None,
            contents: bytemuck::cast_slice(values),
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
        },
    )
}

/// Runs a step and reads a buffer.
fn run(context: &GpuContext, step: &Step, result: &wgpu::Buffer) -> Vec<f32> {
    let device = &context.device;
    let readback = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: result.size(),
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    step.dispatch(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()));
    encoder.copy_buffer_to_buffer(result, 0, &readback, 0, None);
    context.queue.submit([encoder.finish()]);
    readback.map_async(wgpu::MapMode::Read, .., |result| result.unwrap());
    device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    context.check().unwrap();
    bytemuck::cast_slice(&readback.get_mapped_range(..)).to_vec()
}

fn grid(random: &mut Random, edge: usize, channels: usize, scale: f32) -> Grid {
    Grid { edge, channels, values: random.many(edge * edge * channels, scale) }
}

/// Channel by channel, each padded to `stride` values with NaN, which must not reach a result.
fn planar(grid: &Grid, stride: usize) -> Vec<f32> {
    let area = grid.edge * grid.edge;
    let value =
        |i: usize| if i % stride < area { grid.values[i % stride * grid.channels + i / stride] } else { f32::NAN };
    (0..grid.channels * stride).map(value).collect()
}

fn padded(edge: usize) -> usize {
    (edge * edge).next_multiple_of(POSITION_MULTIPLE)
}

#[test]
fn layers_of_any_width_match_the_cpu() {
    let Some(context) = context() else { return };
    let random = &mut Random(1);
    let shapes = [(1, 1, true), (7, 4, false), (13, 9, true), (90, 7, false), (33, 90, true), (24, 145, true)];
    for (inputs, outputs, with_sine) in shapes {
        let kernels = Kernels::new(context, &[Tile::new(outputs)]);
        let layer = random.layers(&[inputs, outputs]).remove(0);
        let positions = 2 * POSITION_MULTIPLE;
        let features = random.many(inputs * positions, 1.0);
        // The output is longer than the band, which lies in its middle.
        let stride = positions + 64;
        let weights = LayerWeights::new(context, &layer);
        let result = upload(context, &vec![UNTOUCHED; outputs * stride]);
        let params = LayerParams {
            inputs: inputs as u32,
            outputs: outputs as u32,
            sine: u32::from(with_sine),
            in_stride: (positions / 4) as u32,
            out_stride: (stride / 4) as u32,
            out_start: 4,
            weight_stride: weights.stride() as u32,
        };
        let step = kernels.layer(&params, [&weights.buffer, &upload(context, &features), &result], positions);
        let mut expected = vec![UNTOUCHED; outputs * stride];
        for p in 0..positions {
            let input: Vec<f32> = features.iter().skip(p).step_by(positions).copied().collect();
            for (o, value) in reference::linear(&layer, &input).into_iter().enumerate() {
                expected[o * stride + 16 + p] = if with_sine { sine(value) } else { value };
            }
        }
        assert_close(&run(context, &step, &result), &expected, 2e-6);
    }
}

#[test]
fn entries_match_the_cpu_with_and_without_a_level_below() {
    let Some(context) = context() else { return };
    let random = &mut Random(2);
    let kernels = Kernels::new(context, &[]);
    let plan = Plan::new(&random.character());
    let pose = random.pose();
    for (edge, below_edge, level) in [(23, 0, 0), (32, 16, 1), (37, 16, 2), (16, 29, 1)] {
        let stage = &plan.levels[level];
        let width = stage.entry.width();
        let mut weights = StageWeights::new(context, stage);
        weights.write_pose(&context.queue, &pose);
        let below = (below_edge > 0).then(|| grid(random, below_edge, width, 2.0));
        let buffer = below.as_ref().map(|below| upload(context, &planar(below, padded(below_edge))));
        let expected = entry(stage, &pose, edge, below.as_ref());
        let band = POSITION_MULTIPLE;
        let result = upload(context, &vec![0.0; width * band]);
        for start in (0..edge * edge).step_by(band) {
            let params = EntryParams {
                edge: edge as u32,
                start: start as u32,
                out_stride: (band / 4) as u32,
                below_edge: below_edge as u32,
                below_stride: padded(below_edge) as u32,
                scale: below_edge as f32 / edge as f32,
                step: 2.0 / edge as f32,
            };
            let buffers = [&weights.columns, buffer.as_ref().unwrap_or(&weights.columns), &result];
            let actual = run(context, &kernels.entry(&params, buffers, [band, width]), &result);
            let count = band.min(edge * edge - start);
            for (c, row) in actual.chunks_exact(band).enumerate() {
                let expected: Vec<f32> = expected[start..start + count].iter().map(|features| features[c]).collect();
                assert_close(&row[..count], &expected, 2e-5);
            }
        }
    }
}

/// The CPU's entry at each position.
fn entry(stage: &Stage, pose: &Pose, edge: usize, below: Option<&Grid>) -> Vec<Vec<f32>> {
    let mut bias = vec![0.0; stage.entry.width()];
    stage.entry.fold_pose(pose, &mut bias);
    let axis = below.map(|below| (below, Axis::new(below.edge, edge)));
    let at = |p: usize| {
        let (row, column) = (p / edge, p % edge);
        let below = axis.as_ref().map(|(below, axis)| below.between(axis, row, column));
        reference::entry(stage, &bias, position(column, edge), position(row, edge), below.as_deref())
    };
    (0..edge * edge).map(at).collect()
}

#[test]
fn pasting_matches_the_cpu() {
    let Some(context) = context() else { return };
    let random = &mut Random(3);
    let kernels = Kernels::new(context, &[]);
    let image = CharacterImage { planes: random.many(4 * IMAGE_SIZE * IMAGE_SIZE, 1.0) };
    let face = grid(random, FACE_SIZE, 4, 1.0);
    let area = IMAGE_SIZE * IMAGE_SIZE;
    let picture: Vec<f32> = (0..4 * area).map(|i| image.planes[i % 4 * area + i / 4]).collect();
    let buffer = upload(context, &picture);
    let params = PasteParams {
        edge: FACE_SIZE as u32,
        face_stride: (FACE_SIZE * FACE_SIZE + 256) as u32,
        picture_edge: IMAGE_SIZE as u32,
        row: FACE_ROW as u32,
        column: FACE_COLUMN as u32,
    };
    let planes = upload(context, &planar(&face, params.face_stride as usize));
    let actual = run(context, &kernels.paste(&params, [&planes, &buffer]), &buffer);
    assert_eq!(actual, reference::picture(&image, &face).values);
}

#[test]
fn composing_matches_the_cpu_at_any_ratio() {
    let Some(context) = context() else { return };
    let random = &mut Random(4);
    let kernels = Kernels::new(context, &[]);
    for (size, field_edge, edge, samples) in [(32, 32, 32, 1), (33, 17, 24, 1), (20, 20, 64, 4), (13, 25, 31, 3)] {
        let (picture, field) = (grid(random, edge, 4, 1.0), grid(random, field_edge, 7, 0.5));
        let params = ComposeParams {
            size: size as u32,
            samples: samples as u32,
            field_edge: field_edge as u32,
            field_stride: padded(field_edge) as u32,
            picture_edge: edge as u32,
            scale: field_edge as f32 / size as f32,
            step: 2.0 / size as f32,
            spacing: 1.0 / samples as f32,
        };
        let field_planes = upload(context, &planar(&field, padded(field_edge)));
        let result = upload(context, &vec![0.0; 4 * size * size]);
        let step = kernels.compose(&params, [&field_planes, &upload(context, &picture.values), &result]);
        let grids = Grids { levels: [0, 0, field_edge], size, samples, skip_background: false };
        let expected = reference::composite(&picture, &field, grids);
        assert_close(&run(context, &step, &result), &expected.planes, 5e-5);
    }
}
