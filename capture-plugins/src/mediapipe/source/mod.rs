//! The capture source `mediapipe`: a webcam's face, or that of pictures and videos.
//!
//! Two threads of its own: one takes pictures (`grabber`), one tracks them (`watcher`), with the newest picture
//! between them. Who tracks computes on one core unless told otherwise, and only as often as pictures come.

mod exchange;
mod grabber;
mod light;
mod sample;
mod settings;
mod watcher;

use super::{camera, frames::Input};
use crate::{
    Preview, SourceError, Surroundings,
    registry::{
        info::{SettingInfo, SourceInfo},
        settings::Settings,
    },
};
use bunraku_core::source::{CancellationToken, CaptureSource, SampleSender, SourceState};
use exchange::Exchange;
use grabber::Grabber;
pub use settings::MediaPipeSettings;
use std::{future::Future, io, path::Path, pin::Pin, thread, time::Duration};
use tokio::sync::oneshot;
use watcher::Watcher;

/// The registry's line.
pub(crate) const INFO: SourceInfo = SourceInfo {
    name: "mediapipe",
    about: "a webcam, or pictures and videos in its place",
    settings: &[
        SettingInfo::optional("camera", None, "its number or a part of its name; without it the first there is"),
        SettingInfo::optional_file("input", "a folder of pictures or a video instead of a camera"),
        SettingInfo::optional("loop", Some("false"), "whether pictures or a video begin again when they end"),
        SettingInfo::optional("fps", None, "pictures a second: asked of the camera, or shown of a folder or video"),
        SettingInfo::optional("width", Some("640"), "pixels across, asked of the camera; small is quick"),
        SettingInfo::optional("height", Some("480"), "pixels down, asked of the camera"),
        SettingInfo::optional("brightness", Some("0"), "added to every picture, from -1 to 1"),
        SettingInfo::optional("gamma", Some("1"), "above 1 brightens the dark, from 0.2 to 5"),
        SettingInfo::optional("auto_light", Some("true"), "whether gamma follows the light on the face, slowly"),
        SettingInfo::optional("runtime", Some("auto"), "who computes: auto, ort (ONNX Runtime) or rten (built in)"),
        SettingInfo::optional("threads", Some("1"), "processor threads of the tracker, from 1 to 8"),
        SettingInfo::optional_file("models", "the folder of the tracking models instead of your own"),
    ],
    camera: true,
    may_rest: false,
    profile: "mediapipe",
    example: "mediapipe:camera=0",
    open,
    look,
};

/// How long the threads may take to end before the source leaves them to themselves: a camera may keep its thread waiting
/// for a picture that never comes.
const FAREWELL: Duration = Duration::from_millis(500);

fn open(settings: &Settings, surroundings: &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError> {
    let settings: MediaPipeSettings = settings.read(INFO.name)?;
    // A slip in a name is told at once, not when the source is switched to.
    for (key, path) in [("input", &settings.input), ("models", &settings.models)] {
        if let Some(path) = path {
            check(key, path)?;
        }
    }
    Ok(Box::new(MediaPipe { settings, preview: surroundings.preview.clone() }))
}

fn check(key: &str, path: &Path) -> Result<(), SourceError> {
    let found = std::fs::metadata(path);
    found.map(|_| ()).map_err(|error| SourceError::Setting {
        source_name: INFO.name,
        why: format!("`{key}`: {}: {error}", path.display()),
    })
}

fn look() -> Vec<String> {
    camera::found().iter().map(ToString::to_string).collect()
}

struct MediaPipe {
    settings: MediaPipeSettings,
    preview: Preview,
}

impl CaptureSource for MediaPipe {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn describe(&self) -> String {
        match self.settings.source() {
            Input::Camera(choice) => format!("the face before {choice}"),
            Input::File(path) => format!("the face in {}", path.display()),
        }
    }

    fn run(self: Box<Self>, sender: SampleSender, stop: CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let exchange = Exchange::default();
            let (left, mut ended) = oneshot::channel::<()>();
            let Self { settings, preview } = *self;
            let stage = exchange.clone();
            // Dropped when the thread ends, however that comes.
            let begun = spawn("bunraku-tracker", move || {
                track(&settings, preview, sender, &stage);
                drop(left);
            });
            if let Err(error) = begun {
                tracing::error!("the tracker's thread cannot be started: {error}");
                return;
            }
            let over = stop.run_until_cancelled(&mut ended).await.is_some();
            exchange.stop();
            if !over {
                tokio::time::timeout(FAREWELL, ended).await.ok();
            }
        })
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(work)
}

/// Tracks until the end, with another thread that takes the pictures.
fn track(settings: &MediaPipeSettings, preview: Preview, sender: SampleSender, exchange: &Exchange) {
    let Some(tracker) = watcher::make_tracker(settings, &sender, exchange) else { return };
    let (input, output) = Exchange::pictures();
    let grabber = Grabber {
        input: settings.source(),
        wish: settings.wish(),
        fps: settings.fps,
        again: settings.again,
        pictures: input,
        exchange: exchange.clone(),
    };
    if let Err(error) = spawn("bunraku-camera", move || grabber.run()) {
        return sender.report(SourceState::Failed(format!("the camera's thread cannot be started: {error}")));
    }
    Watcher::new(settings, tracker, output, exchange.clone(), preview, sender).run();
}

#[cfg(test)]
mod tests;
