// What a stage reads and writes, and its features.

// Channels of the widest layer, and positions of a tile, both multiples of 8; invocations.
override WIDTH: u32;
override TILE: u32;
override THREADS: u32;

struct Stage {
    // Edge of this grid.
    edge: u32,
    // Positions, padded to whole tiles.
    positions: u32,
    // Tiles in a row of workgroups.
    tiles: u32,
    // Channels of the first layer.
    entry_width: u32,
    // Layers after the first.
    layers: u32,
    // Edge of the grid below; 0 where there is none.
    below_edge: u32,
    // Values from one channel to the next in the level below.
    below_stride: u32,
    // below_edge / edge.
    scale: f32,
    // 2 / edge.
    step: f32,
}

struct Layer {
    // Inputs, padded to a multiple of 8.
    inputs: u32,
    outputs: u32,
    // Outputs in blocks of 4, an even number.
    blocks: u32,
    // Where the weights begin, in vectors: [inputs, outputs], both padded to multiples of 8, then the bias.
    weights: u32,
}

@group(0) @binding(0) var<uniform> stage: Stage;
@group(0) @binding(1) var<storage, read> layers: array<Layer>;
// A channel's x column, y column and bias in WIDTH vectors; then the layers' weights.
@group(0) @binding(2) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> below: array<f32>;
// A plane of padded positions for each channel of the exit.
@group(0) @binding(4) var<storage, read_write> result: array<f32>;

// Channel by channel, the tile's positions in vectors of four.
var<workgroup> features: array<vec4<f32>, WIDTH * TILE / 4u>;

// What an invocation has to do in a layer.
struct Share {
    exit: bool,
    inputs: u32,
    outputs: u32,
    // Vectors from one input's weights to the next.
    stride: u32,
    // Where the weights of its 4 channels begin; the last input is followed by their biases.
    column: u32,
    // The tile's first position in the grid.
    first: u32,
    // Its 4 channels among the layer's, and its positions among the tile's.
    block: u32,
    lane: u32,
    // Whether there is anything to do.
    busy: bool,
}
