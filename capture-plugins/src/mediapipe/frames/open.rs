//! Opens a camera, a folder of pictures or a video by name.

use super::{
    super::camera::{CameraChoice, CameraSource, CameraWish},
    FrameError, FrameSource,
    ffmpeg::FfmpegSource,
    folder::FolderSource,
    mjpeg::MjpegSource,
    y4m::Y4mSource,
};
use std::{
    fmt,
    fs::File,
    path::{Path, PathBuf},
};

/// Where frames come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A camera.
    Camera(CameraChoice),
    /// A folder of pictures, or a video.
    File(PathBuf),
}

impl Input {
    /// Parses `camera`, `camera:NUMBER`, `camera:NAME`, a device such as `/dev/video0`, or a path.
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            None if text == "camera" => Self::Camera(CameraChoice::Any),
            Some(("camera", which)) => Self::Camera(CameraChoice::parse(which)),
            _ => device(Path::new(text)).map_or_else(|| Self::File(text.into()), Self::Camera),
        }
    }

    /// Opens it. A camera is opened in its format nearest to `wish`.
    ///
    /// # Errors
    /// Why it cannot be opened, and what to do.
    pub fn open(&self, wish: &CameraWish) -> Result<Box<dyn FrameSource>, FrameError> {
        Ok(match self {
            Self::Camera(choice) => Box::new(CameraSource::open(choice, wish)?),
            Self::File(path) if path.is_dir() => Box::new(FolderSource::open(path)?),
            Self::File(path) => open_video(path)?,
        })
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Camera(choice) => choice.fmt(f),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Opens what `input` names, as parsed by [`Input::parse`]; a camera is opened in its best format for tracking.
///
/// # Errors
/// As [`Input::open`].
pub fn open(input: &str) -> Result<Box<dyn FrameSource>, FrameError> {
    Input::parse(input).open(&CameraWish::default())
}

/// The number of the Video4Linux device at `path`, which may be a link (`/dev/v4l/by-id/…`).
fn device(path: &Path) -> Option<CameraChoice> {
    if !path.starts_with("/dev") {
        return None;
    }
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let number = real.strip_prefix("/dev").ok()?.to_str()?.strip_prefix("video")?;
    number.parse().ok().map(CameraChoice::Number)
}

fn open_video(path: &Path) -> Result<Box<dyn FrameSource>, FrameError> {
    let file = File::open(path).map_err(|source| FrameError::Read { path: path.to_owned(), source })?;
    let name = path.display().to_string();
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    Ok(match extension.to_ascii_lowercase().as_str() {
        "mjpeg" | "mjpg" => Box::new(MjpegSource::new(&name, file)),
        "y4m" => Box::new(Y4mSource::open(&name, file)?),
        _ => Box::new(FfmpegSource::open(path)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mediapipe::frames::{RgbFrame, mjpeg::tests::tiny_jpeg};

    #[test]
    fn cameras_devices_and_files_are_distinguished() {
        for (text, wanted) in [
            ("camera", Input::Camera(CameraChoice::Any)),
            ("camera:2", Input::Camera(CameraChoice::Number(2))),
            ("camera:C920", Input::Camera(CameraChoice::Name("C920".to_owned()))),
            ("/dev/video7", Input::Camera(CameraChoice::Number(7))),
            ("/dev/videos", Input::File("/dev/videos".into())),
            ("camera.mp4", Input::File("camera.mp4".into())),
            (r"C:\clip.y4m", Input::File(r"C:\clip.y4m".into())),
        ] {
            assert_eq!(Input::parse(text), wanted, "{text}");
        }
    }

    #[test]
    fn folders_and_both_kinds_of_video_open() {
        let folder = tempfile::tempdir().expect("a folder");
        let pictures = folder.path().join("pictures");
        std::fs::create_dir(&pictures).expect("made");
        std::fs::write(pictures.join("1.jpg"), tiny_jpeg(12)).expect("written");
        std::fs::write(folder.path().join("clip.MJPEG"), tiny_jpeg(12)).expect("written");
        std::fs::write(
            folder.path().join("clip.y4m"),
            "YUV4MPEG2 W8 H8 Cmono\nFRAME\n".to_owned() + &"\u{7f}".repeat(64),
        )
        .expect("written");
        for name in ["pictures", "clip.MJPEG", "clip.y4m"] {
            let mut source = open(&folder.path().join(name).to_string_lossy()).expect(name);
            let mut frame = RgbFrame::default();
            assert!(source.next(&mut frame).expect(name).is_some(), "{name}");
            assert_eq!((frame.width, frame.height, frame.data[0] > 120), (8, 8, true), "{name}");
            assert!(source.next(&mut frame).expect(name).is_none(), "{name}");
        }
    }

    #[test]
    fn errors_name_missing_files() {
        for input in ["/nowhere/clip.y4m", "/nowhere"] {
            let error = open(input).err().expect("not there").to_string();
            assert!(error.contains(input), "{error}");
        }
    }
}
