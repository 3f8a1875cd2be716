//! The PNG folder: every frame as a numbered file.

use super::{Output, OutputError};
use crate::{config::Config, formats::encode_png, settings::Background};
use bunraku_core::{
    color::{Backdrop, encode_over, encode_straight},
    files,
};
use bunraku_engine::CpuFrame;
use image::{RgbImage, imageops};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// The most frames on their way to the disk. Beyond that the puppet waits, because every frame is wanted.
const IN_FLIGHT: usize = 4;

/// How often an ongoing loss of frames is reported.
const REMIND: Duration = Duration::from_secs(10);

/// Opens the folder given by `--out`, if any.
pub(super) fn open(config: &Config) -> Result<Option<Box<dyn Output>>, OutputError> {
    let Some(folder) = &config.out else { return Ok(None) };
    let help = "--out takes a writable folder";
    let failed = |error: io::Error| OutputError { why: error.to_string(), help };
    PngFolder::new(folder).map(|output| Some(Box::new(output) as Box<dyn Output>)).map_err(failed)
}

/// Writes the frame of every step, changed or not, as `DIR/000000.png` and so on: 8-bit sRGB with straight alpha, or
/// opaque over a background. A thread of its own encodes them. A frame that cannot be written is counted as lost, and
/// the next one is tried: space is freed, drives come back.
pub struct PngFolder {
    jobs: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
    trouble: Arc<Mutex<Option<String>>>,
    lost: Arc<AtomicU64>,
    /// The writer is gone.
    failed: bool,
}

/// A job for the writer.
enum Job {
    /// A frame that differs from the one before.
    New(Arc<CpuFrame>),
    /// The same frame again.
    Again,
    /// A new background.
    Behind(Behind),
}

/// A background whose file has been read.
enum Behind {
    Nothing,
    Colour([u8; 3]),
    Picture { original: RgbImage, fitted: RgbImage },
}

impl PngFolder {
    /// Frames go to `folder`, which is created if it does not exist.
    ///
    /// # Errors
    /// When the folder or the writing thread cannot be created.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let no_folder = |error| io::Error::other(format!("cannot create the folder {}: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(no_folder)?;
        let (jobs, inbox) = sync_channel(IN_FLIGHT);
        let (trouble, lost) = (Arc::default(), Arc::default());
        let writer = Writer::new(folder.to_owned(), Arc::clone(&trouble), Arc::clone(&lost));
        let thread = std::thread::Builder::new().name("frames".to_owned()).spawn(move || writer.run(&inbox));
        let no_thread = |error| io::Error::other(format!("cannot start the thread that writes frames: {error}"));
        Ok(Self { jobs: Some(jobs), writer: Some(thread.map_err(no_thread)?), trouble, lost, failed: false })
    }

    /// Sends a job to the writer, unless it is gone.
    fn send(&mut self, job: Job) {
        self.failed |= self.jobs.as_ref().is_none_or(|jobs| jobs.send(job).is_err());
    }
}

impl Output for PngFolder {
    fn present(&mut self, frame: &Arc<CpuFrame>, fresh: bool) {
        if !self.failed && frame.size > 0 {
            self.send(if fresh { Job::New(Arc::clone(frame)) } else { Job::Again });
        }
    }

    fn set_background(&mut self, background: &Background) -> Result<(), String> {
        let behind = Behind::load(background)?;
        self.send(Job::Behind(behind));
        Ok(())
    }

    fn trouble(&mut self) -> Option<String> {
        // `try_lock` never waits, and the writer holds the lock only to store a message.
        self.trouble.try_lock().ok()?.take()
    }

    fn finish(&mut self) -> Result<(), String> {
        self.jobs = None;
        let Some(writer) = self.writer.take() else { return Ok(()) };
        writer.join().map_err(|_| "the thread that writes frames panicked".to_owned())?;
        if let Some(trouble) = self.trouble() {
            tracing::error!("{trouble}");
        }
        match self.lost.load(Ordering::Relaxed) {
            0 => Ok(()),
            count => Err(format!("{count} frames could not be written; their numbers are missing")),
        }
    }
}

