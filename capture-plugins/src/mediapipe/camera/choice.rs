//! Which camera.

use super::{super::frames::FrameError, trouble::NO_CAMERA};
use nokhwa::utils::{ApiBackend, CameraIndex, CameraInfo};
use serde::{Deserialize, Deserializer, de::Error as _};
use std::fmt;

/// A camera as people choose it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CameraChoice {
    /// The first there is.
    #[default]
    Any,
    /// The system's number of it: N of `/dev/videoN` on Linux, the place in the list elsewhere.
    Number(u32),
    /// The first whose name contains this, whatever the case.
    Name(String),
}

impl CameraChoice {
    /// Reads a number or a name; nothing means any.
    pub fn parse(text: &str) -> Self {
        match text.trim() {
            "" => Self::Any,
            text => text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Number),
        }
    }
}

impl fmt::Display for CameraChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("the first camera"),
            Self::Number(number) => write!(f, "camera {number}"),
            Self::Name(name) => write!(f, "the camera `{name}`"),
        }
    }
}

impl<'de> Deserialize<'de> for CameraChoice {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match serde_yaml::Value::deserialize(from)? {
            serde_yaml::Value::String(text) => Ok(Self::parse(&text)),
            serde_yaml::Value::Number(number) => {
                let number = number.as_u64().and_then(|number| number.try_into().ok());
                number
                    .map(Self::Number)
                    .ok_or_else(|| D::Error::custom("a camera has a number of 0 or more, or a name"))
            }
            _ => Err(D::Error::custom("a camera is chosen by its number or a part of its name")),
        }
    }
}

/// A camera of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCamera {
    /// What it is chosen by.
    pub number: u32,
    /// What the system calls it.
    pub name: String,
}

impl fmt::Display for FoundCamera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "camera {}: {}", self.number, self.name)
    }
}

/// The cameras of this machine, by number; none where the system does not tell.
pub fn found() -> Vec<FoundCamera> {
    let mut cameras = devices();
    cameras.retain(gives_pictures);
    cameras
}

/// Every device that the system calls a camera.
fn devices() -> Vec<FoundCamera> {
    let listed = nokhwa::query(ApiBackend::Auto).unwrap_or_else(|error| {
        tracing::debug!("the system lists no cameras: {error}");
        vec![]
    });
    let mut cameras: Vec<_> = listed.iter().filter_map(camera).collect();
    cameras.sort_by_key(|camera| camera.number);
    cameras
}

fn camera(info: &CameraInfo) -> Option<FoundCamera> {
    let &CameraIndex::Index(number) = info.index() else { return None };
    Some(FoundCamera { number, name: info.human_name().trim().to_owned() })
}

/// A webcam has further devices under Linux, for what it tells about its pictures; the first gives them. Where the
/// system does not say which is the first, as in a container, each may.
fn gives_pictures(camera: &FoundCamera) -> bool {
    let index = std::fs::read_to_string(format!("/sys/class/video4linux/video{}/index", camera.number));
    index.map_or(true, |index| index.trim() == "0")
}

/// The camera that `choice` means. A number means just that device, whatever else its camera has.
pub(super) fn find(choice: &CameraChoice) -> Result<FoundCamera, FrameError> {
    choose(choice, if matches!(choice, CameraChoice::Number(_)) { devices() } else { found() })
}

fn choose(choice: &CameraChoice, cameras: Vec<FoundCamera>) -> Result<FoundCamera, FrameError> {
    let names = cameras.iter().map(|camera| format!("{} ({})", camera.number, camera.name)).collect::<Vec<_>>();
    let chosen = match choice {
        CameraChoice::Any => cameras.into_iter().next(),
        CameraChoice::Number(number) => cameras.into_iter().find(|camera| camera.number == *number),
        CameraChoice::Name(name) => {
            let name = name.to_lowercase();
            cameras.into_iter().find(|camera| camera.name.to_lowercase().contains(&name))
        }
    };
    chosen.ok_or_else(|| {
        let (why, help) = if names.is_empty() {
            ("no camera is connected to this machine".to_owned(), NO_CAMERA)
        } else {
            (format!("there is none of that name or number; there are: {}", names.join(", ")), "choose one of those")
        };
        FrameError::Camera { camera: choice.to_string(), why, help: help.to_owned() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Vec<FoundCamera> {
        [(0, "Integrated Camera"), (2, "HD Pro Webcam C920")]
            .map(|(number, name)| FoundCamera { number, name: name.to_owned() })
            .into()
    }

    #[test]
    fn a_camera_is_chosen_by_number_or_a_part_of_its_name() {
        for (text, number) in [("", 0), ("2", 2), ("c920", 2), ("integrated", 0)] {
            let chosen = choose(&CameraChoice::parse(text), two()).expect(text);
            assert_eq!(chosen.number, number, "{text}");
        }
    }

    #[test]
    fn one_that_is_not_there_names_those_that_are() {
        let error = choose(&CameraChoice::Number(1), two()).expect_err("there is none").to_string();
        assert!(error.contains("camera 1") && error.contains("2 (HD Pro Webcam C920)"), "{error}");
        let error = choose(&CameraChoice::Any, vec![]).expect_err("there is none").to_string();
        assert!(error.contains("no camera is connected"), "{error}");
    }

    #[test]
    fn settings_take_numbers_and_names() {
        let read = |text: &str| serde_yaml::from_str::<CameraChoice>(text);
        assert_eq!(read("3").expect("a number"), CameraChoice::Number(3));
        assert_eq!(read("C920").expect("a name"), CameraChoice::Name("C920".to_owned()));
        assert!(read("-1").is_err() && read("[1]").is_err());
    }
}
