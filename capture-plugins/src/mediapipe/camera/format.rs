//! Choosing the format to request of a camera, by latency, and decoding the uncompressed ones.

use super::super::frames::RgbFrame;
use nokhwa::utils::{CameraFormat, FrameFormat, Resolution};
use std::cmp::Ordering;

/// The formats that can be decoded, fastest first: uncompressed ones need hardly any decoding and, at these sizes, take
/// no longer to transfer.
pub(super) const KNOWN: [FrameFormat; 6] = [
    FrameFormat::YUYV,
    FrameFormat::NV12,
    FrameFormat::MJPEG,
    FrameFormat::RAWRGB,
    FrameFormat::RAWBGR,
    FrameFormat::GRAY,
];

/// The format to request of a camera; it delivers the nearest it has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CameraWish {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
}

impl Default for CameraWish {
    /// 640 x 480, which is more detail than the tracker's networks use, at the highest rate of common cameras.
    fn default() -> Self {
        Self { width: 640, height: 480, fps: 60 }
    }
}

impl CameraWish {
    /// The request as a camera format.
    pub(super) fn as_format(&self, format: FrameFormat, fps: u32) -> CameraFormat {
        CameraFormat::new(Resolution::new(self.width, self.height), format, fps)
    }

    /// How far `format` is from the request: by size, then rate, then decoding cost. Smaller is better.
    fn distance(&self, format: &CameraFormat) -> (f64, f64, usize) {
        let log_ratio = |a: u32, b: u32| (f64::from(a.max(1)) / f64::from(b.max(1))).ln().abs();
        let size = log_ratio(format.width(), self.width) + log_ratio(format.height(), self.height);
        let rate = log_ratio(format.frame_rate(), self.fps);
        let cost = KNOWN.iter().position(|known| *known == format.format()).unwrap_or(KNOWN.len());
        (size, rate, cost)
    }
}

/// The decodable format of `formats` nearest to `wish`.
pub(super) fn best(formats: &[CameraFormat], wish: &CameraWish) -> Option<CameraFormat> {
    let known = formats.iter().filter(|format| {
        KNOWN.contains(&format.format()) && format.width() > 0 && format.height() > 0 && format.frame_rate() > 0
    });
    known.copied().min_by(|a, b| compare(wish.distance(a), wish.distance(b)))
}

fn compare(a: (f64, f64, usize), b: (f64, f64, usize)) -> Ordering {
    a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2))
}

/// Decodes an uncompressed RGB, BGR or grey frame.
///
/// # Errors
/// Bytes are missing, or the format is another.
pub(super) fn decode_plain(
    format: FrameFormat,
    raw: &[u8],
    [width, height]: [usize; 2],
    frame: &mut RgbFrame,
) -> Result<(), String> {
    let bytes = if format == FrameFormat::GRAY { 1 } else { 3 };
    let needed = bytes * width * height;
    let raw = raw.get(..needed).ok_or_else(|| format!("it has {} bytes, but its size needs {needed}", raw.len()))?;
    let pixels = frame.resize(width, height).as_chunks_mut::<3>().0;
    match format {
        FrameFormat::GRAY => pixels.iter_mut().zip(raw).for_each(|(pixel, &grey)| *pixel = [grey; 3]),
        FrameFormat::RAWBGR => {
            pixels.iter_mut().zip(raw.as_chunks::<3>().0).for_each(|(pixel, &[b, g, r])| *pixel = [r, g, b]);
        }
        FrameFormat::RAWRGB => pixels.as_flattened_mut().copy_from_slice(raw),
        other => return Err(format!("its format {other} is not supported")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(width: u32, height: u32, format: FrameFormat, fps: u32) -> CameraFormat {
        CameraFormat::new(Resolution::new(width, height), format, fps)
    }

    /// The formats of a common webcam.
    fn webcam() -> Vec<CameraFormat> {
        use FrameFormat::{MJPEG, YUYV};
        vec![
            format(1920, 1080, YUYV, 5),
            format(1920, 1080, MJPEG, 30),
            format(1280, 720, MJPEG, 60),
            format(640, 480, MJPEG, 30),
            format(640, 480, YUYV, 30),
            format(640, 480, YUYV, 15),
            format(320, 240, YUYV, 60),
        ]
    }

    #[test]
    fn the_format_with_the_lowest_latency_at_the_requested_size_is_chosen() {
        let chosen = best(&webcam(), &CameraWish::default());
        assert_eq!(chosen, Some(format(640, 480, FrameFormat::YUYV, 30)));
        let faster = [webcam(), vec![format(640, 480, FrameFormat::MJPEG, 60)]].concat();
        assert_eq!(best(&faster, &CameraWish::default()), Some(format(640, 480, FrameFormat::MJPEG, 60)));
        let large = CameraWish { width: 1920, height: 1080, fps: 30 };
        assert_eq!(best(&webcam(), &large), Some(format(1920, 1080, FrameFormat::MJPEG, 30)));
    }

    #[test]
    fn formats_without_pixels_or_rate_are_skipped() {
        let broken = [format(0, 0, FrameFormat::YUYV, 30), format(640, 480, FrameFormat::YUYV, 0)];
        assert_eq!(best(&broken, &CameraWish::default()), None);
    }

    #[test]
    fn uncompressed_formats_decode_to_rgb() {
        let mut frame = RgbFrame::default();
        for (format, raw, wanted) in [
            (FrameFormat::RAWRGB, &[1, 2, 3][..], [1, 2, 3]),
            (FrameFormat::RAWBGR, &[1, 2, 3], [3, 2, 1]),
            (FrameFormat::GRAY, &[7, 99], [7, 7, 7]),
        ] {
            decode_plain(format, raw, [1, 1], &mut frame).expect("enough bytes");
            assert_eq!(frame.data, wanted);
        }
        assert!(decode_plain(FrameFormat::RAWRGB, &[1, 2], [1, 1], &mut frame).is_err_and(|why| why.contains('3')));
    }
}
