//! Resamples a region of a picture to a network's input (`TRACKER.md` §2).
//!
//! Positions are rounded to 1/32 pixel and colours to a byte, so that every sample is a sum with four integer weights,
//! the same on every machine.

use super::{region::PixelRegion, view::Rgb8View};

/// The greatest output size in pixels.
const LARGEST_OUTPUT: usize = 256;
/// Positions are in fractions of a pixel: this many to one.
const STEPS: i32 = 32;
/// Positions are clamped to this distance in pixels.
const FARTHEST: f64 = 1e7;

/// What lies outside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Border {
    /// Black.
    Zero,
    /// The nearest pixel.
    Edge,
}

/// Resamples regions into squares.
pub(crate) struct Cropper {
    size: usize,
    border: Border,
    /// The network's input value for each byte.
    values: [f32; 256],
}

impl Cropper {
    /// Produces squares of `size` x `size` (at most 256), where `value_of` converts each byte.
    pub(crate) fn new(size: usize, border: Border, value_of: impl Fn(f32) -> f32) -> Self {
        Self { size: size.min(LARGEST_OUTPUT), border, values: std::array::from_fn(|byte| value_of(byte as f32)) }
    }

    /// Resamples `region` of `picture` into `planes`: `size` x `size` values of red, then green, then blue.
    pub(crate) fn crop(&self, picture: Rgb8View<'_>, region: &PixelRegion, planes: &mut [f32]) {
        let size = self.size;
        let mut along = [[0.0; 2]; LARGEST_OUTPUT];
        for (u, along) in along.iter_mut().enumerate() {
            let a = (u as f64 / size as f64 - 0.5) * region.width;
            *along = [a * region.cos, a * region.sin];
        }
        let (red, rest) = planes.split_at_mut(size * size);
        let (green, blue) = rest.split_at_mut(size * size);
        let rows = red.chunks_exact_mut(size).zip(green.chunks_exact_mut(size)).zip(blue.chunks_exact_mut(size));
        for (v, ((red, green), blue)) in rows.enumerate() {
            let b = (v as f64 / size as f64 - 0.5) * region.height;
            let start = [region.x - b * region.sin, region.y + b * region.cos];
            let positions = along.map(|along| [steps(start[0] + along[0]), steps(start[1] + along[1])]);
            for (((position, red), green), blue) in positions.iter().zip(red).zip(green).zip(blue) {
                let lanes = sample(picture, self.border, *position);
                *red = self.values[usize::from(lanes.0)];
                *green = self.values[usize::from(lanes.1)];
                *blue = self.values[usize::from(lanes.2)];
            }
        }
    }
}

/// A position in 1/32 pixels, rounding halves to even. The result for NaN is unspecified.
fn steps(position: f64) -> i32 {
    /// Adding 1.5 x 2^52 leaves the rounded integer in the low bits of the mantissa.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    (position.clamp(-FARTHEST, FARTHEST) * f64::from(STEPS) + WHOLE).to_bits() as i32
}

/// The colour at a position in 1/32 pixels: red, green, blue.
fn sample(picture: Rgb8View<'_>, border: Border, [x, y]: [i32; 2]) -> (u8, u8, u8) {
    let (column, row) = (x >> 5, y >> 5);
    let inside = inside(picture, column, row);
    let [top, bottom] = inside.unwrap_or_else(|| outside(picture, border, column, row));
    let (right, down) = ((x & (STEPS - 1)) as u64, (y & (STEPS - 1)) as u64);
    let (left, up) = (STEPS as u64 - right, STEPS as u64 - down);
    let mixed = (spread(top) * left + spread(top >> 24) * right) * up
        + (spread(bottom) * left + spread(bottom >> 24) * right) * down
        + spread(0x01_01_01) * 512;
    ((mixed >> 10) as u8, (mixed >> 31) as u8, (mixed >> 52) as u8)
}

/// The three low bytes, 21 bits apart to leave room for weighted sums; the weights add up to 1024.
fn spread(pixel: u64) -> u64 {
    (pixel & 0xff) | (pixel & 0xff00) << 13 | (pixel & 0xff_0000) << 26
}

/// The pixels at `column` and to its right, in `row` and below, as six bytes and two unused ones for each row. `None` if
/// any of these bytes is outside the picture's data.
fn inside(picture: Rgb8View<'_>, column: i32, row: i32) -> Option<[u64; 2]> {
    let (column, row) = (usize::try_from(column).ok()?, usize::try_from(row).ok()?);
    if column + 1 >= picture.width() || row + 1 >= picture.height() {
        return None;
    }
    let at = row * picture.stride() + 3 * column;
    let top = picture.data().get(at..)?.first_chunk()?;
    let bottom = picture.data().get(at + picture.stride()..)?.first_chunk()?;
    Some([u64::from_le_bytes(*top), u64::from_le_bytes(*bottom)])
}

