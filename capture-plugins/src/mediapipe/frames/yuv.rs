//! YUV to RGB: what cameras and raw video send. Eight bits, ITU-R BT.601, as webcams and standard-definition video use.
//!
//! Written by hand, although the crate `yuv` 0.8.20 is faster (640 x 480 YUYV on one core: 0.15 ms against 0.5 ms here,
//! 1280 x 720: 0.4 ms against 1.5 ms): its YUYV is off by up to 2 levels, by 19 below black, and it takes 80 s to build.

use super::RgbFrame;
use pulp::{Arch, NullaryFnOnce};

/// Which numbers mean black and white.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// 16 to 235, colour differences 16 to 240: cameras and video.
    Limited,
    /// 0 to 255: JPEG.
    Full,
}

/// How many pixels share a colour difference, across and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subsampling {
    /// 4:2:0, two across and two down.
    S420,
    /// 4:2:2, two across.
    S422,
    /// 4:4:4, none.
    S444,
    /// Luma alone.
    Mono,
}

impl Subsampling {
    /// Pixels that share a colour difference, across and down; none without colour.
    const fn steps(self) -> Option<(usize, usize)> {
        match self {
            Self::S420 => Some((2, 2)),
            Self::S422 => Some((2, 1)),
            Self::S444 => Some((1, 1)),
            Self::Mono => None,
        }
    }

    /// Bytes of a picture's three planes.
    pub fn bytes(self, width: usize, height: usize) -> usize {
        width * height + self.steps().map_or(0, |(x, y)| 2 * width.div_ceil(x) * height.div_ceil(y))
    }
}

/// Fewer bytes than the picture's size needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has {found} bytes where {width} x {height} pixels need {needed}")]
pub struct Short {
    /// Bytes that are there.
    pub found: usize,
    /// Bytes that should be.
    pub needed: usize,
    /// Pixels from left to right.
    pub width: usize,
    /// Pixels from top to bottom.
    pub height: usize,
}

fn check(data: &[u8], needed: usize, [width, height]: [usize; 2]) -> Result<(), Short> {
    let found = data.len();
    if found < needed { Err(Short { found, needed, width, height }) } else { Ok(()) }
}

/// The weights of one range, in 1/65536.
#[derive(Clone, Copy)]
struct Weights {
    black: i32,
    luma: i32,
    red_v: i32,
    green_u: i32,
    green_v: i32,
    blue_u: i32,
}

impl Range {
    /// BT.601: R = Y + 1.402 V, G = Y - 0.344136 U - 0.714136 V, B = Y + 1.772 U; the limited range stretches luma by
    /// 255/219 and colour by 255/224.
    const fn weights(self) -> Weights {
        match self {
            Self::Full => {
                Weights { black: 0, luma: 65536, red_v: 91881, green_u: 22554, green_v: 46802, blue_u: 116_130 }
            }
            Self::Limited => {
                Weights { black: 16, luma: 76309, red_v: 104_597, green_u: 25675, green_v: 53279, blue_u: 132_201 }
            }
        }
    }
}

/// Pixels that are converted together: enough for the compiler to use vectors.
const BLOCK: usize = 64;

/// Luma and colour differences of some pixels in a row, one of each for every pixel.
struct Block {
    y: [u8; BLOCK],
    u: [u8; BLOCK],
    v: [u8; BLOCK],
}

impl Block {
    /// A block without colour.
    const GREY: Self = Self { y: [0; BLOCK], u: [128; BLOCK], v: [128; BLOCK] };
}

/// Converts a block to R, G, B, with the vectors that the processor has.
struct ToRgb<'a>(&'a Block, Weights);

impl NullaryFnOnce for ToRgb<'_> {
    type Output = [[u8; 3]; BLOCK];

    #[allow(clippy::inline_always, reason = "only what is inlined into the dispatch gets the vectors")]
    #[inline(always)]
    fn call(self) -> Self::Output {
        let Self(block, weights) = self;
        let (mut red, mut green, mut blue) = ([0; BLOCK], [0; BLOCK], [0; BLOCK]);
        let level = |value: i32| (value >> 16).clamp(0, 255) as u8;
        for i in 0..BLOCK {
            let y = (i32::from(block.y[i]) - weights.black) * weights.luma + (1 << 15);
            let (u, v) = (i32::from(block.u[i]) - 128, i32::from(block.v[i]) - 128);
            red[i] = level(y + weights.red_v * v);
            green[i] = level(y - weights.green_u * u - weights.green_v * v);
            blue[i] = level(y + weights.blue_u * u);
        }
        std::array::from_fn(|i| [red[i], green[i], blue[i]])
    }
}

