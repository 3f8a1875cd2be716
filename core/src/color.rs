//! Colour: 8-bit sRGB outside, linear-light premultiplied planes in [-1, 1] inside (`core/spec/images.md`).
//!
//! Planes are `[4, pixels]`: red, green, blue, alpha, row by row; pictures are four (or three) bytes a pixel. The
//! `encode_*` functions turn a student's output into what a picture file, a compositor or an opaque window expects. They
//! allocate nothing.

use std::sync::LazyLock;

/// Alpha below this counts as fully transparent: dividing by it would only magnify the student's noise
/// (`core/spec/images.md`, Out of the networks).
pub const LEAST_ALPHA: f32 = 1.0 / 512.0;

/// The linear light of an sRGB value, both in [0, 1]; values outside are clamped first. IEC 61966-2-1.
pub fn srgb_to_linear(value: f64) -> f64 {
    let value = value.clamp(0.0, 1.0);
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// The sRGB value of linear light, both in [0, 1]; values outside are clamped first. IEC 61966-2-1.
pub fn linear_to_srgb(light: f64) -> f64 {
    /// Where the straight part and the curve meet (`core/spec/images.md`).
    const KNEE: f64 = 0.003_130_804_953_560_372;
    let light = light.clamp(0.0, 1.0);
    if light <= KNEE { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// The linear light in [0, 1] of an 8-bit sRGB value.
pub fn linear_from_srgb8(value: u8) -> f32 {
    TABLES.linear[usize::from(value)]
}

/// The 8-bit sRGB value nearest to linear light; values outside [0, 1] are clamped, NaN is 0.
pub fn srgb8_from_linear(light: f32) -> u8 {
    TABLES.encode(light)
}

/// Straight-alpha 8-bit sRGB pixels as planes in the networks' convention: linear light times alpha, and alpha, each
/// mapped from [0, 1] to [-1, 1] (`core/spec/images.md`). Bytes after the last whole pixel are ignored.
pub fn planes_from_rgba8(pixels: &[u8]) -> Vec<f32> {
    let count = pixels.len() / 4;
    let mut planes = vec![0.0; 4 * count];
    for (index, &[red, green, blue, alpha]) in pixels.as_chunks::<4>().0.iter().enumerate() {
        let alpha = f32::from(alpha) / 255.0;
        for (channel, value) in [red, green, blue].into_iter().enumerate() {
            planes[channel * count + index] = linear_from_srgb8(value) * alpha * 2.0 - 1.0;
        }
        planes[3 * count + index] = alpha * 2.0 - 1.0;
    }
    planes
}

/// Straight alpha, as PNG files hold it: colour divided by alpha in linear light, then encoded; where alpha is less than
/// [`LEAST_ALPHA`], all zero.
///
/// # Panics
/// Unless `out` has a byte for each of the planes' values.
pub fn encode_straight(planes: &[f32], out: &mut [u8]) {
    let tables = &*TABLES;
    encode(planes, out, |_, [red, green, blue, alpha]| {
        // NaN counts as transparent.
        if !(LEAST_ALPHA..).contains(&alpha) {
            return [0; 4];
        }
        let straight = |light: f32| tables.encode(light / alpha);
        [straight(red), straight(green), straight(blue), byte(alpha)]
    });
}

/// Colour encoded first and then multiplied by alpha, as compositors and browser sources expect it. No colour is above
/// its alpha. Within one level of exact, since the straight colour is rounded to 8 bits first.
///
/// # Panics
/// Unless `out` has a byte for each of the planes' values.
pub fn encode_premultiplied(planes: &[f32], out: &mut [u8]) {
    let tables = &*TABLES;
    encode(planes, out, |_, [red, green, blue, alpha]| {
        if !(LEAST_ALPHA..).contains(&alpha) {
            return [0; 4];
        }
        let multiplied = |light: f32| (f32::from(tables.encode(light / alpha)) * alpha + 0.5) as u8;
        [multiplied(red), multiplied(green), multiplied(blue), byte(alpha)]
    });
}

/// The backdrop of an opaque frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backdrop<'a> {
    /// One sRGB colour everywhere.
    Colour([u8; 3]),
    /// An sRGB picture of the frame's own size, three bytes a pixel.
    Picture(&'a [u8]),
}

/// Composites over a backdrop in linear light; every pixel becomes opaque.
///
/// # Panics
/// Unless `out` has a byte for each of the planes' values, and a backdrop's picture three bytes a pixel.
pub fn encode_over(planes: &[f32], backdrop: Backdrop<'_>, out: &mut [u8]) {
    let tables = &*TABLES;
    let over = |[red, green, blue, alpha]: [f32; 4], behind: [u8; 3]| {
        let through = 1.0 - alpha;
        let light = |light: f32, behind: u8| tables.encode(light + through * tables.linear[usize::from(behind)]);
        [light(red, behind[0]), light(green, behind[1]), light(blue, behind[2]), u8::MAX]
    };
    match backdrop {
        Backdrop::Colour(colour) => encode(planes, out, |_, pixel| over(pixel, colour)),
        Backdrop::Picture(picture) => {
            assert_eq!(picture.len() / 3, planes.len() / 4, "the backdrop must have the frame's size");
            let picture = picture.as_chunks::<3>().0;
            encode(planes, out, |index, pixel| over(pixel, picture[index]));
        }
    }
}

/// The reference's own conversion, for comparison with its pictures only: colour stays multiplied by alpha and is
/// encoded as if it were straight, so its edges are dark (`core/spec/images.md`, Out of the networks).
///
/// # Panics
/// Unless `out` has a byte for each of the planes' values.
pub fn encode_reference(planes: &[f32], out: &mut [u8]) {
    let tables = &*TABLES;
    encode(planes, out, |_, [red, green, blue, alpha]| {
        [tables.encode(red), tables.encode(green), tables.encode(blue), byte(alpha)]
    });
}

/// Calls `pixel` with each pixel's index and its values, mapped and clamped to [0, 1].
#[inline]
fn encode(planes: &[f32], out: &mut [u8], pixel: impl Fn(usize, [f32; 4]) -> [u8; 4]) {
    assert_eq!(planes.len(), out.len(), "a byte for each value");
    let (colour, alpha) = planes.split_at(planes.len() / 4 * 3);
    let (red, rest) = colour.split_at(alpha.len());
    let (green, blue) = rest.split_at(alpha.len());
    let unit = |value: f32| (value * 0.5 + 0.5).clamp(0.0, 1.0);
    let values = red.iter().zip(green).zip(blue).zip(alpha);
    for (index, (out, (((&r, &g), &b), &a))) in out.as_chunks_mut::<4>().0.iter_mut().zip(values).enumerate() {
        *out = pixel(index, [r, g, b, a].map(unit));
    }
}

/// A value in [0, 1] as the nearest of 256 levels.
fn byte(value: f32) -> u8 {
    (value * 255.0 + 0.5) as u8
}

/// Buckets of equal width over [0, 1]. Finer than the closest two thresholds (1 / (255 * 12.92) apart), so that no
/// bucket holds more than one.
const BUCKETS: usize = 4096;

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::new);

/// Both directions between linear light and 8-bit sRGB, without a power function.
struct Tables {
    /// The linear light of each level.
    linear: [f32; 256],
    /// The least light that rounds to level `i + 1`; the last is beyond all light.
    thresholds: [f32; 256],
    /// The level of the light at each bucket's lower edge; one more bucket for light 1 itself.
    levels: [u8; BUCKETS + 1],
}

impl Tables {
    fn new() -> Self {
        let linear = std::array::from_fn(|level| srgb_to_linear(level as f64 / 255.0) as f32);
        let thresholds = std::array::from_fn(|level| match level {
            255 => f32::INFINITY,
            _ => at_least(srgb_to_linear((level as f64 + 0.5) / 255.0)),
        });
        let levels = std::array::from_fn(|bucket| {
            let edge = bucket as f32 / BUCKETS as f32;
            thresholds.partition_point(|&threshold| threshold <= edge) as u8
        });
        Self { linear, thresholds, levels }
    }

    #[inline]
    fn encode(&self, light: f32) -> u8 {
        // A cast turns NaN into 0, and `BUCKETS` is a power of two, so the product is exact.
        let light = light.clamp(0.0, 1.0);
        let level = self.levels[(light * BUCKETS as f32) as usize];
        level + u8::from(light >= self.thresholds[usize::from(level)])
    }
}

/// The least float32 that is not below `value`, which is positive.
fn at_least(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) < value { near.next_up() } else { near }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition that the tables must agree with.
    fn exact(light: f32) -> u8 {
        (linear_to_srgb(f64::from(light)) * 255.0).round() as u8
    }

    #[test]
    fn the_table_rounds_like_the_formula() {
        let near_thresholds = TABLES.thresholds[..255].iter().flat_map(|&at| [at.next_down(), at, at.next_up()]);
        let steps = (0..=1_000_000).map(|i| i as f32 / 1e6);
        for light in near_thresholds.chain(steps) {
            let (table, formula) = (srgb8_from_linear(light), exact(light));
            // The two curves of the standard are each other's inverse to 1e-8 only, so ties may fall either way.
            let tie = (linear_to_srgb(f64::from(light)) * 255.0).fract() - 0.5;
            assert!(table == formula || tie.abs() < 1e-4, "{light}: {table} {formula}");
        }
    }

    #[test]
    fn light_beyond_the_range_is_clamped() {
        assert_eq!([-1.0, 2.0, f32::INFINITY, f32::NAN].map(srgb8_from_linear), [0, 255, 255, 0]);
    }

    /// Every colour with every alpha survives the way in and out; fully transparent pixels lose their colour.
    #[test]
    fn pictures_survive_the_round_trip() {
        let pixels = (0..=255).flat_map(|alpha| (0..=255).map(move |c| [c, 255 - c, c / 2, alpha])).collect::<Vec<_>>();
        let mut out = vec![0; pixels.len() * 4];
        encode_straight(&planes_from_rgba8(pixels.as_flattened()), &mut out);
        for (&pixel, &back) in pixels.iter().zip(out.as_chunks::<4>().0) {
            assert_eq!(back, if pixel[3] == 0 { [0; 4] } else { pixel });
        }
    }

    /// One pixel through one of the encoders.
    fn one(encode: impl Fn(&[f32], &mut [u8]), pixel: [f32; 4]) -> [u8; 4] {
        let mut out = [0; 4];
        encode(&pixel.map(|value| value * 2.0 - 1.0), &mut out);
        out
    }

    /// An edge of one colour: every alpha over black, white and magenta. A compositor that works in linear light, given
    /// the straight PNG, must see what we composite ourselves: no darker, no brighter fringe.
    #[test]
    fn an_edge_has_no_fringe() {
        let colour = [0.8, 0.02, 0.3];
        for alpha in (2..=256).map(|step| step as f32 / 256.0) {
            let pixel = [colour[0] * alpha, colour[1] * alpha, colour[2] * alpha, alpha];
            let straight = one(encode_straight, pixel);
            for behind in [[0, 0, 0], [255, 255, 255], [255, 0, 255]] {
                let ours = one(|planes, out| encode_over(planes, Backdrop::Colour(behind), out), pixel);
                for channel in 0..3 {
                    // The PNG's alpha has 256 levels, too; linear light is what the two roundings are allowed to move.
                    let a = f32::from(straight[3]) / 255.0;
                    let theirs =
                        linear_from_srgb8(straight[channel]) * a + linear_from_srgb8(behind[channel]) * (1.0 - a);
                    let difference = (theirs - linear_from_srgb8(ours[channel])).abs();
                    assert!(difference < 0.008, "alpha {alpha}, over {behind:?}, channel {channel}: {difference}");
                }
            }
        }
    }

    /// The colour of an edge stays the colour of the inside, whatever the alpha; the reference's own gets darker.
    #[test]
    fn an_edges_straight_colour_is_the_insides() {
        for alpha in [0.01, 0.1, 0.5, 0.99] {
            let pixel = [0.8 * alpha, 0.02 * alpha, 0.3 * alpha, alpha];
            assert_eq!(one(encode_straight, pixel)[..3], [0.8, 0.02, 0.3].map(exact));
            assert!(one(encode_reference, pixel)[0] < exact(0.8));
        }
    }

    #[test]
    fn almost_nothing_is_nothing() {
        for encode in [encode_straight, encode_premultiplied] {
            assert_eq!(one(encode, [0.5, 0.5, 0.5, 0.0019]), [0; 4]);
            assert_eq!(one(encode, [0.5, 0.5, 0.5, f32::NAN]), [0; 4]);
            assert_eq!(one(encode, [0.002, 0.0, 0.0, 0.002])[3], 1);
        }
    }

    #[test]
    fn a_picture_behind_shows_through() {
        let planes = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0_f32].map(|value| value * 2.0 - 1.0);
        let mut out = [0; 8];
        encode_over(&planes, Backdrop::Picture(&[10, 20, 30, 40, 50, 60]), &mut out);
        assert_eq!(out, [10, 20, 30, 255, 0, 0, 0, 255]);
    }

    proptest! {
        /// Within one level of the exact value, and never brighter than its alpha, which a compositor would show as glow.
        #[test]
        fn premultiplied_colour_is_near_and_never_glows(light in 0_f32..1.2, alpha in LEAST_ALPHA..1.0) {
            let [value, _, _, opacity] = one(encode_premultiplied, [light * alpha, 0.0, 0.0, alpha]);
            let exact = linear_to_srgb(f64::from(light)) * f64::from(alpha) * 255.0;
            prop_assert!(value <= opacity);
            prop_assert!((f64::from(value) - exact).abs() <= 1.01, "{} {}", value, exact);
        }
    }
}
