//! Made-up characters, for tests and benchmarks that must not depend on files: a drawn figure and networks of
//! random weights. They look like nothing, but every parameter of a pose moves them.

use super::{BodyMorpher, CharacterImage, CharacterModel, FaceMorpher, IMAGE_SIZE, Linear};
use crate::{
    color,
    pose::{FACE_POSE_LEN, POSE_LEN},
    random::SplitMix64,
};

/// Outputs of every sine layer of a student.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths<'a> {
    /// The face morpher's layers.
    pub face: &'a [usize],
    /// The layers of the body morpher's levels.
    pub body: [&'a [usize]; 3],
}

/// A student that runs in milliseconds everywhere. No two neighbouring widths are equal, so a transposed matrix shows.
pub const TINY: Widths<'_> = Widths { face: &[16, 20], body: [&[24, 12], &[16, 10], &[12, 8]] };

/// The architecture of the published students (`core/spec/student.md`).
pub const STANDARD: Widths<'_> = Widths { face: &[128; 8], body: [&[360, 360, 180], &[180, 180, 90], &[90, 90, 90]] };

/// A character with a [`TINY`] student. The same seed gives the same character.
pub fn tiny_character(seed: u64) -> CharacterModel {
    character(seed, TINY)
}

/// A character with a student of any widths. The same seed and widths give the same character.
///
/// # Panics
/// If a stack has no layer.
pub fn character(seed: u64, widths: Widths<'_>) -> CharacterModel {
    let mut random = SplitMix64::new(seed);
    let face = face(&mut random, widths.face);
    let body = body(&mut random, widths.body);
    CharacterModel { name: format!("sample-{seed}"), image: picture(), face, body }
}

fn face(random: &mut SplitMix64, widths: &[usize]) -> FaceMorpher {
    let sine = stack(random, 2 + FACE_POSE_LEN, widths, true);
    // An opaque face of varying colour around a middle one.
    let last = last(random, widths, &[(0.1, 0.25), (-0.1, 0.25), (-0.2, 0.25), (0.9, 0.05)]);
    FaceMorpher { sine, last }
}

fn body(random: &mut SplitMix64, widths: [&[usize]; 3]) -> BodyMorpher {
    let mut features = 0;
    let levels = [0, 1, 2].map(|level: usize| {
        let layers = stack(random, features + 2 + POSE_LEN, widths[level], level == 0);
        features = widths[level][widths[level].len() - 1];
        layers
    });
    // A small warp, and a little of another picture blended in.
    let change = [(0.0, 0.05), (0.0, 0.05), (0.1, 0.1), (0.0, 0.3), (0.0, 0.3), (0.0, 0.3), (0.5, 0.3)];
    BodyMorpher { levels, last: last(random, widths[2], &change) }
}

/// Sine layers within the ranges of SIREN's initialisation, which keep sines of sines lively at any depth: 1 / inputs
/// for a network's first layer, sqrt(6 / inputs) / 30 for the others (`distill/spec/distiller.md`).
fn stack(random: &mut SplitMix64, mut inputs: usize, widths: &[usize], first: bool) -> Vec<Linear> {
    let layer = |(index, &outputs): (usize, &usize)| {
        let bound = if first && index == 0 { 1.0 / inputs as f32 } else { (6.0 / inputs as f32).sqrt() / 30.0 };
        let weight = values(random, inputs * outputs, bound);
        let bias = values(random, outputs, 1.0 / (inputs as f32).sqrt());
        let layer = Linear { inputs, outputs, weight, bias };
        inputs = outputs;
        layer
    };
    widths.iter().enumerate().map(layer).collect()
}

/// A last layer whose channels have about these means and spreads.
fn last(random: &mut SplitMix64, widths: &[usize], channels: &[(f32, f32)]) -> Linear {
    let inputs = widths[widths.len() - 1];
    // A sine's mean square is 1/2, a uniform weight's is bound^2 / 3.
    let bound = |spread: f32| spread * (6.0 / inputs as f32).sqrt();
    let weight = channels.iter().flat_map(|&(_, spread)| values(random, inputs, bound(spread))).collect();
    Linear { inputs, outputs: channels.len(), weight, bias: channels.iter().map(|&(mean, _)| mean).collect() }
}

/// A figure with soft edges on a transparent ground: shoulders, a head where the face window is, two eyes.
fn picture() -> CharacterImage {
    /// Centre (x, y), radii, sRGB colour and opacity.
    type Ellipse = ([f32; 2], [f32; 2], [u8; 3], f32);
    /// From back to front.
    const ELLIPSES: [Ellipse; 5] = [
        ([256.0, 470.0], [170.0, 220.0], [70, 90, 160], 1.0),
        ([256.0, 120.0], [110.0, 110.0], [90, 50, 40], 0.8),
        ([256.0, 150.0], [75.0, 90.0], [250, 220, 200], 1.0),
        ([226.0, 145.0], [12.0, 18.0], [30, 60, 90], 1.0),
        ([286.0, 145.0], [12.0, 18.0], [30, 60, 90], 1.0),
    ];
    let mut planes = vec![0.0_f32; 4 * IMAGE_SIZE * IMAGE_SIZE];
    for index in 0..IMAGE_SIZE * IMAGE_SIZE {
        let (x, y) = ((index % IMAGE_SIZE) as f32 + 0.5, (index / IMAGE_SIZE) as f32 + 0.5);
        for (centre, radii, colour, opacity) in ELLIPSES {
            let distance = ((x - centre[0]) / radii[0]).hypot((y - centre[1]) / radii[1]);
            // About two pixels from inside to outside.
            let alpha = opacity * ((1.0 - distance) * radii[0] / 2.0 + 0.5).clamp(0.0, 1.0);
            let source = [0, 1, 2].map(|channel: usize| color::linear_from_srgb8(colour[channel]));
            for (channel, light) in source.into_iter().chain([1.0]).enumerate() {
                let value = &mut planes[channel * IMAGE_SIZE * IMAGE_SIZE + index];
                *value += (light - *value) * alpha;
            }
        }
    }
    for value in &mut planes {
        *value = *value * 2.0 - 1.0;
    }
    // By way of 8 bits, so that the picture is exactly what its PNG will give again.
    let mut pixels = vec![0; planes.len()];
    color::encode_straight(&planes, &mut pixels);
    CharacterImage { planes: color::planes_from_rgba8(&pixels) }
}

/// Values spread evenly over -`bound` to `bound`.
fn values(random: &mut SplitMix64, count: usize, bound: f32) -> Vec<f32> {
    (0..count).map(|_| (2.0 * random.unit_f32() - 1.0) * bound).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_the_whole_character() {
        assert_eq!(tiny_character(5), tiny_character(5));
        assert_ne!(tiny_character(5).face, tiny_character(6).face);
    }

    #[test]
    fn the_standard_sample_has_the_published_size() {
        let model = character(1, STANDARD);
        let face = model.face.layers().map(Linear::parameters).sum::<usize>();
        let body = model.body.layers().map(Linear::parameters).sum::<usize>();
        // core/spec/student.md.
        assert_eq!((face, body), (121_476, 331_567));
    }

    #[test]
    fn the_picture_has_transparent_soft_and_opaque_parts() {
        let alpha = &picture().planes[3 * IMAGE_SIZE * IMAGE_SIZE..];
        assert_eq!((alpha[0], alpha[150 * IMAGE_SIZE + 256]), (-1.0, 1.0));
        assert!(alpha.iter().filter(|value| value.abs() < 0.9).count() > 1000);
    }
}
