//! The five networks' names, sizes and tensors (`distill/spec/teacher.md`), as a state dict must have them.

use std::collections::BTreeMap;

/// The parameters of the body morpher and the upscaler: rotations and breathing.
const ROTATION: usize = 6;

/// Width of the U-Nets' condition and time embeddings.
const EMBEDDING: usize = 256;

/// One of the teacher's networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Module {
    /// Separates the eyebrows from the face behind them.
    EyebrowDecomposer,
    /// Moves the eyebrows and puts them back.
    EyebrowMorphingCombiner,
    /// Moves eyes and mouth.
    FaceMorpher,
    /// Rotates head and body, at half the size.
    BodyMorpher,
    /// The same at full size, guided by the half-size result.
    Upscaler,
}

impl Module {
    /// All modules, in the order a picture passes through them.
    pub const ALL: [Self; 5] =
        [Self::EyebrowDecomposer, Self::EyebrowMorphingCombiner, Self::FaceMorpher, Self::BodyMorpher, Self::Upscaler];

    /// The module's name; its published file is `<name>.pt`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EyebrowDecomposer => "eyebrow_decomposer",
            Self::EyebrowMorphingCombiner => "eyebrow_morphing_combiner",
            Self::FaceMorpher => "face_morpher",
            Self::BodyMorpher => "body_morpher",
            Self::Upscaler => "upscaler",
        }
    }

    /// The shape of every tensor of the module's state dict.
    pub(super) fn shapes(self) -> BTreeMap<String, Vec<usize>> {
        let mut shapes = Shapes::default();
        match self {
            Self::EyebrowDecomposer => {
                shapes.encoder_decoder("body.", 4, 0);
                shapes.heads(&["background_layer_alpha", "eyebrow_layer_alpha"], 1);
                shapes.heads(&["background_layer_color_change", "eyebrow_layer_color_change"], 4);
            }
            Self::EyebrowMorphingCombiner => {
                shapes.encoder_decoder("body.", 8, 12);
                shapes.weight("morphed_eyebrow_layer_grid_change", &[2, 64, 3, 3]);
                shapes.heads(&["morphed_eyebrow_layer_alpha", "combine_alpha"], 1);
                shapes.heads(&["morphed_eyebrow_layer_color_change"], 4);
            }
            Self::FaceMorpher => {
                shapes.encoder_decoder("", 4, 27);
                shapes.weight("iris_mouth_grid_change", &[2, 64, 3, 3]);
                shapes.heads(&["iris_mouth_alpha", "eye_alpha"], 1);
                shapes.heads(&["iris_mouth_color_change", "eye_color_change"], 4);
            }
            Self::BodyMorpher => shapes.u_net(&BODY_MORPHER_LEVELS),
            Self::Upscaler => {
                shapes.u_net(&UPSCALER_LEVELS);
                shapes.layer("coarse_image_conv", &[UPSCALER_LEVELS[0], 10, 3, 3]);
            }
        }
        shapes.0
    }
}

/// Widths of the body morpher's levels, finest first.
const BODY_MORPHER_LEVELS: [usize; 5] = [64, 128, 256, 256, 256];

/// Widths of the upscaler's levels, finest first.
const UPSCALER_LEVELS: [usize; 6] = [32, 64, 128, 256, 256, 256];

#[derive(Default)]
struct Shapes(BTreeMap<String, Vec<usize>>);

impl Shapes {
    fn weight(&mut self, key: &str, shape: &[usize]) {
        self.0.insert(format!("{key}.weight"), shape.to_vec());
    }

    /// A weight, and a bias of its first dimension.
    fn layer(&mut self, key: &str, shape: &[usize]) {
        self.weight(key, shape);
        self.0.insert(format!("{key}.bias"), vec![shape[0]]);
    }

    fn heads(&mut self, names: &[&str], channels: usize) {
        for name in names {
            self.layer(&format!("{name}.0"), &[channels, 64, 3, 3]);
        }
    }

    /// A convolution without bias and its norm.
    fn normed(&mut self, conv: &str, norm: &str, shape: [usize; 4], channels: usize) {
        self.weight(conv, &shape);
        self.layer(norm, &[channels]);
    }

