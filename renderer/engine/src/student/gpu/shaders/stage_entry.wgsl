// The first layer of a stage: sine(x column * x + y column * y + the frame's bias + the level below, upsampled).

// A position, and its place between four points of the level below: half-pixel centres, clamped at the edges.
struct Place {
    x: f32,
    y: f32,
    taps: vec4<u32>,
    between: vec2<f32>,
}

fn place(position: u32) -> Place {
    let cell = vec2(position % stage.edge, position / stage.edge);
    let at = fma(vec2<f32>(cell) + 0.5, vec2(stage.step), vec2(-1.0));
    if stage.below_edge == 0u {
        return Place(at.x, at.y, vec4(0u), vec2(0.0));
    }
    let last = stage.below_edge - 1u;
    let inside = clamp((vec2<f32>(cell) + 0.5) * stage.scale - 0.5, vec2(0.0), vec2(f32(last)));
    let low = vec2<u32>(inside);
    let high = min(low + 1u, vec2(last));
    let rows = vec2(low.y, high.y) * stage.below_edge;
    return Place(at.x, at.y, vec4(rows.x + low.x, rows.x + high.x, rows.y + low.x, rows.y + high.x), fract(inside));
}

// The sum before a channel's first sine.
fn turns(channel: u32, p: Place) -> f32 {
    let c = weights[channel];
    let sum = fma(c.x, p.x, fma(c.y, p.y, c.z));
    if stage.below_edge == 0u {
        return sum;
    }
    let plane = channel * stage.below_stride;
    let top = mix(below[plane + p.taps.x], below[plane + p.taps.y], p.between.x);
    let bottom = mix(below[plane + p.taps.z], below[plane + p.taps.w], p.between.x);
    return sum + mix(top, bottom, p.between.y);
}

// Fills the features of the first layer; padding channels are zero.
fn enter(first: u32, index: u32) {
    let rows = THREADS / (TILE / 4u);
    if index >= rows * (TILE / 4u) {
        return;
    }
    let quad = index % (TILE / 4u);
    let position = first + 4u * quad;
    let p0 = place(position);
    let p1 = place(position + 1u);
    let p2 = place(position + 2u);
    let p3 = place(position + 3u);
    for (var channel = index / (TILE / 4u); channel < WIDTH; channel += rows) {
        var value = vec4(0.0);
        if channel < stage.entry_width {
            value = sine(vec4(turns(channel, p0), turns(channel, p1), turns(channel, p2), turns(channel, p3)));
        }
        features[channel * (TILE / 4u) + quad] = value;
    }
}
