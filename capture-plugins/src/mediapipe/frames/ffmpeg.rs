//! Reads videos of any other format through the program `ffmpeg`, if it is installed.

use super::{FrameError, FrameInfo, FrameSource, RgbFrame, y4m::Y4mSource};
use std::{
    ffi::OsString,
    io::{self, Read as _},
    path::Path,
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    thread::JoinHandle,
};

/// How many bytes of ffmpeg's error output are kept.
const ERROR_LIMIT: usize = 2000;

/// A video that ffmpeg decodes to YUV4MPEG2.
pub(super) struct FfmpegSource {
    name: String,
    video: Y4mSource<ChildStdout>,
    child: KillOnDrop,
}

/// A process that is killed when this is dropped.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        // It may have exited already.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl FfmpegSource {
    /// Starts `ffmpeg` on the file `path`.
    ///
    /// # Errors
    /// ffmpeg is not installed or finds no video in the file.
    pub(super) fn open(path: &Path) -> Result<Self, FrameError> {
        Self::open_with("ffmpeg", path)
    }

    fn open_with(program: &str, path: &Path) -> Result<Self, FrameError> {
        let name = path.display().to_string();
        let error = |why: String| FrameError::Video { name: name.clone(), why };
        let mut child = spawn(program, path).map(KillOnDrop).map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => error(format!(
                "`{program}` is not installed, and without it only .mjpeg and .y4m can be read: install it, or use a folder \
                 of pictures"
            )),
            _ => error(format!("cannot start `{program}`: {cause}")),
        })?;
        let errors = child.0.stderr.take().map(listen);
        let output = child.0.stdout.take().ok_or_else(|| error(format!("`{program}` has no output")))?;
        let video = Y4mSource::open(&name, output).map_err(|cause| {
            // It has failed: make sure that it ends, so that its error output does.
            child.0.kill().ok();
            let said = errors.and_then(|thread| thread.join().ok()).unwrap_or_default();
            let said = said.lines().next().map(str::trim).filter(|line| !line.is_empty());
            said.map_or(cause, |line| error(format!("{program} reports: {line}")))
        })?;
        Ok(Self { name, video, child })
    }
}

/// Starts `program`. `file:` keeps paths from being taken for options, addresses or protocols.
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

/// Collects the beginning of ffmpeg's error output and keeps its pipe drained.
fn listen(mut pipe: ChildStderr) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut said = Vec::new();
        let mut chunk = [0; 512];
        while let Ok(count @ 1..) = pipe.read(&mut chunk) {
            let room = ERROR_LIMIT - said.len().min(ERROR_LIMIT);
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
    fn without_ffmpeg_the_error_lists_the_readable_formats() {
        let error = FfmpegSource::open_with("no-such-ffmpeg", Path::new("clip.mp4")).err().expect("not installed");
        let said = error.to_string();
        assert!(said.contains("clip.mp4") && said.contains("not installed") && said.contains(".y4m"), "{said}");
    }

    /// A shell script in the role of ffmpeg.
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
    fn frames_are_read_from_ffmpeg() {
        let (_folder, path) = program("printf 'YUV4MPEG2 W2 H1 F25:1 Cmono\\nFRAME\\n\\020\\353'; exec sleep 1000");
        let mut source = FfmpegSource::open_with(&path.to_string_lossy(), Path::new("-clip.mp4")).expect("it runs");
        assert_eq!(source.rate(), Some(25.0));
        let mut frame = RgbFrame::default();
        assert!(source.next(&mut frame).expect("readable").is_some());
        assert_eq!(frame.data, [0, 0, 0, 255, 255, 255]);
    }

    #[cfg(unix)]
    #[test]
    fn errors_of_ffmpeg_are_passed_on() {
        let (_folder, path) = program("echo 'no moov atom' >&2; exit 1");
        let error = FfmpegSource::open_with(&path.to_string_lossy(), Path::new("clip.mp4")).err().expect("refused");
        assert!(error.to_string().contains("no moov atom"), "{error}");
    }
}