    fn encoder_decoder(&mut self, prefix: &str, image: usize, pose: usize) {
        let mut block = |name: &str, shape, channels| {
            self.normed(&format!("{prefix}{name}.0"), &format!("{prefix}{name}.1"), shape, channels);
        };
        block("downsample_blocks.0", [64, image, 3, 3], 64);
        block("bottleneck_blocks.0", [512, 512 + pose, 3, 3], 512);
        for i in 0..3 {
            let (wide, narrow) = (512 >> i, 256 >> i);
            block(&format!("downsample_blocks.{}", 3 - i), [wide, narrow, 4, 4], wide);
            block(&format!("upsample_blocks.{i}"), [wide, narrow, 4, 4], narrow);
        }
        for i in 1..6 {
            let path = format!("{prefix}bottleneck_blocks.{i}.resnet_path");
            self.normed(&format!("{path}.0"), &format!("{path}.1"), [512, 512, 3, 3], 512);
            self.normed(&format!("{path}.3"), &format!("{path}.4"), [512, 512, 3, 3], 512);
        }
    }

    fn u_net(&mut self, levels: &[usize]) {
        let (first, last) = (levels[0], levels[levels.len() - 1]);
        self.layer("body.time_embed.1", &[EMBEDDING, first]);
        self.layer("body.time_embed.3", &[EMBEDDING, EMBEDDING]);
        self.layer("body.cond_embed.0", &[EMBEDDING, ROTATION]);
        self.layer("body.cond_embed.2", &[EMBEDDING, EMBEDDING]);
        self.layer("body.first_conv", &[first, 4, 3, 3]);
        let skips = self.down(levels);
        for i in 0..7 {
            match i % 2 {
                0 => self.res_block(&format!("body.middle_blocks.{i}"), last, last),
                _ => self.attention(&format!("body.middle_blocks.{i}.module"), last),
            }
        }
        self.up(levels, skips);
        self.layer("body.last.0", &[first]);
        self.layer("body.last.2", &[7, first, 3, 3]);
    }

    /// The way down; returns the widths for the way up.
    fn down(&mut self, levels: &[usize]) -> Vec<usize> {
        let mut skips = vec![levels[0]];
        for (i, &width) in levels.iter().enumerate() {
            let below = *skips.last().unwrap_or(&width);
            self.res_block(&format!("body.down_blocks.{i}.res_blocks.0"), below, width);
            skips.push(width);
            if i + 1 == levels.len() {
                self.attention(&format!("body.down_blocks.{i}.attention_blocks.0"), width);
            } else {
                self.res_block(&format!("body.down_blocks.{i}.downsample"), width, width);
                skips.push(width);
            }
        }
        skips
    }

    fn up(&mut self, levels: &[usize], mut skips: Vec<usize>) {
        let mut below = levels[levels.len() - 1];
        for (i, &width) in levels.iter().rev().enumerate() {
            for j in 0..2 {
                let skip = skips.pop().unwrap_or(0);
                self.res_block(&format!("body.up_blocks.{i}.resnet_blocks.{j}"), below + skip, width);
                below = width;
                if i == 0 {
                    self.attention(&format!("body.up_blocks.{i}.attention_blocks.{j}"), width);
                }
            }
            if i + 1 < levels.len() {
                self.res_block(&format!("body.up_blocks.{i}.upsample"), width, width);
            }
        }
    }

    fn res_block(&mut self, key: &str, from: usize, to: usize) {
        self.layer(&format!("{key}.norm0"), &[from]);
        self.layer(&format!("{key}.conv0"), &[to, from, 3, 3]);
        self.layer(&format!("{key}.cond0_layers.1"), &[2 * to, EMBEDDING]);
        self.layer(&format!("{key}.cond1_layers.1"), &[2 * to, EMBEDDING]);
        self.layer(&format!("{key}.norm1"), &[to]);
        self.layer(&format!("{key}.conv1"), &[to, to, 3, 3]);
        if from != to {
            self.layer(&format!("{key}.skip"), &[to, from, 1, 1]);
        }
    }

    fn attention(&mut self, key: &str, width: usize) {
        self.layer(&format!("{key}.norm"), &[width]);
        self.layer(&format!("{key}.qkv"), &[3 * width, width, 1, 1]);
        self.layer(&format!("{key}.conv"), &[width, width, 1, 1]);
    }
}