impl Drop for PngFolder {
    fn drop(&mut self) {
        if let Err(missing) = self.finish() {
            tracing::error!("{missing}");
        }
    }
}

impl Behind {
    fn load(background: &Background) -> Result<Self, String> {
        match background {
            Background::Transparent => Ok(Self::Nothing),
            Background::Colour(colour) => Ok(Self::Colour(*colour)),
            Background::Picture(path) => {
                let unreadable = |error| format!("the background {} cannot be shown: {error}", path.display());
                let original = bunraku_core::picture_file::open(path).map_err(unreadable)?.into_rgb8();
                Ok(Self::Picture { original, fitted: RgbImage::default() })
            }
        }
    }

    /// Encodes `frame` over the background, as RGBA bytes.
    fn encode(&mut self, frame: &CpuFrame, out: &mut [u8]) {
        match self {
            Self::Nothing => encode_straight(&frame.planes, out),
            Self::Colour(colour) => encode_over(&frame.planes, Backdrop::Colour(*colour), out),
            Self::Picture { original, fitted } => {
                let edge = frame.size as u32;
                if fitted.width() != edge {
                    *fitted = cover(original, edge);
                }
                encode_over(&frame.planes, Backdrop::Picture(fitted), out);
            }
        }
    }
}

/// The middle square of `picture`, `edge` pixels wide.
fn cover(picture: &RgbImage, edge: u32) -> RgbImage {
    let side = picture.width().min(picture.height());
    let (left, top) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
    let square = imageops::crop_imm(picture, left, top, side, side).to_image();
    imageops::resize(&square, edge, edge, imageops::FilterType::CatmullRom)
}

/// The state of the writing thread.
struct Writer {
    folder: PathBuf,
    trouble: Arc<Mutex<Option<String>>>,
    behind: Behind,
    pixels: Vec<u8>,
    png: Vec<u8>,
    count: u64,
    lost: Arc<AtomicU64>,
    /// When the ongoing loss was last reported; none while frames are written.
    told: Option<Instant>,
}

impl Writer {
    fn new(folder: PathBuf, trouble: Arc<Mutex<Option<String>>>, lost: Arc<AtomicU64>) -> Self {
        let (pixels, png) = (vec![], vec![]);
        Self { folder, trouble, behind: Behind::Nothing, pixels, png, count: 0, lost, told: None }
    }

    /// Writes frames until the output ends.
    fn run(mut self, inbox: &Receiver<Job>) {
        while let Ok(job) = inbox.recv() {
            let encoded = match job {
                Job::Behind(behind) => {
                    self.behind = behind;
                    continue;
                }
                Job::New(frame) => self.encode(&frame),
                Job::Again => Ok(()),
            };
            match encoded.and_then(|()| self.write()) {
                Ok(()) => self.tell_recovery(),
                Err(error) => self.tell_loss(&error),
            }
        }
    }

    fn tell_loss(&mut self, error: &io::Error) {
        let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        if self.told.is_none_or(|told| told.elapsed() >= REMIND) {
            self.told = Some(Instant::now());
            self.tell(format!("{error}; {lost} frames lost so far; the puppet goes on and keeps trying"));
        }
    }

    fn tell_recovery(&mut self) {
        if self.told.take().is_some() {
            self.tell(format!("frames are being written again; {} were lost", self.lost.load(Ordering::Relaxed)));
        }
    }

