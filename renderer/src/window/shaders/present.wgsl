// The picture over the backdrop, composited in linear light, into one pixel of the window.

struct View {
    // The picture's place in the window: left, top, width, height in the window's pixels.
    place: vec4f,
    // The window's size in pixels.
    window: vec2f,
    // How much of the backdrop the window shows along x and y, from 0 to 1: it covers the window and keeps its shape.
    cover: vec2f,
    // Samples along each edge of a window pixel, for the picture and for the backdrop; their mean is the pixel.
    taps: vec2u,
    // 1 if the window system multiplies by alpha itself, so that it gets straight colours.
    straight: u32,
    // 1 if the target encodes to sRGB itself.
    encodes: u32,
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var smooth_sampler: sampler;
// Both premultiplied in linear light; the texture unit decodes sRGB before it filters.
@group(0) @binding(2) var picture: texture_2d<f32>;
@group(0) @binding(3) var backdrop: texture_2d<f32>;

@vertex
fn cover_window(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
    // One triangle that is larger than the window.
    let corner = vec2f(f32(index & 1u), f32(index >> 1u));
    return vec4f(corner * 4.0 - 1.0, 0.0, 1.0);
}

fn picture_at(pixel: vec2f) -> vec4f {
    let at = (pixel - view.place.xy) / view.place.zw;
    if any(at < vec2f(0.0)) || any(at >= vec2f(1.0)) {
        return vec4f(0.0);
    }
    return textureSampleLevel(picture, smooth_sampler, at, 0.0);
}

fn backdrop_at(pixel: vec2f) -> vec4f {
    let at = (pixel / view.window - 0.5) * view.cover + 0.5;
    return textureSampleLevel(backdrop, smooth_sampler, at, 0.0);
}

fn tap(corner: vec2f, index: u32, taps: u32) -> vec2f {
    return corner + (vec2f(f32(index % taps), f32(index / taps)) + 0.5) / f32(taps);
}

fn srgb_encoded(linear: vec3f) -> vec3f {
    let low = linear * 12.92;
    let high = 1.055 * pow(max(linear, vec3f(0.0031308)), vec3f(1.0 / 2.4)) - 0.055;
    return select(high, low, linear <= vec3f(0.0031308));
}

fn srgb_decoded(encoded: vec3f) -> vec3f {
    let low = encoded / 12.92;
    let high = pow((max(encoded, vec3f(0.04045)) + 0.055) / 1.055, vec3f(2.4));
    return select(high, low, encoded <= vec3f(0.04045));
}

@fragment
fn present(@builtin(position) position: vec4f) -> @location(0) vec4f {
    let corner = floor(position.xy);
    var front = vec4f(0.0);
    for (var i = 0u; i < view.taps.x * view.taps.x; i++) {
        front += picture_at(tap(corner, i, view.taps.x));
    }
    front /= f32(view.taps.x * view.taps.x);
    var back = vec4f(0.0);
    for (var i = 0u; i < view.taps.y * view.taps.y; i++) {
        back += backdrop_at(tap(corner, i, view.taps.y));
    }
    back /= f32(view.taps.y * view.taps.y);

    let both = front + back * (1.0 - front.a);
    if both.a <= 0.0 {
        return vec4f(0.0);
    }
    var colour = srgb_encoded(clamp(both.rgb / both.a, vec3f(0.0), vec3f(1.0)));
    if view.straight == 0u {
        colour *= both.a;
    }
    if view.encodes == 1u {
        colour = srgb_decoded(colour);
    }
    return vec4f(colour, both.a);
}