/// The same near the border or the last bytes of the picture.
#[cold]
fn outside(picture: Rgb8View<'_>, border: Border, column: i32, row: i32) -> [u64; 2] {
    // Clamp to the first and last row or column.
    let nearest = |at: i32, count: usize| usize::try_from(at).unwrap_or(0).min(count - 1);
    let tap = |column: i32, row: i32| {
        let (x, y) = (nearest(column, picture.width()), nearest(row, picture.height()));
        if border == Border::Zero && (Ok(x), Ok(y)) != (column.try_into(), row.try_into()) {
            return 0;
        }
        let [red, green, blue] = picture.pixel(x, y);
        u64::from_le_bytes([red, green, blue, 0, 0, 0, 0, 0])
    };
    [0, 1].map(|below| tap(column, row + below) | tap(column + 1, row + below) << 24)
}

#[cfg(test)]
mod tests {
    use super::{super::region::Region, *};
    use proptest::prelude::*;

    /// A literal implementation of the specification, one pixel at a time.
    fn naive(picture: Rgb8View<'_>, region: &Region, border: Border, size: usize) -> Vec<f32> {
        let (width, height) = (picture.width() as f64, picture.height() as f64);
        let (sin, cos) = region.rotation.sin_cos();
        let mut planes = vec![0.0; 3 * size * size];
        for v in 0..size {
            for u in 0..size {
                let a = (u as f64 / size as f64 - 0.5) * region.width * width;
                let b = (v as f64 / size as f64 - 0.5) * region.height * height;
                let x = (32.0 * (region.x * width + a * cos - b * sin)).round_ties_even() as i64;
                let y = (32.0 * (region.y * height + a * sin + b * cos)).round_ties_even() as i64;
                for channel in 0..3 {
                    let tap = |column: i64, row: i64| {
                        let nearest = (column.clamp(0, width as i64 - 1), row.clamp(0, height as i64 - 1));
                        let there = border == Border::Edge || nearest == (column, row);
                        i64::from(there) * i64::from(picture.pixel(nearest.0 as usize, nearest.1 as usize)[channel])
                    };
                    let (column, row, right, down) = (x >> 5, y >> 5, x & 31, y & 31);
                    let sum = tap(column, row) * (32 - right) * (32 - down)
                        + tap(column + 1, row) * right * (32 - down)
                        + tap(column, row + 1) * (32 - right) * down
                        + tap(column + 1, row + 1) * right * down;
                    planes[channel * size * size + v * size + u] = ((sum + 512) >> 10) as f32;
                }
            }
        }
        planes
    }

    fn noise(bytes: usize, seed: u32) -> Vec<u8> {
        let mut state = seed | 1;
        let next = |_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 8) as u8
        };
        (0..bytes).map(next).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn every_region_is_resampled_as_specified(
            (width, height, gap) in (1usize..40, 1usize..40, 0usize..5),
            (x, y) in (-0.5..1.5, -0.5..1.5),
            (w, h, rotation) in (0.0..3.0, 0.0..3.0, -3.2..3.2),
            (edge, seed) in (any::<bool>(), any::<u32>()),
        ) {
            let stride = 3 * width + gap;
            let data = noise(stride * height, seed);
            let picture = Rgb8View::new(width, height, stride, &data).expect("a picture");
            let region = Region { x, y, width: w, height: h, rotation };
            let border = if edge { Border::Edge } else { Border::Zero };
            let mut planes = vec![f32::NAN; 3 * 16 * 16];
            let cropper = Cropper::new(16, border, |byte| byte);
            cropper.crop(picture, &region.in_pixels([width as f64, height as f64]), &mut planes);
            let expected = naive(picture, &region, border, 16);
            // Summing in another order may round a tie the other way.
            let different = planes.iter().zip(&expected).filter(|(a, b)| a != b).count();
            prop_assert!(different <= 6, "{different} differ");
        }

        #[test]
        fn any_region_gives_values_within_range(values in prop::array::uniform5(any::<f64>())) {
            let data = noise(3 * 7 * 5, 3);
            let picture = Rgb8View::packed(7, 5, &data).expect("a picture");
            let [x, y, width, height, rotation] = values;
            let region = Region { x, y, width, height, rotation }.in_pixels([7.0, 5.0]);
            let mut planes = vec![f32::NAN; 3 * 8 * 8];
            Cropper::new(8, Border::Edge, |byte| byte / 255.0).crop(picture, &region, &mut planes);
            prop_assert!(planes.iter().all(|value| (0.0..=1.0).contains(value)));
        }
    }

    #[test]
    fn the_whole_picture_at_its_own_size_is_unchanged() {
        let data = noise(3 * 16 * 16, 5);
        let picture = Rgb8View::packed(16, 16, &data).expect("a picture");
        let whole = Region { x: 0.5, y: 0.5, width: 1.0, height: 1.0, rotation: 0.0 }.in_pixels([16.0; 2]);
        let mut planes = vec![0.0; 3 * 16 * 16];
        Cropper::new(16, Border::Zero, |byte| byte).crop(picture, &whole, &mut planes);
        for (channel, plane) in planes.chunks_exact(256).enumerate() {
            for (at, value) in plane.iter().enumerate() {
                assert_eq!(*value, f32::from(data[3 * at + channel]));
            }
        }
    }
}