    fn tell(&self, text: String) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }

    /// Writes the newest picture under the next name.
    fn write(&mut self) -> io::Result<()> {
        let path = self.folder.join(format!("{:06}.png", self.count));
        let written = files::replace_unsynced(&path, &self.png);
        self.count += 1;
        written.map_err(|error| io::Error::other(format!("cannot write {}: {error}", path.display())))
    }

    fn encode(&mut self, frame: &CpuFrame) -> io::Result<()> {
        self.pixels.resize(frame.planes.len(), 0);
        self.behind.encode(frame, &mut self.pixels);
        encode_png(frame.size, &self.pixels, &mut self.png).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of 128 x 128 equal pixels: linear, premultiplied, in [0, 1].
    fn frame(pixel: [f32; 4]) -> Arc<CpuFrame> {
        let mut frame = CpuFrame::default();
        frame.resize(128);
        for (plane, value) in frame.planes.chunks_exact_mut(128 * 128).zip(pixel) {
            plane.fill(value * 2.0 - 1.0);
        }
        Arc::new(frame)
    }

    fn pixel(folder: &Path, name: &str) -> [u8; 4] {
        let picture = image::open(folder.join(name)).expect(name).into_rgba8();
        assert_eq!(picture.dimensions(), (128, 128));
        picture.get_pixel(64, 64).0
    }

    #[test]
    fn every_step_gets_its_file_with_the_background_of_its_time() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path().join("deep/frames");
        let mut output = PngFolder::new(&out).expect("the folder can be made");
        let half_red = frame([0.5, 0.0, 0.0, 0.5]);
        output.present(&half_red, true);
        output.present(&half_red, false);
        output.set_background(&Background::Colour([0, 255, 0])).expect("a colour");
        output.present(&half_red, true);
        for _ in 0..20 {
            output.present(&frame([0.0, 0.0, 1.0, 1.0]), true);
        }
        drop(output);
        assert_eq!(pixel(&out, "000000.png"), [255, 0, 0, 128]);
        assert_eq!(pixel(&out, "000001.png"), [255, 0, 0, 128]);
        assert_eq!(pixel(&out, "000002.png"), [188, 188, 0, 255]);
        assert_eq!(pixel(&out, "000022.png"), [0, 0, 255, 255]);
        assert_eq!(std::fs::read_dir(&out).expect("readable").count(), 23);
    }

    #[test]
    fn a_picture_covers_the_frame_from_its_middle() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("wide.png");
        let wide =
            RgbImage::from_fn(300, 100, |x, _| image::Rgb(if (100..200).contains(&x) { [9, 8, 7] } else { [200; 3] }));
        wide.save(&path).expect("saved");
        let mut output = PngFolder::new(folder.path()).expect("it is there");
        output.set_background(&Background::Picture(path)).expect("readable");
        output.present(&frame([0.0; 4]), true);
        drop(output);
        assert_eq!(pixel(folder.path(), "000000.png"), [9, 8, 7, 255]);
        let mut output = PngFolder::new(folder.path()).expect("it is there");
        let error = output.set_background(&Background::Picture("nothing.png".into())).expect_err("absent");
        assert!(error.contains("nothing.png"), "{error}");
    }

    #[test]
    fn a_failing_disk_is_reported_and_later_frames_are_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path().join("frames");
        let mut output = PngFolder::new(&out).expect("the folder can be made");
        std::fs::remove_dir(&out).expect("it is empty");
        for _ in 0..10 {
            output.present(&frame([1.0; 4]), true);
        }
        while output.lost.load(Ordering::Relaxed) < 10 {
            std::thread::yield_now();
        }
        let trouble = output.trouble().expect("a message");
        assert!(trouble.contains("000000.png") && trouble.contains("the puppet goes on"), "{trouble}");

        std::fs::create_dir(&out).expect("the disk is back");
        output.present(&frame([1.0; 4]), true);
        output.present(&frame([1.0; 4]), false);
        let missing = output.finish().expect_err("frames are missing");
        assert!(missing.starts_with("10 frames"), "{missing}");
        assert_eq!(std::fs::read_dir(&out).expect("readable").count(), 2);
        assert_eq!(pixel(&out, "000010.png"), [255; 4]);
    }
}