/// Fills `into` with byte `OFFSET` of every `STEP` bytes of `from`, each for `SHARE` pixels in turn.
#[inline]
fn fill<const STEP: usize, const OFFSET: usize, const SHARE: usize>(into: &mut [u8; BLOCK], from: &[u8]) {
    for (pixels, group) in into.as_chunks_mut::<SHARE>().0.iter_mut().zip(from.as_chunks::<STEP>().0) {
        *pixels = [group[OFFSET]; SHARE];
    }
}

/// Converts a picture block by block; `read(block, x, y)` fills the block whose first pixel is at (x, y).
fn convert([width, height]: [usize; 2], range: Range, into: &mut RgbFrame, read: impl Fn(&mut Block, usize, usize)) {
    let rows = into.resize(width, height).chunks_exact_mut((3 * width).max(1));
    let (arch, weights, mut block) = (Arch::new(), range.weights(), Block::GREY);
    for (y, row) in rows.enumerate() {
        for (index, pixels) in row.chunks_mut(3 * BLOCK).enumerate() {
            read(&mut block, index * BLOCK, y);
            let rgb = arch.dispatch(ToRgb(&block, weights));
            pixels.copy_from_slice(&rgb.as_flattened()[..pixels.len()]);
        }
    }
}

/// Decodes YUYV (YUY2): Y0 U Y1 V for two pixels, limited range. A camera's rows hold an even number of pixels.
///
/// # Errors
/// When bytes are missing.
pub fn decode_yuyv(data: &[u8], width: usize, height: usize, into: &mut RgbFrame) -> Result<(), Short> {
    let stride = 4 * width.div_ceil(2);
    check(data, stride * height, [width, height])?;
    convert([width, height], Range::Limited, into, |block, x, y| {
        let line = &data[y * stride..][2 * x..stride];
        // An odd row's last pixel has its whole pair in the line.
        fill::<2, 0, 1>(&mut block.y, line);
        fill::<4, 1, 2>(&mut block.u, line);
        fill::<4, 3, 2>(&mut block.v, line);
    });
    Ok(())
}

/// Decodes NV12: a plane of luma, then one of U and V in turn for every 2 x 2 pixels, limited range.
///
/// # Errors
/// When bytes are missing.
pub fn decode_nv12(data: &[u8], width: usize, height: usize, into: &mut RgbFrame) -> Result<(), Short> {
    let stride = 2 * width.div_ceil(2);
    check(data, width * height + stride * height.div_ceil(2), [width, height])?;
    let (luma, colour) = data.split_at(width * height);
    convert([width, height], Range::Limited, into, |block, x, y| {
        let colour = &colour[y / 2 * stride..][x..stride];
        fill::<1, 0, 1>(&mut block.y, &luma[y * width..][x..width]);
        fill::<2, 0, 2>(&mut block.u, colour);
        fill::<2, 1, 2>(&mut block.v, colour);
    });
    Ok(())
}

