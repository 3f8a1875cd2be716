//! The settings of the source `mediapipe`.

use super::super::{
    RuntimeChoice,
    camera::{CameraChoice, CameraWish},
    frames::Input,
};
use serde::{Deserialize, Deserializer, de::Error as _};
use std::{fmt::Display, ops::RangeInclusive, path::PathBuf};

/// The settings of the source `mediapipe`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaPipeSettings {
    /// Which camera to use.
    pub camera: CameraChoice,
    /// A folder of pictures or a video to use instead of a camera.
    pub input: Option<PathBuf>,
    /// Whether pictures or a video start again at the end.
    #[serde(rename = "loop")]
    pub again: bool,
    /// Frames a second, requested of the camera or played from a folder or video. If unset: 60 for a camera, a video's
    /// own rate, 30 for a folder.
    #[serde(deserialize_with = "fps")]
    pub fps: Option<f64>,
    /// The width to request of the camera, in pixels.
    #[serde(deserialize_with = "edge")]
    pub width: u32,
    /// The height to request of the camera, in pixels.
    #[serde(deserialize_with = "edge")]
    pub height: u32,
    /// Added to every frame: -1 makes it black, 1 white.
    #[serde(deserialize_with = "brightness")]
    pub brightness: f64,
    /// Every frame is raised to 1/gamma, 0.2 to 5; values above 1 brighten dark areas.
    #[serde(deserialize_with = "gamma")]
    pub gamma: f64,
    /// Whether gamma adjusts itself to the light on the face.
    pub auto_light: bool,
    /// Which runtime computes the networks.
    pub runtime: RuntimeChoice,
    /// Threads for the largest network, 1 to 8.
    #[serde(deserialize_with = "threads")]
    pub threads: usize,
    /// The folder with the tracking models; the user's data folder if unset.
    pub models: Option<PathBuf>,
}

impl Default for MediaPipeSettings {
    fn default() -> Self {
        let CameraWish { width, height, .. } = CameraWish::default();
        Self {
            camera: CameraChoice::Any,
            input: None,
            again: false,
            fps: None,
            width,
            height,
            brightness: 0.0,
            gamma: 1.0,
            auto_light: true,
            runtime: RuntimeChoice::Auto,
            threads: 1,
            models: None,
        }
    }
}

impl MediaPipeSettings {
    /// Where the frames come from.
    pub(super) fn source(&self) -> Input {
        match &self.input {
            Some(path) => Input::parse(&path.to_string_lossy()),
            None => Input::Camera(self.camera.clone()),
        }
    }

    /// The format to request of a camera.
    pub(super) fn wish(&self) -> CameraWish {
        let fps = self.fps.map_or(CameraWish::default().fps, |fps| fps.ceil() as u32);
        CameraWish { width: self.width, height: self.height, fps }
    }
}

/// Reads a number and checks that it is in `range`.
fn within<'de, D: Deserializer<'de>, T: Deserialize<'de> + PartialOrd + Display>(
    from: D,
    what: &str,
    range: RangeInclusive<T>,
) -> Result<T, D::Error> {
    let value = T::deserialize(from)?;
    if range.contains(&value) {
        return Ok(value);
    }
    Err(D::Error::custom(format!("invalid {what} {value}: expected {} to {}", range.start(), range.end())))
}

fn fps<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    within(from, "rate", 1.0..=240.0).map(Some)
}

fn edge<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    within(from, "size", 16..=8192)
}

fn brightness<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    within(from, "brightness", -1.0..=1.0)
}

fn gamma<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    within(from, "gamma", 0.2..=5.0)
}

fn threads<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    within(from, "number of threads", 1..=8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SourceSpec;

    fn read(spec: &str) -> Result<MediaPipeSettings, String> {
        let spec: SourceSpec = spec.parse().expect("well formed");
        spec.settings.read("mediapipe").map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_the_first_camera_and_its_usual_format() {
        let settings = read("mediapipe").expect("defaults");
        assert_eq!(settings, MediaPipeSettings::default());
        assert_eq!((settings.source(), settings.wish()), (Input::Camera(CameraChoice::Any), CameraWish::default()));
    }

    #[test]
    fn all_settings_are_read_from_the_command_line() {
        let settings = read(
            "mediapipe:camera=C920,loop=true,fps=29.97,width=1280,height=720,brightness=-0.1,gamma=1.5,\
             auto_light=false,runtime=rten,threads=2,models=/models",
        )
        .expect("all known");
        assert_eq!(settings.camera, CameraChoice::Name("C920".to_owned()));
        assert_eq!(settings.wish(), CameraWish { width: 1280, height: 720, fps: 30 });
        assert_eq!((settings.again, settings.auto_light, settings.threads), (true, false, 2));
        let clip = read("mediapipe:input=clip.mjpeg").expect("a video");
        assert_eq!(clip.source(), Input::File("clip.mjpeg".into()));
    }

    #[test]
    fn an_error_names_the_value_that_is_out_of_range() {
        for (spec, word) in [
            ("mediapipe:fps=0", "rate"),
            ("mediapipe:width=4", "size"),
            ("mediapipe:brightness=2", "brightness"),
            ("mediapipe:gamma=NaN", "gamma"),
            ("mediapipe:threads=0", "number of threads"),
            ("mediapipe:runtime=tflite", "runtime"),
        ] {
            let error = read(spec).expect_err(spec);
            assert!(error.contains(word), "{spec}: {error}");
        }
    }
}
