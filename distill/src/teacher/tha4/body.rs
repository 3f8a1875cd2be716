//! The two networks that rotate head and body (`distill/spec/teacher.md`).

use super::{
    layers::{FeatureMap, Layers},
    u_net::UNet,
};

/// The output of the body morpher and the upscaler.
pub struct Morphed<M> {
    /// The finished picture.
    pub merged: M,
    /// The opacity of the painted colours, one channel in [0, 1].
    pub alpha: M,
    /// The warped picture.
    pub warped: M,
    /// The grid change, two channels.
    pub grid_change: M,
    /// The painted colours.
    pub direct: M,
}

impl<M: FeatureMap> Morphed<M> {
    fn new(out: &M, image: &M) -> Self {
        let (direct, grid_change, alpha) = (out.channels(0..4), out.channels(4..6), out.channels(6..7).sigmoid());
        let warped = image.warp(&grid_change);
        Self { merged: alpha.blend(&direct, &warped), alpha, warped, grid_change, direct }
    }
}

impl<M> Morphed<M> {
    /// All outputs, in the original's order.
    pub fn into_outputs(self) -> [M; 5] {
        [self.merged, self.alpha, self.warped, self.grid_change, self.direct]
    }
}

/// Rotates the half-size picture, `[n, 4, 256, 256]`; `pose` has the 6 rotations.
pub(super) fn morph_body<L: Layers>(net: &UNet<L>, image: &L::Map, pose: &L::Vector) -> Morphed<L::Map> {
    Morphed::new(&net.run(image, pose, None), image)
}

/// Rotates the full picture, `[n, 4, 512, 512]`, guided by a coarse result of the same size.
pub(super) fn upscale<L: Layers>(
    net: &UNet<L>,
    rest: &L::Map,
    coarse: &L::Map,
    coarse_grid: &L::Map,
    pose: &L::Vector,
) -> Morphed<L::Map> {
    let lead = coarse.concat(&rest.warp(coarse_grid)).concat(coarse_grid);
    let addition = net.layers().conv("coarse_image_conv", &lead);
    Morphed::new(&net.run(rest, pose, Some(&addition)), rest)
}