/// Decodes three planes, Y then U then V (I420 and its like), of a size that need not be even.
///
/// # Errors
/// When bytes are missing.
pub fn decode_planar(
    data: &[u8],
    [width, height]: [usize; 2],
    subsampling: Subsampling,
    range: Range,
    into: &mut RgbFrame,
) -> Result<(), Short> {
    check(data, subsampling.bytes(width, height), [width, height])?;
    let (luma, colour) = data.split_at(width * height);
    let (across, down) = subsampling.steps().unwrap_or((1, 1));
    let stride = width.div_ceil(across);
    let plane = if subsampling == Subsampling::Mono { 0 } else { stride * height.div_ceil(down) };
    let (blue, red) = colour[..2 * plane].split_at(plane);
    convert([width, height], range, into, |block, x, y| {
        fill::<1, 0, 1>(&mut block.y, &luma[y * width..][x..width]);
        if plane == 0 {
            return; // a block without colour stays grey
        }
        for (into, plane) in [(&mut block.u, blue), (&mut block.v, red)] {
            let line = &plane[y / down * stride..][x / across..stride];
            if across == 1 { fill::<1, 0, 1>(into, line) } else { fill::<1, 0, 2>(into, line) }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Red, from BT.601 by hand: Y = 0.299, U = -0.168736, V = 0.5.
    const RED: [u8; 3] = [81, 90, 240];

    fn near(found: [u8; 3], wanted: [u8; 3]) -> bool {
        found.iter().zip(wanted).all(|(&a, b)| a.abs_diff(b) <= 1)
    }

    fn pixel(frame: &RgbFrame, x: usize, y: usize) -> [u8; 3] {
        frame.view().expect("a picture").pixel(x, y)
    }

    #[test]
    fn black_white_and_red_are_themselves_in_every_layout() {
        let mut frame = RgbFrame::default();
        let [y, u, v] = RED;
        decode_yuyv(&[y, u, y, v, 16, 128, 235, 128], 2, 2, &mut frame).expect("8 bytes");
        assert!(near(pixel(&frame, 1, 0), [255, 0, 0]) && near(pixel(&frame, 0, 1), [0; 3]), "{:?}", frame.data);
        assert!(near(pixel(&frame, 1, 1), [255; 3]));
        decode_nv12(&[y, y, y, y, u, v], 2, 2, &mut frame).expect("6 bytes");
        assert!(near(pixel(&frame, 1, 1), [255, 0, 0]), "{:?}", frame.data);
        for (subsampling, colours) in [(Subsampling::S420, 1), (Subsampling::S422, 2), (Subsampling::S444, 4)] {
            let data = [vec![y; 4], vec![u; colours], vec![v; colours]].concat();
            decode_planar(&data, [2, 2], subsampling, Range::Limited, &mut frame).expect("all bytes");
            assert!(near(pixel(&frame, 1, 1), [255, 0, 0]), "{subsampling:?}: {:?}", frame.data);
        }
        decode_planar(&[0, 255], [2, 1], Subsampling::Mono, Range::Full, &mut frame).expect("2 bytes");
        assert_eq!((pixel(&frame, 0, 0), pixel(&frame, 1, 0)), ([0; 3], [255; 3]));
    }

    #[test]
    fn an_odd_size_keeps_its_last_column_and_row() {
        let mut frame = RgbFrame::default();
        let grey = [vec![126; 9], vec![128; 8]].concat();
        decode_planar(&grey, [3, 3], Subsampling::S420, Range::Limited, &mut frame).expect("17 bytes");
        assert!(near(pixel(&frame, 2, 2), [128; 3]) && frame.data.len() == 27);
        decode_nv12(&grey, 3, 3, &mut frame).expect("17 bytes");
        assert!(near(pixel(&frame, 2, 2), [128; 3]));
        decode_yuyv(&[126, 128, 126, 128, 126, 128, 126, 128], 3, 1, &mut frame).expect("8 bytes");
        assert!(near(pixel(&frame, 2, 0), [128; 3]) && frame.data.len() == 9);
    }

    proptest! {
        #[test]
        fn any_bytes_at_any_size_are_a_picture_or_too_short(
            data in prop::collection::vec(any::<u8>(), 0..200), width in 0..12_usize, height in 0..12_usize,
        ) {
            let mut frame = RgbFrame::default();
            let mut whole = vec![
                decode_yuyv(&data, width, height, &mut frame).map(|()| frame.data.len()),
                decode_nv12(&data, width, height, &mut frame).map(|()| frame.data.len()),
            ];
            for subsampling in [Subsampling::S420, Subsampling::S422, Subsampling::S444, Subsampling::Mono] {
                let read = decode_planar(&data, [width, height], subsampling, Range::Full, &mut frame);
                prop_assert_eq!(read.is_ok(), data.len() >= subsampling.bytes(width, height));
                whole.push(read.map(|()| frame.data.len()));
            }
            for length in whole.into_iter().flatten() {
                prop_assert_eq!(length, 3 * width * height);
            }
        }
    }
}
