//! The face tracker: pictures in, faces out (`TRACKER.md` §5).

use super::{
    blendshapes::{BLENDSHAPE_NAMES, Blendshapes},
    detector::Detector,
    geometry::HeadPose,
    landmarks::{LANDMARKS, LandmarkFinder, Landmarks, next_region},
    models::TrackingModels,
    region::Region,
    runtime::{NetworkError, Runtime, RuntimeChoice, RuntimeError},
    smoothing::Smoother,
    timing::{Stopwatch, Timings},
    view::Rgb8View,
};

/// A tracked and a detected face are the same if their intersection over union exceeds this.
const SAME_FACE: f64 = 0.5;

/// How pictures relate to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Every picture is independent.
    Image,
    /// Pictures form a video: faces are looked for where they were, and a single face is smoothed.
    #[default]
    Video,
}

/// Which faces to choose if there are more than requested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preference {
    /// The ones with the highest detection score, as in `MediaPipe`.
    #[default]
    Surest,
    /// The largest, which are usually nearest to the camera. A chosen face is kept while it stays.
    Largest,
}

/// How to track faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackerOptions {
    /// How pictures relate to each other.
    pub mode: Mode,
    /// The greatest number of faces to find, at least 1.
    pub faces: usize,
    /// Which faces to choose.
    pub preference: Preference,
    /// Which runtime computes the networks.
    pub runtime: RuntimeChoice,
    /// Threads for the largest network; the others use one.
    pub threads: usize,
}

impl Default for TrackerOptions {
    fn default() -> Self {
        Self { mode: Mode::Video, faces: 1, preference: Preference::Surest, runtime: RuntimeChoice::Auto, threads: 1 }
    }
}

/// A face in a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// The landmarks: x and y as fractions of the picture's width and height from its upper left corner, z as relative
    /// depth in widths, smaller is nearer.
    pub landmarks: Landmarks,
    /// Expression scores, 0 to 1, in the order of [`BLENDSHAPE_NAMES`].
    pub blendshapes: [f32; BLENDSHAPE_NAMES.len()],
    /// The transform from the canonical face, in centimetres, to the camera, which looks along -z: rows of a matrix for
    /// column vectors. `None` if the landmarks do not determine it.
    pub matrix: Option<[[f32; 4]; 4]>,
    /// The probability that a face is present, 0 to 1.
    pub presence: f32,
    /// Where to look for the face in the next picture.
    pub region: Region,
}

impl Default for Face {
    fn default() -> Self {
        Self {
            landmarks: [[0.0; 3]; LANDMARKS],
            blendshapes: [0.0; BLENDSHAPE_NAMES.len()],
            matrix: None,
            presence: 0.0,
            region: Region::default(),
        }
    }
}

