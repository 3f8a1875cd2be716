//! Every frame as a PNG file.

use super::Output;
use crate::{formats::encode_png, settings::Background};
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

/// Frames on their way to the disk. When the disk falls behind by more, the show waits: every frame is asked for.
const IN_FLIGHT: usize = 4;

/// How often it is said that frames are being lost.
const REMIND: Duration = Duration::from_secs(10);

/// Why frames cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The folder cannot be made.
    #[error("cannot make the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is no thread to write them.
    #[error("cannot start the thread that writes frames: {0}")]
    Thread(io::Error),
}

/// Writes the frame of every step as `DIR/000000.png` and so on, drawn anew or not: 8-bit sRGB with straight alpha, or
/// opaque over a background. A thread of its own encodes them; dropping the output waits until all are written. A frame
/// that cannot be written is counted as lost, and the next is tried all the same: disks are emptied, drives come back.
pub struct FileOutput {
    jobs: Option<SyncSender<Job>>,
    spare: Receiver<CpuFrame>,
    writer: Option<JoinHandle<()>>,
    trouble: Arc<Mutex<Option<String>>>,
    lost: Lost,
    failed: bool,
}

/// How many frames could not be written; it goes on counting, and outlives the output.
#[derive(Clone, Debug, Default)]
pub struct Lost(Arc<AtomicU64>);

impl Lost {
    /// The frames lost so far.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add_one(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

enum Job {
    /// A frame that differs from the one before.
    New(CpuFrame),
    /// The same once more.
    Again,
    /// Another background from here on.
    Behind(Behind),
}

/// A background whose file has been read.
enum Behind {
    Nothing,
    Colour([u8; 3]),
    Picture { original: RgbImage, fitted: RgbImage },
}

impl FileOutput {
    /// Frames go to `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(folder: &Path) -> Result<Self, FileError> {
        let path = folder.to_owned();
        std::fs::create_dir_all(&path).map_err(|source| FileError::Folder { path: path.clone(), source })?;
        let (jobs, inbox) = sync_channel(IN_FLIGHT);
        let (give_back, spare) = sync_channel(IN_FLIGHT);
        for _ in 0..IN_FLIGHT {
            // The channel has room for exactly these.
            give_back
                .send(CpuFrame::default())
                .map_err(|error| FileError::Thread(io::Error::other(error.to_string())))?;
        }
        let trouble = Arc::new(Mutex::new(None));
        let lost = Lost::default();
        let writer = Writer::new(path, give_back, Arc::clone(&trouble), lost.clone());
        let thread = std::thread::Builder::new().name("frames".to_owned()).spawn(move || writer.run(&inbox));
        let writer = Some(thread.map_err(FileError::Thread)?);
        Ok(Self { jobs: Some(jobs), spare, writer, trouble, lost, failed: false })
    }

    /// Where it counts the frames that could not be written.
    pub fn lost(&self) -> Lost {
        self.lost.clone()
    }

    /// Hands a job on, unless the writer broke.
    fn send(&mut self, job: Job) {
        self.failed |= self.jobs.as_ref().is_none_or(|jobs| jobs.send(job).is_err());
    }
}

impl Output for FileOutput {
    fn present(&mut self, frame: &CpuFrame, fresh: bool) {
        if self.failed || frame.size == 0 {
            return;
        }
        if !fresh {
            return self.send(Job::Again);
        }
        match self.spare.recv() {
            Ok(mut copy) => {
                copy.resize(frame.size);
                copy.planes.copy_from_slice(&frame.planes);
                self.send(Job::New(copy));
            }
            Err(_) => self.failed = true,
        }
    }

    fn set_background(&mut self, background: &Background) -> Result<(), String> {
        let behind = Behind::load(background)?;
        self.send(Job::Behind(behind));
        Ok(())
    }

    fn trouble(&mut self) -> Option<String> {
        // Not waited for: the writer holds the lock only to put a message there.
        self.trouble.try_lock().ok()?.take()
    }
}

