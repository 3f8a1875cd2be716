//! Each shader against its CPU twin on random values, with sizes that fit no tile.

use super::{Random, assert_close, context};
use crate::{
    gpu::{GpuContext, pipeline::Step},
    student::{
        Grids, Plan, Stage,
        cpu::reference::{self, Grid},
        gpu::{
            kernels::{ComposeParams, Kernels, PasteParams, StageParams},
            tile::{MOST_POSITIONS, Tile},
            weights::StageWeights,
        },
    },
};
use bunraku_core::{
    character::{CharacterImage, FACE_COLUMN, FACE_ROW, FACE_SIZE, IMAGE_SIZE},
    pose::Pose,
};

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
    (edge * edge).next_multiple_of(MOST_POSITIONS)
}

/// Stages of odd widths and of the standard ones, on grids that fit no tile, in tiles of each size.
#[test]
fn stages_of_any_shape_match_the_cpu_in_tiles_of_any_size() {
    let Some(context) = context() else { return };
    let random = &mut Random(1);
    let mut plan = Plan::new(&random.character());
    let [low, middle, high] = &mut plan.levels;
    for (edge, below_edge, stage) in
        [(19, 0, &mut plan.face), (23, 0, low), (37, 16, middle), (16, 29, &mut high.clone()), (32, 16, high)]
    {
        let width = stage.entry.width();
        if edge == 32 {
            let layers = random.layers(&[width, 96, 48, 40, 7]);
            stage.exit = layers[3].clone();
            stage.hidden = layers[..3].to_vec();
        }
        let pose = random.pose();
        let below = (below_edge > 0).then(|| grid(random, below_edge, width, 2.0));
        let expected = reference::stage(stage, &pose, edge, below.as_ref());
        for positions in [8, 16, 32, 64] {
            let tile = Tile { width: stage.width().next_multiple_of(8), positions };
            assert_close(&run_stage(context, stage, tile, &pose, edge, below.as_ref()), &expected.values, 3e-5);
        }
    }
}

/// The stage's values, position by position.
fn run_stage(
    context: &GpuContext,
    stage: &Stage,
    tile: Tile,
    pose: &Pose,
    edge: usize,
    below: Option<&Grid>,
) -> Vec<f32> {
    let mut weights = StageWeights::with_tile(context, stage, tile);
    weights.write_pose(&context.queue, pose);
    let below_edge = below.map_or(0, |below| below.edge);
    let buffer = below.map(|below| upload(context, &planar(below, padded(below_edge))));
    let (positions, outputs) = (padded(edge), stage.exit.outputs);
    let params = StageParams {
        edge: edge as u32,
        positions: positions as u32,
        // Several rows of workgroups, the last one not full.
        tiles: 5,
        entry_width: weights.entry_width() as u32,
        layers: weights.count as u32,
        below_edge: below_edge as u32,
        below_stride: padded(below_edge) as u32,
        scale: below_edge as f32 / edge as f32,
        step: 2.0 / edge as f32,
    };
    let result = upload(context, &vec![0.0; outputs * positions]);
    let below = buffer.as_ref().unwrap_or(&weights.weights);
    let kernels = Kernels::new(context, &[tile]);
    let step = kernels.stage(tile, &params, [&weights.layers, &weights.weights, below, &result]);
    let planes = run(context, &step, &result);
    (0..edge * edge * outputs).map(|i| planes[i % outputs * positions + i / outputs]).collect()
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
