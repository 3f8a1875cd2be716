//! The network of the body morpher and the upscaler (`distill/spec/teacher.md`).

use std::collections::BTreeMap;

use super::layers::{FeatureMap, Layers};

/// Heads of every attention.
const HEADS: usize = 8;

/// A U-Net, with everything that depends on its weights alone computed once.
pub(super) struct UNet<L: Layers> {
    layers: L,
    levels: usize,
    /// Each res block's modulation by the time, which is always 0.
    time: BTreeMap<String, L::Vector>,
}

/// The change of size inside a res block.
#[derive(Clone, Copy)]
enum Resample {
    No,
    Half,
    Double,
}

impl Resample {
    fn apply<M: FeatureMap>(self, x: M) -> M {
        match self {
            Self::No => x,
            Self::Half => x.halve(),
            Self::Double => x.repeat_pixels(),
        }
    }
}

/// Whether a tensor is the one that each level of the way down has once.
fn is_level(key: &str) -> bool {
    key.starts_with("body.down_blocks.") && key.ends_with(".res_blocks.0.conv0.weight")
}

impl<L: Layers> UNet<L> {
    pub(super) fn new(layers: L, width: usize) -> Self {
        let mut start = vec![1.0; width / 2];
        start.resize(width, 0.0);
        let embedding = layers.linear("body.time_embed.1", &layers.vector(&start));
        let embedding = layers.silu(&layers.linear("body.time_embed.3", &layers.silu(&embedding)));
        let keys = layers.keys();
        let blocks = keys.iter().filter_map(|key| key.strip_suffix(".cond0_layers.1.weight"));
        let time = blocks
            .map(|block| (block.to_owned(), layers.linear(&format!("{block}.cond0_layers.1"), &embedding)))
            .collect();
        let levels = keys.iter().filter(|key| is_level(key)).count();
        Self { layers, levels, time }
    }

    /// The layers, for convolutions in front of the net.
    pub(super) fn layers(&self) -> &L {
        &self.layers
    }

    /// 7 channels of the image's size: direct 0..4, grid change 4..6, alpha before its sigmoid 6. `addition` is added to
    /// the first convolution's output. `pose` has 6 parameters.
    pub(super) fn run(&self, image: &L::Map, pose: &L::Vector, addition: Option<&L::Map>) -> L::Map {
        let layers = &self.layers;
        let condition = layers.silu(&layers.linear("body.cond_embed.0", pose));
        let condition = layers.silu(&layers.linear("body.cond_embed.2", &condition));
        let first = match addition {
            Some(addition) => layers.conv_onto("body.first_conv", image, addition),
            None => layers.conv("body.first_conv", image),
        };
        let mut skips = vec![first.clone()];
        let h = self.down(first, &condition, &mut skips);
        let h = (0..7).fold(h, |h, i| match i % 2 {
            0 => self.res_block(&format!("body.middle_blocks.{i}"), &h, &condition, Resample::No),
            _ => self.attention(&format!("body.middle_blocks.{i}.module"), &h),
        });
        let h = self.up(h, &condition, skips);
        layers.conv("body.last.2", &layers.group_norm("body.last.0", &h).silu())
    }

    fn down(&self, mut h: L::Map, condition: &L::Vector, skips: &mut Vec<L::Map>) -> L::Map {
        for i in 0..self.levels {
            let block = format!("body.down_blocks.{i}");
            h = self.res_block(&format!("{block}.res_blocks.0"), &h, condition, Resample::No);
            if i + 1 == self.levels {
                h = self.attention(&format!("{block}.attention_blocks.0"), &h);
            } else {
                skips.push(h.clone());
                h = self.res_block(&format!("{block}.downsample"), &h, condition, Resample::Half);
            }
            skips.push(h.clone());
        }
        h
    }

    fn up(&self, mut h: L::Map, condition: &L::Vector, mut skips: Vec<L::Map>) -> L::Map {
        for i in 0..self.levels {
            let block = format!("body.up_blocks.{i}");
            for j in 0..2 {
                let joined = skips.pop().map_or_else(|| h.clone(), |skip| h.concat(&skip));
                h = self.res_block(&format!("{block}.resnet_blocks.{j}"), &joined, condition, Resample::No);
                if i == 0 {
                    h = self.attention(&format!("{block}.attention_blocks.{j}"), &h);
                }
            }
            if i + 1 < self.levels {
                h = self.res_block(&format!("{block}.upsample"), &h, condition, Resample::Double);
            }
        }
        h
    }

    fn res_block(&self, key: &str, x: &L::Map, condition: &L::Vector, resample: Resample) -> L::Map {
        let layers = &self.layers;
        // The activation comes before the resampling; the skip is only resampled.
        let h = resample.apply(layers.group_norm(&format!("{key}.norm0"), x).silu());
        let h = layers.group_norm(&format!("{key}.norm1"), &layers.conv(&format!("{key}.conv0"), &h));
        let h = layers.modulate(&h, &self.time[key]);
        let h = layers.modulate(&h, &layers.linear(&format!("{key}.cond1_layers.1"), condition)).silu();
        let x = resample.apply(x.clone());
        let skip = format!("{key}.skip");
        let x = if layers.has(&format!("{skip}.weight")) { layers.conv(&skip, &x) } else { x };
        layers.conv_onto(&format!("{key}.conv1"), &h, &x)
    }

    fn attention(&self, key: &str, x: &L::Map) -> L::Map {
        let layers = &self.layers;
        let qkv = layers.conv(&format!("{key}.qkv"), &layers.group_norm(&format!("{key}.norm"), x));
        layers.conv_onto(&format!("{key}.conv"), &qkv.attend(HEADS), x)
    }
}
