// A whole stage at a tile of positions: its first layer, the layers between, and the exit. Features stay in workgroup
// memory, sums in registers; only the exit's values leave.

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) tile: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let first = (tile.y * stage.tiles + tile.x) * TILE;
    if first >= stage.positions {
        return;
    }
    enter(first, index);
    for (var l = 0u; l < stage.layers; l += 1u) {
        let layer = layers[l];
        let block = index / (TILE / 8u);
        let busy = block < layer.blocks;
        var share: Share;
        share.exit = l + 1u == stage.layers;
        share.inputs = layer.inputs;
        share.outputs = layer.outputs;
        share.stride = layer.blocks;
        share.column = layer.weights + select(0u, block, busy);
        share.first = first;
        share.block = block;
        share.lane = index % (TILE / 8u);
        share.busy = busy;
        // All have written the features.
        workgroupBarrier();
        make(share);
    }
}
