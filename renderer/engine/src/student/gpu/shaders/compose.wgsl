// The picture, warped by the body's grid change and blended with its colour change (core/spec/student.md):
// (1 - alpha) * warped + alpha * colour. A pixel is the mean of samples x samples points spread evenly over it.

struct Compose {
    // Edge of the output.
    size: u32,
    // Points along each edge of an output pixel.
    samples: u32,
    // Edge of the field's grid, and values from one of its channels to the next.
    field_edge: u32,
    field_stride: u32,
    // Edge of the picture.
    picture_edge: u32,
    // field_edge / size.
    scale: f32,
    // 2 / size.
    step: f32,
    // 1 / samples.
    spacing: f32,
}

@group(0) @binding(0) var<uniform> compose: Compose;
// Seven planes: grid change x, y; alpha; colour change RGBA.
@group(0) @binding(1) var<storage, read> field: array<f32>;
@group(0) @binding(2) var<storage, read> picture: array<vec4<f32>>;
// Four planes of size x size.
@group(0) @binding(3) var<storage, read_write> planes: array<f32>;

// A point's four neighbours on a grid, row by row, and its place between them.
struct Taps {
    at: vec4<u32>,
    fraction: vec2<f32>,
}

// `point` is in cells from the first centre; beyond the edges it is moved onto them.
fn taps(point: vec2<f32>, edge: u32) -> Taps {
    let inside = clamp(point, vec2(0.0), vec2(f32(edge - 1u)));
    let low = vec2<u32>(inside);
    let high = min(low + 1u, vec2(edge - 1u));
    let at = vec4(low.y * edge + low.x, low.y * edge + high.x, high.y * edge + low.x, high.y * edge + high.x);
    return Taps(at, fract(inside));
}

fn field_at(channel: u32, t: Taps) -> f32 {
    let plane = channel * compose.field_stride;
    let top = mix(field[plane + t.at.x], field[plane + t.at.y], t.fraction.x);
    let bottom = mix(field[plane + t.at.z], field[plane + t.at.w], t.fraction.x);
    return mix(top, bottom, t.fraction.y);
}

fn picture_at(t: Taps) -> vec4<f32> {
    let top = mix(picture[t.at.x], picture[t.at.y], vec4(t.fraction.x));
    let bottom = mix(picture[t.at.z], picture[t.at.w], vec4(t.fraction.x));
    return mix(top, bottom, vec4(t.fraction.y));
}

// `point` is in output pixels from the output's corner.
fn blended(point: vec2<f32>) -> vec4<f32> {
    let t = taps(point * compose.scale - 0.5, compose.field_edge);
    let change = vec2(field_at(0u, t), field_at(1u, t));
    let position = fma(point, vec2(compose.step), vec2(-1.0)) + change;
    let pixel = ((position + 1.0) * f32(compose.picture_edge) - 1.0) * 0.5;
    let warped = picture_at(taps(pixel, compose.picture_edge));
    let colour = vec4(field_at(3u, t), field_at(4u, t), field_at(5u, t), field_at(6u, t));
    let alpha = field_at(2u, t);
    return (1.0 - alpha) * warped + alpha * colour;
}

@compute @workgroup_size(16, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= compose.size || id.y >= compose.size {
        return;
    }
    var sum = vec4(0.0);
    for (var j = 0u; j < compose.samples; j += 1u) {
        for (var i = 0u; i < compose.samples; i += 1u) {
            sum += blended(vec2<f32>(id.xy) + (vec2(f32(i), f32(j)) + 0.5) * compose.spacing);
        }
    }
    let mean = sum * (compose.spacing * compose.spacing);
    let plane = compose.size * compose.size;
    let p = id.y * compose.size + id.x;
    planes[p] = mean.x;
    planes[plane + p] = mean.y;
    planes[2u * plane + p] = mean.z;
    planes[3u * plane + p] = mean.w;
}