impl Drop for FileOutput {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            // A panic of the writer was reported by its thread.
            let _ = writer.join();
        }
        if let Some(trouble) = self.trouble() {
            tracing::error!("{trouble}");
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

    /// `frame` in front of it, as the bytes of RGBA pixels.
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

/// What lives on the writing thread.
struct Writer {
    folder: PathBuf,
    give_back: SyncSender<CpuFrame>,
    trouble: Arc<Mutex<Option<String>>>,
    behind: Behind,
    pixels: Vec<u8>,
    png: Vec<u8>,
    count: u64,
    lost: Lost,
    /// When the loss that is going on was last told; none while frames are written.
    told: Option<Instant>,
}

impl Writer {
    fn new(folder: PathBuf, give_back: SyncSender<CpuFrame>, trouble: Arc<Mutex<Option<String>>>, lost: Lost) -> Self {
        let (pixels, png) = (vec![], vec![]);
        Self { folder, give_back, trouble, behind: Behind::Nothing, pixels, png, count: 0, lost, told: None }
    }

    /// Writes until nothing more comes.
    fn run(mut self, inbox: &Receiver<Job>) {
        while let Ok(job) = inbox.recv() {
            let encoded = match job {
                Job::Behind(behind) => {
                    self.behind = behind;
                    continue;
                }
                Job::New(frame) => {
                    let encoded = self.encode(&frame);
                    // The output is gone when the show ends; the frame is not needed then.
                    let _ = self.give_back.send(frame);
                    encoded
                }
                Job::Again => Ok(()),
            };
            match encoded.and_then(|()| self.write()) {
                Ok(()) => self.tell_recovery(),
                Err(error) => self.tell_loss(&error),
            }
        }
    }

    fn tell_loss(&mut self, error: &io::Error) {
        let lost = self.lost.add_one();
        if self.told.is_none_or(|told| told.elapsed() >= REMIND) {
            self.told = Some(Instant::now());
            self.tell(format!("{error}; {lost} frames are lost so far, the puppet goes on and the next are tried"));
        }
    }

    fn tell_recovery(&mut self) {
        if self.told.take().is_some() {
            self.tell(format!("frames are written again; {} were lost", self.lost.count()));
        }
    }

    fn tell(&self, text: String) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }

    /// The newest picture, under the next name.
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
    fn frame(pixel: [f32; 4]) -> CpuFrame {
        let mut frame = CpuFrame::default();
        frame.resize(128);
        for (plane, value) in frame.planes.chunks_exact_mut(128 * 128).zip(pixel) {
            plane.fill(value * 2.0 - 1.0);
        }
        frame
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
        let mut output = FileOutput::new(&out).expect("the folder can be made");
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
        let mut output = FileOutput::new(folder.path()).expect("it is there");
        output.set_background(&Background::Picture(path)).expect("readable");
        output.present(&frame([0.0; 4]), true);
        drop(output);
        assert_eq!(pixel(folder.path(), "000000.png"), [9, 8, 7, 255]);
        let mut output = FileOutput::new(folder.path()).expect("it is there");
        let error = output.set_background(&Background::Picture("nothing.png".into())).expect_err("absent");
        assert!(error.contains("nothing.png"), "{error}");
    }

    #[test]
    fn a_failing_disk_is_told_and_what_comes_after_it_is_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path().join("frames");
        let mut output = FileOutput::new(&out).expect("the folder can be made");
        let lost = output.lost();
        std::fs::remove_dir(&out).expect("it is empty");
        for _ in 0..10 {
            output.present(&frame([1.0; 4]), true);
        }
        while lost.count() < 10 {
            std::thread::yield_now();
        }
        let trouble = output.trouble().expect("it is told");
        assert!(trouble.contains("000000.png") && trouble.contains("the puppet goes on"), "{trouble}");
        assert_eq!(output.trouble(), None, "once, not for every frame");

        std::fs::create_dir(&out).expect("the disk is back");
        output.present(&frame([1.0; 4]), true);
        output.present(&frame([1.0; 4]), false);
        output.jobs = None;
        output.writer.take().expect("it is running").join().expect("it ended by itself");
        assert_eq!(lost.count(), 10);
        assert!(output.trouble().is_some_and(|told| told.contains("again") && told.contains("10")));
        assert_eq!(std::fs::read_dir(&out).expect("readable").count(), 2);
        assert_eq!(pixel(&out, "000010.png"), [255; 4]);
    }
}
