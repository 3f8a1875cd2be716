// A stage's first layer: sine(x column * x + y column * y + the frame's bias + the level below, upsampled).
//
// One invocation makes four neighbouring positions of one channel. Positions run over the grid row by row.

struct Entry {
    // Edge of this grid.
    edge: u32,
    // First position of the band, a multiple of 4.
    start: u32,
    // Vectors from one channel to the next in the output.
    out_stride: u32,
    // Edge of the grid below; 0 where there is none.
    below_edge: u32,
    // Values from one channel to the next in the level below.
    below_stride: u32,
    // below_edge / edge.
    scale: f32,
    // 2 / edge.
    step: f32,
}

@group(0) @binding(0) var<uniform> entry: Entry;
// A channel's x column, y column and bias.
@group(0) @binding(1) var<storage, read> columns: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> below: array<f32>;
@group(0) @binding(3) var<storage, read_write> features: array<vec4<f32>>;

// The level below at this grid's row and column: half-pixel centres, clamped at the edges.
fn upsampled(channel: u32, row: u32, column: u32) -> f32 {
    let last = entry.below_edge - 1u;
    let u = clamp((f32(column) + 0.5) * entry.scale - 0.5, 0.0, f32(last));
    let v = clamp((f32(row) + 0.5) * entry.scale - 0.5, 0.0, f32(last));
    let x0 = u32(u);
    let y0 = u32(v);
    let x1 = min(x0 + 1u, last);
    let y1 = min(y0 + 1u, last);
    let plane = channel * entry.below_stride;
    let top = mix(below[plane + y0 * entry.below_edge + x0], below[plane + y0 * entry.below_edge + x1], fract(u));
    let bottom = mix(below[plane + y1 * entry.below_edge + x0], below[plane + y1 * entry.below_edge + x1], fract(u));
    return mix(top, bottom, fract(v));
}

fn at(channel: u32, position: u32) -> f32 {
    let row = position / entry.edge;
    let column = position % entry.edge;
    let c = columns[channel];
    let x = fma(f32(column) + 0.5, entry.step, -1.0);
    let y = fma(f32(row) + 0.5, entry.step, -1.0);
    var sum = fma(c.x, x, fma(c.y, y, c.z));
    if entry.below_edge != 0u {
        sum += upsampled(channel, row, column);
    }
    return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let position = entry.start + 4u * id.x;
    let turns = vec4(at(id.y, position), at(id.y, position + 1u), at(id.y, position + 2u), at(id.y, position + 3u));
    features[id.y * entry.out_stride + id.x] = sine(turns);
}