/// A picture could not be tracked because a network failed.
#[derive(Debug, thiserror::Error)]
#[error("the picture cannot be tracked")]
pub struct TrackError(#[from] NetworkError);

/// Finds faces in pictures and follows them.
pub struct FaceTracker {
    options: TrackerOptions,
    runtime: Runtime,
    detector: Detector,
    finder: LandmarkFinder,
    scorer: Blendshapes,
    head: HeadPose,
    smoother: Smoother,
    /// Where the faces of the previous picture were.
    tracks: Vec<Region>,
    /// Buffers for faces; the first `found` are those of the last picture.
    faces: Vec<Face>,
    found: usize,
    timings: Timings,
}

impl FaceTracker {
    /// Opens the networks.
    ///
    /// # Errors
    /// The requested runtime is not available, or a model is damaged.
    pub fn new(models: &TrackingModels, options: &TrackerOptions) -> Result<Self, RuntimeError> {
        let runtime = Runtime::choose(options.runtime)?;
        Ok(Self {
            options: TrackerOptions { faces: options.faces.max(1), ..*options },
            detector: Detector::open(&runtime, &models.detector)?,
            finder: LandmarkFinder::open(&runtime, &models.landmarks, options.threads)?,
            scorer: Blendshapes::open(&runtime, &models.blendshapes)?,
            head: HeadPose::new(&models.geometry),
            smoother: Smoother::default(),
            tracks: Vec::new(),
            faces: Vec::new(),
            found: 0,
            timings: Timings::default(),
            runtime,
        })
    }

    /// The faces in a picture. `time_ms` is its time; in video mode it must increase, or the picture is not smoothed.
    ///
    /// # Errors
    /// A network failed; tracking then starts afresh.
    pub fn track(&mut self, picture: Rgb8View<'_>, time_ms: u64) -> Result<&[Face], TrackError> {
        let mut stopwatch = Stopwatch::start();
        if let Err(error) = self.find_faces(picture, time_ms, &mut stopwatch) {
            self.reset();
            return Err(error.into());
        }
        self.timings = stopwatch.stop();
        Ok(&self.faces[..self.found])
    }

    /// Forgets all previous pictures.
    pub fn reset(&mut self) {
        self.tracks.clear();
        self.smoother.reset();
        self.found = 0;
    }

    /// How long the last picture took.
    pub fn timings(&self) -> Timings {
        self.timings
    }

    /// The runtime in use, for messages.
    pub fn runtime(&self) -> String {
        self.runtime.to_string()
    }

    fn find_faces(
        &mut self,
        picture: Rgb8View<'_>,
        time_ms: u64,
        stopwatch: &mut Stopwatch,
    ) -> Result<(), NetworkError> {
        if self.options.mode == Mode::Image {
            self.tracks.clear();
        }
        if self.tracks.len() < self.options.faces {
            self.detect(picture)?;
            stopwatch.lap(|timings| &mut timings.detector);
        }
        self.find_landmarks(picture)?;
        stopwatch.lap(|timings| &mut timings.landmarks);
        let size = [picture.width() as f32, picture.height() as f32];
        self.smooth(size, time_ms);
        for face in &mut self.faces[..self.found] {
            face.matrix = self.head.matrix(&face.landmarks, size.map(f64::from));
            stopwatch.lap(|timings| &mut timings.geometry);
            face.blendshapes = self.scorer.score(&face.landmarks, size)?;
            stopwatch.lap(|timings| &mut timings.blendshapes);
        }
        Ok(())
    }

    /// Adds the detected faces to the tracked ones; a detection replaces the tracks it overlaps.
    fn detect(&mut self, picture: Rgb8View<'_>) -> Result<(), NetworkError> {
        let detected = self.detector.find(picture, self.options.preference)?;
        for region in detected {
            self.tracks.retain(|track| track.overlap(region) <= SAME_FACE);
            self.tracks.push(*region);
        }
        self.tracks.truncate(self.options.faces);
        Ok(())
    }

    /// Finds the landmarks of every tracked face and drops the tracks without one.
    fn find_landmarks(&mut self, picture: Rgb8View<'_>) -> Result<(), NetworkError> {
        self.faces.resize_with(self.faces.len().max(self.tracks.len()), Face::default);
        self.found = 0;
        let size = [picture.width() as f64, picture.height() as f64];
        for track in &self.tracks {
            let face = &mut self.faces[self.found];
            if let Some(presence) = self.finder.find(picture, track, &mut face.landmarks)? {
                face.presence = presence;
                face.region = next_region(&face.landmarks, size);
                self.found += 1;
            }
        }
        self.tracks.clear();
        self.tracks.extend(self.faces[..self.found].iter().map(|face| face.region));
        Ok(())
    }

    fn smooth(&mut self, size: [f32; 2], time_ms: u64) {
        if self.options.mode == Mode::Image || self.options.faces > 1 {
            return;
        }
        match self.faces[..self.found].first_mut() {
            Some(face) => self.smoother.smooth(&mut face.landmarks, size, time_ms),
            None => self.smoother.reset(),
        }
    }
}
