//! Finding the camera that the settings choose.

use super::{super::frames::FrameError, trouble::NO_CAMERA};
use nokhwa::utils::{ApiBackend, CameraIndex, CameraInfo};
use serde::Deserialize;
use std::fmt;

/// A choice of camera.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub enum CameraChoice {
    /// The first camera found.
    #[default]
    Any,
    /// The system's number for it: N of `/dev/videoN` on Linux, the position in the list elsewhere.
    Number(u32),
    /// The first whose name contains this, ignoring case.
    Name(String),
}

impl CameraChoice {
    /// Parses a number or a name; empty text means any camera.
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

/// A camera as settings write it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a camera's number, from 0, or a part of its name")]
enum Written {
    Number(u32),
    Text(String),
}

impl From<Written> for CameraChoice {
    fn from(written: Written) -> Self {
        match written {
            Written::Number(number) => Self::Number(number),
            Written::Text(text) => Self::parse(&text),
        }
    }
}

/// A camera connected to this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCamera {
    /// The number that selects it.
    pub number: u32,
    /// The system's name for it.
    pub name: String,
}

impl fmt::Display for FoundCamera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "camera {}: {}", self.number, self.name)
    }
}

/// The cameras connected to this machine, by number; empty if the system cannot list them.
pub fn found() -> Vec<FoundCamera> {
    let mut cameras = devices();
    cameras.retain(gives_pictures);
    cameras
}

/// Every device that the system lists as a camera.
fn devices() -> Vec<FoundCamera> {
    let listed = nokhwa::query(ApiBackend::Auto).unwrap_or_else(|error| {
        tracing::debug!("cannot list cameras: {error}");
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

/// Whether a device delivers pictures. On Linux a webcam has further devices, for metadata, and only the first delivers
/// pictures. Where the system does not say which is first, as in a container, any may.
fn gives_pictures(camera: &FoundCamera) -> bool {
    let index = std::fs::read_to_string(format!("/sys/class/video4linux/video{}/index", camera.number));
    index.map_or(true, |index| index.trim() == "0")
}

/// The camera that `choice` selects. A number selects exactly that device, even one that only carries metadata.
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
            (format!("no camera has that name or number; connected: {}", names.join(", ")), "choose one of these")
        };
        FrameError::Camera { camera: choice.to_string(), why, help: help.to_owned() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_core::yaml;

    fn two() -> Vec<FoundCamera> {
        [(0, "Integrated Camera"), (2, "HD Pro Webcam C920")]
            .map(|(number, name)| FoundCamera { number, name: name.to_owned() })
            .into()
    }

    #[test]
    fn a_camera_is_chosen_by_number_or_part_of_its_name() {
        for (text, number) in [("", 0), ("2", 2), ("c920", 2), ("integrated", 0)] {
            let chosen = choose(&CameraChoice::parse(text), two()).expect(text);
            assert_eq!(chosen.number, number, "{text}");
        }
    }

    #[test]
    fn an_error_for_a_missing_camera_lists_those_connected() {
        let error = choose(&CameraChoice::Number(1), two()).expect_err("there is none").to_string();
        assert!(error.contains("camera 1") && error.contains("2 (HD Pro Webcam C920)"), "{error}");
        let error = choose(&CameraChoice::Any, vec![]).expect_err("there is none").to_string();
        assert!(error.contains("no camera is connected"), "{error}");
    }

    #[test]
    fn settings_accept_numbers_and_names() {
        let read = |text: &str| yaml::from_str::<CameraChoice>(text);
        assert_eq!(read("3").expect("a number"), CameraChoice::Number(3));
        assert_eq!(read("C920").expect("a name"), CameraChoice::Name("C920".to_owned()));
        assert!(read("-1").is_err() && read("[1]").is_err());
    }
}
