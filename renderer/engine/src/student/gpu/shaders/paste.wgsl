// Puts the face stage's planar output into its window of the picture, which holds one RGBA vector a pixel.

struct Paste {
    // Edge of the face window.
    edge: u32,
    // Values from one channel of the face to the next.
    face_stride: u32,
    // Edge of the picture.
    picture_edge: u32,
    // The window's first row and column.
    row: u32,
    column: u32,
}

@group(0) @binding(0) var<uniform> paste: Paste;
@group(0) @binding(1) var<storage, read> face: array<f32>;
@group(0) @binding(2) var<storage, read_write> picture: array<vec4<f32>>;

@compute @workgroup_size(16, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= paste.edge || id.y >= paste.edge {
        return;
    }
    let p = id.y * paste.edge + id.x;
    let s = paste.face_stride;
    let colour = vec4(face[p], face[s + p], face[2u * s + p], face[3u * s + p]);
    picture[(paste.row + id.y) * paste.picture_edge + paste.column + id.x] = colour;
}
