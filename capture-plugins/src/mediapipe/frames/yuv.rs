//! Luma and colour differences to RGB: what cameras and raw video send.
//!
//! Eight bits, ITU-R BT.601, whose coefficients are those of webcams and of standard-definition video. Sixteen bits of
//! fraction; the tracker's networks cannot tell such rounding from the camera's noise.

use super::RgbFrame;

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

impl Weights {
    #[inline]
    fn rgb(self, y: u8, u: u8, v: u8) -> [u8; 3] {
        let y = (i32::from(y) - self.black) * self.luma + (1 << 15);
        let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
        [y + self.red_v * v, y - self.green_u * u - self.green_v * v, y + self.blue_u * u]
            .map(|value| (value >> 16).clamp(0, 255) as u8)
    }
}

/// Writes a row of pixels that share each colour difference in pairs; `pair` gives the pair's luma, then U and V.
fn write_pairs(row: &mut [u8], weights: Weights, pairs: impl Iterator<Item = ([u8; 2], u8, u8)>) {
    for (out, (luma, u, v)) in row.chunks_mut(6).zip(pairs) {
        for (pixel, y) in out.chunks_exact_mut(3).zip(luma) {
            pixel.copy_from_slice(&weights.rgb(y, u, v));
        }
    }
}

/// Decodes YUYV (YUY2): Y0 U Y1 V for two pixels, limited range. A camera's rows hold an even number of pixels.
///
/// # Errors
/// Bytes are missing.
pub fn decode_yuyv(data: &[u8], width: usize, height: usize, into: &mut RgbFrame) -> Result<(), Short> {
    let stride = 4 * width.div_ceil(2);
    check(data, stride * height, [width, height])?;
    let rows = into.resize(width, height).chunks_exact_mut((3 * width).max(1));
    for (row, line) in rows.zip(data.chunks_exact(stride.max(1))) {
        let pairs = line.as_chunks::<4>().0.iter().map(|&[first, u, second, v]| ([first, second], u, v));
        write_pairs(row, Range::Limited.weights(), pairs);
    }
    Ok(())
}

/// Decodes NV12: a plane of luma, then one of U and V in turn for every 2 x 2 pixels, limited range.
///
/// # Errors
/// Bytes are missing.
pub fn decode_nv12(data: &[u8], width: usize, height: usize, into: &mut RgbFrame) -> Result<(), Short> {
    let chroma = 2 * width.div_ceil(2);
    check(data, width * height + chroma * height.div_ceil(2), [width, height])?;
    let (luma, colour) = data.split_at(width * height);
    let rows = into.resize(width, height).chunks_exact_mut((3 * width).max(1));
    for (y, (row, line)) in rows.zip(luma.chunks_exact(width.max(1))).enumerate() {
        let colours = colour[y / 2 * chroma..][..chroma].as_chunks::<2>().0;
        let pairs = line.chunks(2).zip(colours).map(|(luma, &[u, v])| ([luma[0], luma[luma.len() - 1]], u, v));
        write_pairs(row, Range::Limited.weights(), pairs);
    }
    Ok(())
}

/// Decodes three planes, Y then U then V (I420 and its like), of a size that need not be even.
///
/// # Errors
/// Bytes are missing.
pub fn decode_planar(
    data: &[u8],
    [width, height]: [usize; 2],
    subsampling: Subsampling,
    range: Range,
    into: &mut RgbFrame,
) -> Result<(), Short> {
    check(data, subsampling.bytes(width, height), [width, height])?;
    let (luma, colour) = data.split_at(width * height);
    let weights = range.weights();
    let rows = into.resize(width, height).chunks_exact_mut((3 * width).max(1));
    let rows = rows.zip(luma.chunks_exact(width.max(1)));
    let Some((across, down)) = subsampling.steps() else {
        for (row, line) in rows {
            for (pixel, &y) in row.chunks_exact_mut(3).zip(line) {
                pixel.copy_from_slice(&weights.rgb(y, 128, 128));
            }
        }
        return Ok(());
    };
    let chroma = width.div_ceil(across);
    let (blue, red) = colour.split_at(chroma * height.div_ceil(down));
    for (y, (row, line)) in rows.enumerate() {
        let [blue, red] = [blue, red].map(|plane| &plane[y / down * chroma..][..chroma]);
        if across == 1 {
            for (pixel, ((&y, &u), &v)) in row.chunks_exact_mut(3).zip(line.iter().zip(blue).zip(red)) {
                pixel.copy_from_slice(&weights.rgb(y, u, v));
            }
        } else {
            let pairs = line.chunks(2).zip(blue.iter().zip(red));
            let pairs = pairs.map(|(luma, (&u, &v))| ([luma[0], luma[luma.len() - 1]], u, v));
            write_pairs(row, weights, pairs);
        }
    }
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
