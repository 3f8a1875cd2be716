// A linear layer, with or without a sine: out = [sine](W in + b), channels by positions.
//
// A workgroup makes a tile of 8 * OUT_THREADS channels by 8 * POSITION_THREADS positions, DEPTH inputs at a time through
// workgroup memory. An invocation keeps 8 x 8 sums in registers, named one by one: a driver may put an array into memory.

// Invocations along the channels and along the positions of a tile.
override OUT_THREADS: u32;
override POSITION_THREADS: u32;
const DEPTH: u32 = 8u;

struct Layer {
    inputs: u32,
    outputs: u32,
    // 1 where a sine follows.
    sine: u32,
    // Vectors from one channel to the next.
    in_stride: u32,
    out_stride: u32,
    // Where the band starts in the output, in vectors.
    out_start: u32,
    // Vectors from one input's weights to the next.
    weight_stride: u32,
}

@group(0) @binding(0) var<uniform> layer: Layer;
// [inputs, outputs], both filled up with zeros to whole tiles; after the last input, one more row: the bias.
@group(0) @binding(1) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> features: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> result: array<vec4<f32>>;

var<workgroup> weight_tile: array<vec4<f32>, DEPTH * 2u * OUT_THREADS>;
var<workgroup> feature_tile: array<vec4<f32>, DEPTH * 2u * POSITION_THREADS>;

// Brings the tiles' next DEPTH inputs into workgroup memory; inputs beyond the last are zero.
fn load(first: u32, tile: vec2<u32>, index: u32) {
    let threads = OUT_THREADS * POSITION_THREADS;
    for (var i = index; i < DEPTH * 2u * OUT_THREADS; i += threads) {
        let input = first + i / (2u * OUT_THREADS);
        weight_tile[i] = weights[input * layer.weight_stride + tile.y * 2u * OUT_THREADS + i % (2u * OUT_THREADS)];
    }
    for (var i = index; i < DEPTH * 2u * POSITION_THREADS; i += threads) {
        let input = first + i / (2u * POSITION_THREADS);
        var value = vec4(0.0);
        if input < layer.inputs {
            value = features[input * layer.in_stride + tile.x * 2u * POSITION_THREADS + i % (2u * POSITION_THREADS)];
        }
        feature_tile[i] = value;
    }
}

fn store(channel: u32, position: u32, a: vec4<f32>, b: vec4<f32>) {
    if channel >= layer.outputs {
        return;
    }
    let at = channel * layer.out_stride + layer.out_start + position;
    if layer.sine != 0u {
        result[at] = sine(a);
        result[at + POSITION_THREADS] = sine(b);
    } else {
        result[at] = a;
        result[at + POSITION_THREADS] = b;
    }
}

@compute @workgroup_size(POSITION_THREADS, OUT_THREADS)
fn main(
    @builtin(workgroup_id) tile: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let padded = (layer.inputs + DEPTH - 1u) / DEPTH * DEPTH;
    let bias = padded * layer.weight_stride + 2u * (tile.y * OUT_THREADS + local.y);
    let bias_low = weights[bias];
    let bias_high = weights[bias + 1u];
    var a0 = vec4(bias_low.x);
    var b0 = a0;
    var a1 = vec4(bias_low.y);
    var b1 = a1;
    var a2 = vec4(bias_low.z);
    var b2 = a2;
    var a3 = vec4(bias_low.w);
    var b3 = a3;
    var a4 = vec4(bias_high.x);
    var b4 = a4;
    var a5 = vec4(bias_high.y);
    var b5 = a5;
    var a6 = vec4(bias_high.z);
    var b6 = a6;
    var a7 = vec4(bias_high.w);
    var b7 = a7;
    for (var first = 0u; first < padded; first += DEPTH) {
        workgroupBarrier();
        load(first, tile.xy, index);
        workgroupBarrier();
        for (var k = 0u; k < DEPTH; k += 1u) {
            let w0 = weight_tile[(k * OUT_THREADS + local.y) * 2u];
            let w1 = weight_tile[(k * OUT_THREADS + local.y) * 2u + 1u];
            // The two vectors lie POSITION_THREADS apart, so that neighbours read neighbouring ones.
            let x0 = feature_tile[k * 2u * POSITION_THREADS + local.x];
            let x1 = feature_tile[k * 2u * POSITION_THREADS + POSITION_THREADS + local.x];
            a0 = fma(vec4(w0.x), x0, a0);
            b0 = fma(vec4(w0.x), x1, b0);
            a1 = fma(vec4(w0.y), x0, a1);
            b1 = fma(vec4(w0.y), x1, b1);
            a2 = fma(vec4(w0.z), x0, a2);
            b2 = fma(vec4(w0.z), x1, b2);
            a3 = fma(vec4(w0.w), x0, a3);
            b3 = fma(vec4(w0.w), x1, b3);
            a4 = fma(vec4(w1.x), x0, a4);
            b4 = fma(vec4(w1.x), x1, b4);
            a5 = fma(vec4(w1.y), x0, a5);
            b5 = fma(vec4(w1.y), x1, b5);
            a6 = fma(vec4(w1.z), x0, a6);
            b6 = fma(vec4(w1.z), x1, b6);
            a7 = fma(vec4(w1.w), x0, a7);
            b7 = fma(vec4(w1.w), x1, b7);
        }
    }
    let first = 8u * (tile.y * OUT_THREADS + local.y);
    let position = tile.x * 2u * POSITION_THREADS + local.x;
    store(first + 0u, position, a0, b0);
    store(first + 1u, position, a1, b1);
    store(first + 2u, position, a2, b2);
    store(first + 3u, position, a3, b3);
    store(first + 4u, position, a4, b4);
    store(first + 5u, position, a5, b5);
    store(first + 6u, position, a6, b6);
    store(first + 7u, position, a7, b7);
}
