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
    /// Which camera.
    pub camera: CameraChoice,
    /// A folder of pictures or a video instead of a camera.
    pub input: Option<PathBuf>,
    /// Whether pictures or a video begin again when they end.
    #[serde(rename = "loop")]
    pub again: bool,
    /// Pictures a second: what the camera is asked for, or how fast pictures are shown; absent, 60 of a camera, a video's
    /// own rate, 30 of a folder.
    #[serde(deserialize_with = "fps")]
    pub fps: Option<f64>,
    /// Pixels from left to right that the camera is asked for.
    #[serde(deserialize_with = "edge")]
    pub width: u32,
    /// Pixels from top to bottom that the camera is asked for.
    #[serde(deserialize_with = "edge")]
    pub height: u32,
    /// Added to every picture, -1 to 1: from black to white.
    #[serde(deserialize_with = "brightness")]
    pub brightness: f64,
    /// The exponent 1/gamma of every picture, 0.2 to 5; above 1 brightens the dark.
    #[serde(deserialize_with = "gamma")]
    pub gamma: f64,
    /// Whether gamma follows the light on the face by itself.
    pub auto_light: bool,
    /// Who computes the networks.
    pub runtime: RuntimeChoice,
    /// Threads of the largest network, 1 to 8.
    #[serde(deserialize_with = "threads")]
    pub threads: usize,
    /// The folder of the tracking models instead of the person's own.
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
    /// Where the pictures come from.
    pub(super) fn source(&self) -> Input {
        match &self.input {
            Some(path) => Input::parse(&path.to_string_lossy()),
            None => Input::Camera(self.camera.clone()),
        }
    }

    /// What a camera is asked for.
    pub(super) fn wish(&self) -> CameraWish {
        let fps = self.fps.map_or(CameraWish::default().fps, |fps| fps.ceil() as u32);
        CameraWish { width: self.width, height: self.height, fps }
    }
}

/// A number of `range`, or an error that says what it is for.
fn within<'de, D: Deserializer<'de>, T: Deserialize<'de> + PartialOrd + Display>(
    from: D,
    what: &str,
    range: RangeInclusive<T>,
) -> Result<T, D::Error> {
    let value = T::deserialize(from)?;
    if range.contains(&value) {
        return Ok(value);
    }
    Err(D::Error::custom(format!("{what} of {value} is not from {} to {}", range.start(), range.end())))
}

fn fps<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    within(from, "a rate", 1.0..=240.0).map(Some)
}

fn edge<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    within(from, "a size", 16..=8192)
}

fn brightness<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    within(from, "a brightness", -1.0..=1.0)
}

fn gamma<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    within(from, "a gamma", 0.2..=5.0)
}

fn threads<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    // As a type that settings of the command line can be read into.
    within(from, "a number of threads", 1..=8_u64).map(|threads| threads as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::spec::SourceSpec;

    fn read(spec: &str) -> Result<MediaPipeSettings, String> {
        let spec: SourceSpec = spec.parse().expect("well formed");
        spec.settings.read("mediapipe").map_err(|error| error.to_string())
    }

    #[test]
    fn without_any_the_first_camera_is_asked_for_what_suits() {
        let settings = read("mediapipe").expect("defaults");
        assert_eq!(settings, MediaPipeSettings::default());
        assert_eq!((settings.source(), settings.wish()), (Input::Camera(CameraChoice::Any), CameraWish::default()));
    }

    #[test]
    fn all_are_read_from_the_command_line() {
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
    fn what_is_out_of_range_is_named() {
        for (spec, word) in [
            ("mediapipe:fps=0", "a rate"),
            ("mediapipe:width=4", "a size"),
            ("mediapipe:brightness=2", "a brightness"),
            ("mediapipe:gamma=NaN", "a gamma"),
            ("mediapipe:threads=0", "a number of threads"),
            ("mediapipe:runtime=tflite", "runtime"),
        ] {
            let error = read(spec).expect_err(spec);
            assert!(error.contains(word), "{spec}: {error}");
        }
    }
}
