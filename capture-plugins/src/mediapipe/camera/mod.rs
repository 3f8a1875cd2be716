//! Webcams, through nokhwa: Video4Linux on Linux, `AVFoundation` on macOS, Media Foundation on Windows.

mod choice;
mod format;
mod trouble;

use super::frames::{
    FrameError, FrameInfo, FrameSource, RgbFrame,
    jpeg::decode_jpeg,
    name_by_number,
    yuv::{decode_nv12, decode_yuyv},
};
pub use choice::{CameraChoice, FoundCamera, found};
pub use format::CameraWish;
use nokhwa::{
    Camera, NokhwaError,
    utils::{CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType},
};
use std::{
    sync::mpsc,
    time::{Duration, Instant},
};
use trouble::Trouble;

/// How long to wait for the user to allow the camera, where the system asks.
const PERMISSION_TIMEOUT: Duration = Duration::from_mins(1);

/// How many damaged frames in a row mean that the camera is broken.
const MOST_DAMAGED: usize = 30;

/// A running camera.
pub struct CameraSource {
    camera: Camera,
    name: String,
    format: CameraFormat,
    index: u64,
    damaged: usize,
}

impl CameraSource {
    /// Opens a camera in the format nearest to `wish`, and starts it.
    ///
    /// # Errors
    /// There is no such camera, another program uses it, or the system denies access.
    pub fn open(choice: &CameraChoice, wish: &CameraWish) -> Result<Self, FrameError> {
        let chosen = choice::find(choice)?;
        let trouble = Trouble::new(&chosen.name);
        ask_permission(&trouble)?;
        let mut camera = connect(chosen.number, wish).map_err(|error| trouble.explain(&error))?;
        let formats = camera.compatible_camera_formats().unwrap_or_default();
        if let Some(best) = format::best(&formats, wish)
            && best != camera.camera_format()
            && let Err(error) = camera.set_camera_requset(exactly(best, &[best.format()]))
        {
            // Keep the format that it has.
            tracing::debug!("{} refuses {best}: {error}", chosen.name);
        }
        camera.open_stream().map_err(|error| trouble.explain(&error))?;
        let format = camera.camera_format();
        tracing::info!("the camera {} delivers {format}", chosen.name);
        Ok(Self { camera, name: chosen.name, format, index: 0, damaged: 0 })
    }

    /// Decodes `raw` into `frame`.
    fn decode(format: CameraFormat, raw: &[u8], frame: &mut RgbFrame) -> Result<(), String> {
        let (width, height) = (format.width() as usize, format.height() as usize);
        match format.format() {
            FrameFormat::MJPEG => decode_jpeg(raw, frame).map_err(|error| error.to_string()),
            FrameFormat::YUYV => decode_yuyv(raw, width, height, frame).map_err(|error| error.to_string()),
            FrameFormat::NV12 => decode_nv12(raw, width, height, frame).map_err(|error| error.to_string()),
            other => format::decode_plain(other, raw, [width, height], frame),
        }
    }
}

/// Checks that a camera can be used now, without taking a frame.
///
/// # Errors
/// Why it cannot be used, and what to do.
pub fn probe(camera: &FoundCamera) -> Result<(), FrameError> {
    let trouble = Trouble::new(&camera.name);
    if !nokhwa::nokhwa_check() {
        return Err(trouble.refused());
    }
    connect(camera.number, &CameraWish::default()).map(drop).map_err(|error| trouble.explain(&error))
}

/// Connects to camera `number`. If it refuses its own first format, tries those that nearly all cameras have.
fn connect(number: u32, wish: &CameraWish) -> Result<Camera, NokhwaError> {
    let index = || CameraIndex::Index(number);
    let first = RequestedFormat::with_formats(RequestedFormatType::None, &format::KNOWN);
    Camera::new(index(), first).or_else(|error| {
        let usual = [FrameFormat::YUYV, FrameFormat::MJPEG].map(|format| wish.as_format(format, 30));
        let mut others = usual.into_iter().map(|format| Camera::new(index(), exactly(format, &[format.format()])));
        others.find_map(Result::ok).ok_or(error)
    })
}

/// A request for exactly `format`, which is one of `kinds`.
fn exactly(format: CameraFormat, kinds: &[FrameFormat]) -> RequestedFormat<'_> {
    RequestedFormat::with_formats(RequestedFormatType::Exact(format), kinds)
}

/// Asks for permission to use the camera where the system requires it (macOS).
fn ask_permission(trouble: &Trouble<'_>) -> Result<(), FrameError> {
    if nokhwa::nokhwa_check() {
        return Ok(());
    }
    let (answer, answered) = mpsc::sync_channel(1);
    nokhwa::nokhwa_initialize(move |granted| {
        // After the timeout, nobody waits for the answer.
        answer.try_send(granted).ok();
    });
    if answered.recv_timeout(PERMISSION_TIMEOUT).unwrap_or(false) { Ok(()) } else { Err(trouble.refused()) }
}

impl FrameSource for CameraSource {
    fn describe(&self) -> String {
        let (width, height) = (self.format.width(), self.format.height());
        format!("the camera {}, {width} x {height} at {} frames a second", self.name, self.format.frame_rate())
    }

    fn rate(&self) -> Option<f64> {
        Some(f64::from(self.format.frame_rate())).filter(|&rate| rate > 0.0)
    }

    fn next(&mut self, into: &mut RgbFrame) -> Result<Option<FrameInfo>, FrameError> {
        let raw = self.camera.frame_raw().map_err(|error| Trouble::new(&self.name).explain(&error))?;
        let captured = Instant::now();
        let index = self.index;
        self.index += 1;
        name_by_number(&mut into.name, index);
        if let Err(why) = Self::decode(self.format, &raw, into) {
            self.damaged += 1;
            let name = format!("{index} of the camera {}", self.name);
            return Err(if self.damaged < MOST_DAMAGED {
                FrameError::Decode { name, why }
            } else {
                Trouble::new(&self.name).broken(&why)
            });
        }
        self.damaged = 0;
        Ok(Some(FrameInfo { index, captured }))
    }
}
