//! Explains why a camera does not work, and what to do about it.

use super::super::frames::FrameError;
use nokhwa::NokhwaError;

/// What to do if there is no camera.
pub(super) const NO_CAMERA: &str = if cfg!(target_os = "linux") {
    "plug one in; in a container or virtual machine, pass /dev/video0 through; a folder of pictures or a video can be used \
     instead"
} else {
    "plug one in; a folder of pictures or a video can be used instead"
};

const REFUSED: &str = if cfg!(target_os = "linux") {
    "add yourself to the group `video` (sudo usermod -aG video $USER) and log in again"
} else if cfg!(target_os = "macos") {
    "allow it in System Settings, Privacy & Security, Camera, for the program that started bunraku"
} else {
    "allow it in Settings, Privacy & security, Camera, also for desktop apps"
};

const BUSY: &str =
    "close the program that uses it (a call, OBS, a browser …); most cameras serve one program at a time";

const GONE: &str = "plug it in again; tracking then continues by itself";

const FAILED: &str =
    "unplug it and plug it in again; if that does not help, try another size or rate with width=, height= and fps=";

/// Explains the problems of one camera.
pub(super) struct Trouble<'a> {
    camera: &'a str,
}

impl<'a> Trouble<'a> {
    /// For the camera that the system calls `camera`.
    pub(super) fn new(camera: &'a str) -> Self {
        Self { camera }
    }

    fn say(&self, why: &str, help: &str) -> FrameError {
        FrameError::Camera { camera: self.camera.to_owned(), why: why.to_owned(), help: help.to_owned() }
    }

    /// The system denies access to it.
    pub(super) fn refused(&self) -> FrameError {
        self.say("the system denies access to it", REFUSED)
    }

    /// It delivers only damaged frames.
    pub(super) fn broken(&self, why: &str) -> FrameError {
        self.say(&format!("its frames are damaged ({why})"), FAILED)
    }

    /// Explains an error of nokhwa.
    pub(super) fn explain(&self, error: &NokhwaError) -> FrameError {
        let text = error.to_string();
        match Kind::of(&text) {
            Kind::Refused => self.refused(),
            Kind::Busy => self.say("another program uses it", BUSY),
            Kind::Gone => self.say("it has been disconnected", GONE),
            Kind::Other => self.say(&text, FAILED),
        }
    }
}

/// Kinds of problems; nokhwa only passes on the system's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Refused,
    Busy,
    Gone,
    Other,
}

impl Kind {
    /// Classifies a message by its error number, if it has one (Linux: EPERM 1, ENOENT 2, ENXIO 6, EACCES 13, EBUSY 16,
    /// ENODEV 19), or by the words and codes of `AVFoundation` and Media Foundation.
    fn of(text: &str) -> Self {
        let number = text.split_once("(os error ").and_then(|(_, rest)| rest.split_once(')')?.0.parse::<u32>().ok());
        let text = text.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        match number {
            Some(1 | 13) => Self::Refused,
            Some(16) => Self::Busy,
            Some(2 | 6 | 19) => Self::Gone,
            _ if has(&["permission", "denied", "not authorized", "0x80070005"]) => Self::Refused,
            // A second program gets MF_E_HW_MFT_FAILED_START_STREAMING or ERROR_SHARING_VIOLATION.
            _ if has(&["busy", "in use", "already locked", "0xc00d3704", "0x80070020"]) => Self::Busy,
            // MF_E_VIDEO_RECORDING_DEVICE_INVALIDATED: unplugged.
            _ if has(&["no such device", "disconnected", "0xc00d3ea2"]) => Self::Gone,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_messages_are_classified() {
        for (text, kind) in [
            ("V4L2 Error: Permission denied (os error 13)", Kind::Refused),
            ("V4L2 Error: Device or resource busy (os error 16)", Kind::Busy),
            ("No such device (os error 19)", Kind::Gone),
            ("Failed to Fufill", Kind::Other),
            ("Access is denied. (0x80070005)", Kind::Refused),
            ("Already in use", Kind::Busy),
            ("Invalid argument (os error 22)", Kind::Other),
        ] {
            assert_eq!(Kind::of(text), kind, "{text}");
        }
    }

    #[test]
    fn an_explanation_names_the_camera_and_what_to_do() {
        let error = NokhwaError::OpenDeviceError("0".to_owned(), "Permission denied (os error 13)".to_owned());
        let said = Trouble::new("C920").explain(&error).to_string();
        assert!(said.contains("C920") && said.contains(REFUSED), "{said}");
    }
}
