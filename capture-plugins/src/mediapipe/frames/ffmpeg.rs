//! Videos of any other kind, through the program `ffmpeg` where it is installed.

use super::{FrameError, FrameInfo, FrameSource, RgbFrame, y4m::Y4mSource};
use std::{
    ffi::OsString,
    io::{self, Read as _},
    path::Path,
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    thread::JoinHandle,
};

/// How much of what ffmpeg complains about is kept, in bytes.
const COMPLAINT: usize = 2000;

/// A video that ffmpeg decodes and hands over as YUV4MPEG2.
pub(super) struct FfmpegSource {
    name: String,
    video: Y4mSource<ChildStdout>,
    child: Running,
}

/// A process that does not outlive this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl FfmpegSource {
    /// Starts `ffmpeg` on the file `path`.
    ///
    /// # Errors
    /// ffmpeg is not installed, or finds no video in the file.
    pub(super) fn open(path: &Path) -> Result<Self, FrameError> {
        Self::open_with("ffmpeg", path)
    }

    fn open_with(program: &str, path: &Path) -> Result<Self, FrameError> {
        let name = path.display().to_string();
        let error = |why: String| FrameError::Video { name: name.clone(), why };
        let mut child = spawn(program, path).map(Running).map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => error(format!(
                "`{program}` is not installed, and without it only .mjpeg and .y4m are read; install it, or give a folder \
                 of pictures"
            )),
            _ => error(format!("`{program}` cannot be started: {cause}")),
        })?;
        let complaints = child.0.stderr.take().map(listen);
        let output = child.0.stdout.take().ok_or_else(|| error(format!("`{program}` has no output")))?;
        let video = Y4mSource::open(&name, output).map_err(|cause| {
            // Nothing comes of it: it has ended, or is made to.
            child.0.kill().ok();
            let said = complaints.and_then(|thread| thread.join().ok()).unwrap_or_default();
            let said = said.lines().next().map(str::trim).filter(|line| !line.is_empty());
            said.map_or(cause, |line| error(format!("{program} says: {line}")))
        })?;
        Ok(Self { name, video, child })
    }
}

/// `file:` keeps names from being read as options, addresses or protocols.
fn spawn(program: &str, path: &Path) -> io::Result<Child> {
    let mut input = OsString::from("file:");
    input.push(path);
    Command::new(program)
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(input)
        .args(["-an", "-sn", "-f", "yuv4mpegpipe", "-pix_fmt", "yuv420p", "-"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// Keeps the beginning of what ffmpeg complains about, and the pipe empty.
fn listen(mut pipe: ChildStderr) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut said = Vec::new();
        let mut chunk = [0; 512];
        while let Ok(count @ 1..) = pipe.read(&mut chunk) {
            let room = COMPLAINT - said.len().min(COMPLAINT);
            said.extend(&chunk[..count.min(room)]);
        }
        String::from_utf8_lossy(&said).into_owned()
    })
}

impl FrameSource for FfmpegSource {
    fn describe(&self) -> String {
        format!("the video {}, decoded by ffmpeg (process {})", self.name, self.child.0.id())
    }

    fn rate(&self) -> Option<f64> {
        self.video.rate()
    }

    fn next(&mut self, into: &mut RgbFrame) -> Result<Option<FrameInfo>, FrameError> {
        self.video.next(into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::PathBuf};
    use tempfile::TempDir;

    #[test]
    fn without_ffmpeg_it_says_what_else_is_read() {
        let error = FfmpegSource::open_with("no-such-ffmpeg", Path::new("clip.mp4")).err().expect("not installed");
        let said = error.to_string();
        assert!(said.contains("clip.mp4") && said.contains("not installed") && said.contains(".y4m"), "{said}");
    }

    /// A program that stands for ffmpeg.
    #[cfg(unix)]
    fn program(script: &str) -> (TempDir, PathBuf) {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ffmpeg");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("made a program");
        (folder, path)
    }

    #[cfg(unix)]
    #[test]
    fn its_pictures_are_read_and_it_ends_with_the_source() {
        let (_folder, path) = program("printf 'YUV4MPEG2 W2 H1 F25:1 Cmono\\nFRAME\\n\\020\\353'; exec sleep 1000");
        let mut source = FfmpegSource::open_with(&path.to_string_lossy(), Path::new("-clip.mp4")).expect("it runs");
        assert_eq!(source.rate(), Some(25.0));
        let mut frame = RgbFrame::default();
        assert!(source.next(&mut frame).expect("readable").is_some());
        assert_eq!(frame.data, [0, 0, 0, 255, 255, 255]);
    }

    #[cfg(unix)]
    #[test]
    fn what_it_complains_about_is_handed_on() {
        let (_folder, path) = program("echo 'no moov atom' >&2; exit 1");
        let error = FfmpegSource::open_with(&path.to_string_lossy(), Path::new("clip.mp4")).err().expect("refused");
        assert!(error.to_string().contains("no moov atom"), "{error}");
    }
}
