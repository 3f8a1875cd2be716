//! The capture source `mediapipe`: the face before a webcam, or in pictures and videos.
//!
//! It runs two threads of its own: one takes frames (`grabber`) and one tracks the newest of them (`tracking`). Tracking
//! uses one core unless `threads` is set, and only as often as frames arrive.

mod causes;
mod exchange;
mod grabber;
mod light;
mod sample;
mod settings;
mod tracking;

use super::{
    camera,
    detection::{LINES, PROFILE},
    frames::Input,
};
use crate::{
    Preview, SourceError, Surroundings,
    entry::{
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
use tracking::Tracking;

/// The entry in the registry.
pub(crate) const INFO: SourceInfo = SourceInfo {
    settings: &[
        SettingInfo::optional("camera", None, "its number or part of its name; if unset, the first camera"),
        SettingInfo::optional_file("input", "a folder of pictures or a video to use instead of a camera"),
        SettingInfo::optional("loop", Some("false"), "start pictures or a video again at the end"),
        SettingInfo::optional(
            "fps",
            None,
            "frames a second: requested of the camera, or played from a folder or video",
        ),
        SettingInfo::optional("width", Some("640"), "width to request of the camera in pixels; smaller is faster"),
        SettingInfo::optional("height", Some("480"), "height to request of the camera in pixels"),
        SettingInfo::optional("brightness", Some("0"), "added to every frame, from -1 to 1"),
        SettingInfo::optional("gamma", Some("1"), "above 1 brightens dark areas, from 0.2 to 5"),
        SettingInfo::optional("auto_light", Some("true"), "adjust gamma slowly to the light on the face"),
        SettingInfo::optional(
            "runtime",
            Some("auto"),
            "which runtime to use: auto, ort (ONNX Runtime) or rten (built in)",
        ),
        SettingInfo::optional("threads", Some("1"), "threads for tracking, from 1 to 8"),
        SettingInfo::optional_file("models", "the folder with the tracking models, if not the default one"),
    ],
    camera: true,
    auto_calibrate: true,
    lines: Some(LINES),
    found_here,
    example: "mediapipe:camera=0",
    ..SourceInfo::new("mediapipe", "a webcam, or pictures or a video in its place", PROFILE, open)
};

/// How long to wait for the threads to end. A camera may keep its thread waiting for a frame that never comes.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);

fn open(settings: &Settings, surroundings: &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError> {
    let settings: MediaPipeSettings = settings.read(INFO.name)?;
    // Report a mistyped path now, not when the source is selected.
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

fn found_here() -> Vec<String> {
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
            Input::Camera(choice) => format!("the face in front of {choice}"),
            Input::File(path) => format!("the face in {}", path.display()),
        }
    }

    fn run(self: Box<Self>, sender: SampleSender, stop: CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let exchange = Exchange::default();
            let (running, mut ended) = oneshot::channel::<()>();
            let Self { settings, preview } = *self;
            let shared = exchange.clone();
            let begun = spawn("bunraku-tracker", move || {
                track(&settings, preview, sender, &shared);
                // Also dropped if the thread panics.
                drop(running);
            });
            if let Err(error) = begun {
                tracing::error!("cannot start the tracking thread: {error}");
                return;
            }
            let over = stop.run_until_cancelled(&mut ended).await.is_some();
            exchange.stop();
            if !over {
                tokio::time::timeout(STOP_TIMEOUT, ended).await.ok();
            }
        })
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(work)
}

/// Tracks until stopped, taking frames on another thread.
fn track(settings: &MediaPipeSettings, preview: Preview, sender: SampleSender, exchange: &Exchange) {
    let Some(tracker) = tracking::make_tracker(settings, &sender, exchange) else { return };
    let (input, output) = Exchange::frames();
    let grabber = Grabber {
        input: settings.source(),
        wish: settings.wish(),
        fps: settings.fps,
        again: settings.again,
        frames: input,
        exchange: exchange.clone(),
    };
    if let Err(error) = spawn("bunraku-camera", move || grabber.run()) {
        return sender.report(SourceState::Failed(format!("cannot start the camera thread: {error}")));
    }
    Tracking::new(settings, tracker, output, exchange.clone(), preview, sender).run();
}

#[cfg(test)]
mod tests;
