//! All dispatches of a frame for one view, with the buffers between them.

use super::{
    kernels::{ComposeParams, EntryParams, Kernels, LayerParams, PasteParams},
    tile::POSITION_MULTIPLE,
    weights::{StageWeights, Weights},
};
use crate::{
    gpu::{GpuContext, GpuFrame, buffers::floats, pipeline::Step},
    student::Grids,
};
use bunraku_core::character::{FACE_COLUMN, FACE_ROW, FACE_SIZE, IMAGE_SIZE};

/// Most memory between two layers. Small enough for the caches of large GPUs, large enough that a band keeps their
/// processors busy.
const BAND_BYTES: usize = 24 << 20;

/// A frame's dispatches in order.
#[derive(Debug)]
pub(super) struct Program {
    steps: Vec<Step>,
    /// What they draw.
    pub(super) frame: GpuFrame,
}

impl Program {
    /// `picture` holds an RGBA vector for each of the picture's pixels.
    pub(super) fn new(
        context: &GpuContext,
        kernels: &Kernels,
        weights: &Weights,
        picture: &wgpu::Buffer,
        grids: Grids,
    ) -> Self {
        let mut builder = Builder::new(context, kernels, weights);
        let face = builder.stage(&weights.face, FACE_SIZE, None);
        builder.steps.push(kernels.paste(&paste_params(&face), [&face.values, picture]));
        let mut below: Option<Grid> = None;
        for (stage, edge) in weights.levels.iter().zip(grids.levels) {
            below = Some(builder.stage(stage, edge, below.as_ref()));
        }
        let field = below.expect("there are three levels");
        let frame = GpuFrame::new(context, grids.size);
        builder.steps.push(kernels.compose(&compose_params(&field, grids), [&field.values, picture, &frame.planes]));
        builder.steps.push(kernels.expose(&frame));
        Self { steps: builder.steps, frame }
    }

    /// Encodes the frame.
    pub(super) fn encode(&self, encoder: &mut wgpu::CommandEncoder) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        for step in &self.steps {
            step.dispatch(&mut pass);
        }
    }
}

/// A stage's result: a value for each channel and position.
struct Grid {
    edge: usize,
    /// Values from one channel to the next.
    stride: usize,
    values: wgpu::Buffer,
}

struct Builder<'a> {
    context: &'a GpuContext,
    kernels: &'a Kernels,
    /// Two layers' features of a band, read and written alternately.
    bands: [wgpu::Buffer; 2],
    steps: Vec<Step>,
}

impl<'a> Builder<'a> {
    fn new(context: &'a GpuContext, kernels: &'a Kernels, weights: &Weights) -> Self {
        let stages = [&weights.face].into_iter().chain(&weights.levels);
        let values = stages.map(|stage| stage.width * band_of(stage)).fold(0, usize::max);
        let bands = ["features", "features too"].map(|label| floats(context, label, values));
        Self { context, kernels, bands, steps: Vec::new() }
    }

    /// Adds a stage's steps, band by band.
    fn stage(&mut self, stage: &StageWeights, edge: usize, below: Option<&Grid>) -> Grid {
        let stride = (edge * edge).next_multiple_of(POSITION_MULTIPLE);
        let out = Grid { edge, stride, values: floats(self.context, "stage", stage.outputs() * stride) };
        let band = band_of(stage);
        for start in (0..stride).step_by(band) {
            self.band(stage, below, &out, start, band.min(stride - start));
        }
        out
    }

    fn band(&mut self, stage: &StageWeights, below: Option<&Grid>, out: &Grid, start: usize, positions: usize) {
        let [mut from, mut to] = self.bands.each_ref();
        let params = EntryParams {
            edge: out.edge as u32,
            start: start as u32,
            out_stride: (positions / 4) as u32,
            below_edge: below.map_or(0, |below| below.edge as u32),
            below_stride: below.map_or(0, |below| below.stride as u32),
            scale: below.map_or(0.0, |below| below.edge as f32 / out.edge as f32),
            step: 2.0 / out.edge as f32,
        };
        // Without a level below, the shader does not read this binding; any buffer will do.
        let below = below.map_or(&stage.columns, |below| &below.values);
        let size = [positions, stage.entry_width()];
        self.steps.push(self.kernels.entry(&params, [&stage.columns, below, from], size));
        for (i, layer) in stage.layers.iter().enumerate() {
            let exit = i + 1 == stage.layers.len();
            let params = LayerParams {
                inputs: layer.inputs as u32,
                outputs: layer.outputs as u32,
                sine: u32::from(!exit),
                in_stride: (positions / 4) as u32,
                out_stride: (if exit { out.stride } else { positions } / 4) as u32,
                out_start: if exit { (start / 4) as u32 } else { 0 },
                weight_stride: layer.stride() as u32,
            };
            let target = if exit { &out.values } else { to };
            self.steps.push(self.kernels.layer(&params, [&layer.buffer, from, target], positions));
            (from, to) = (to, from);
        }
    }
}

/// Positions that a stage handles at a time.
fn band_of(stage: &StageWeights) -> usize {
    (BAND_BYTES / size_of::<f32>() / stage.width / POSITION_MULTIPLE * POSITION_MULTIPLE).max(POSITION_MULTIPLE)
}

fn paste_params(face: &Grid) -> PasteParams {
    PasteParams {
        edge: face.edge as u32,
        face_stride: face.stride as u32,
        picture_edge: IMAGE_SIZE as u32,
        row: FACE_ROW as u32,
        column: FACE_COLUMN as u32,
    }
}

fn compose_params(field: &Grid, grids: Grids) -> ComposeParams {
    ComposeParams {
        size: grids.size as u32,
        samples: grids.samples as u32,
        field_edge: field.edge as u32,
        field_stride: field.stride as u32,
        picture_edge: IMAGE_SIZE as u32,
        scale: field.edge as f32 / grids.size as f32,
        step: 2.0 / grids.size as f32,
        spacing: 1.0 / grids.samples as f32,
    }
}
