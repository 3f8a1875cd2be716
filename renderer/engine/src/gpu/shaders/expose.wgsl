// The frame's planes as a texture: linear-light premultiplied RGBA, from [-1, 1] to [0, 1] and clipped.

struct Expose {
    // Edge of the frame.
    size: u32,
}

@group(0) @binding(0) var<uniform> expose: Expose;
@group(0) @binding(1) var<storage, read> planes: array<f32>;
@group(0) @binding(2) var picture: texture_storage_2d<rgba16float, write>;

@compute @workgroup_size(16, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= expose.size || id.y >= expose.size {
        return;
    }
    let p = id.y * expose.size + id.x;
    let plane = expose.size * expose.size;
    let colour = vec4(planes[p], planes[plane + p], planes[2u * plane + p], planes[3u * plane + p]);
    textureStore(picture, id.xy, saturate(colour * 0.5 + 0.5));
}
