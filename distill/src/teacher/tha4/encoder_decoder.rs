//! The network of the decomposer, the combiner and the face morpher (`distill/spec/teacher.md`).

use super::layers::{FeatureMap as _, Layers};

/// The encoder, which does not depend on the pose: 512 channels at an eighth of the size.
pub(super) fn encode<L: Layers>(layers: &L, prefix: &str, image: &L::Map) -> L::Map {
    let block = |i: usize| format!("{prefix}downsample_blocks.{i}");
    let normed = |i: usize, x: &L::Map| layers.instance_norm(&format!("{}.1", block(i)), x).relu();
    let first = normed(0, &layers.conv(&format!("{}.0", block(0)), image));
    (1..4).fold(first, |x, i| normed(i, &layers.conv_down(&format!("{}.0", block(i)), &x)))
}

/// The bottleneck, with the pose appended to the features, and the decoder: 64 channels at full size.
pub(super) fn decode<L: Layers>(layers: &L, prefix: &str, features: &L::Map, pose: Option<&L::Vector>) -> L::Map {
    let x = match pose {
        Some(pose) => features.concat(&layers.planes(pose, features)),
        None => features.clone(),
    };
    let block = |name: &str, i: usize| format!("{prefix}{name}_blocks.{i}");
    let first = block("bottleneck", 0);
    let x = layers.instance_norm(&format!("{first}.1"), &layers.conv(&format!("{first}.0"), &x)).relu();
    let x = (1..6).fold(x, |x, i| residual(layers, &format!("{}.resnet_path", block("bottleneck", i)), &x));
    (0..3).fold(x, |x, i| {
        let key = block("upsample", i);
        layers.instance_norm(&format!("{key}.1"), &layers.conv_up(&format!("{key}.0"), &x)).relu()
    })
}

fn residual<L: Layers>(layers: &L, path: &str, x: &L::Map) -> L::Map {
    let h = layers.instance_norm(&format!("{path}.1"), &layers.conv(&format!("{path}.0"), x)).relu();
    x.add(&layers.instance_norm(&format!("{path}.4"), &layers.conv(&format!("{path}.3"), &h)))
}
