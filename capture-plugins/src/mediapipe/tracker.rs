//! The face landmarker: pictures in, faces out (`TRACKER.md` §5).

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

/// A tracked face is the detected one if they overlap more than this, by intersection over union.
const SAME_FACE: f64 = 0.5;

/// Whether pictures have to do with one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Each is looked at by itself.
    Image,
    /// They follow one another: a face is looked for where it was, and a single one is smoothed.
    #[default]
    Video,
}

/// Which face is taken where there are more than are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preference {
    /// The one that the detector is surest of, as `MediaPipe` does.
    #[default]
    Surest,
    /// The largest: that of whoever sits before the camera. It is kept while it stays.
    Largest,
}

/// How faces are tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackerOptions {
    /// Whether pictures have to do with one another.
    pub mode: Mode,
    /// How many faces to find at most, 1 or more.
    pub faces: usize,
    /// Which faces those are.
    pub preference: Preference,
    /// Who computes the networks.
    pub runtime: RuntimeChoice,
    /// Threads of the largest network; the others take one.
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
    /// The landmarks: x in widths and y in heights of the picture, from its upper left; z, relative depth, in widths,
    /// smaller is nearer.
    pub landmarks: Landmarks,
    /// Scores of expression, 0 to 1, named by [`BLENDSHAPE_NAMES`].
    pub blendshapes: [f32; BLENDSHAPE_NAMES.len()],
    /// From the canonical face, in centimetres, to the camera, which looks along -z: rows, for column vectors. None
    /// where the landmarks hold no head.
    pub matrix: Option<[[f32; 4]; 4]>,
    /// How sure the network is that a face is there, 0 to 1.
    pub presence: f32,
    /// Where the face is looked for in the next picture.
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

/// Why a picture was not tracked: one of the networks failed.
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
    /// Where faces were in the picture before.
    tracks: Vec<Region>,
    /// Room for as many faces as there ever were, of which the first `found` are those of the last picture.
    faces: Vec<Face>,
    found: usize,
    timings: Timings,
}

impl FaceTracker {
    /// Opens the networks.
    ///
    /// # Errors
    /// The runtime asked for is not there, or a model is damaged.
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

    /// The faces of a picture; none if there is none. `time_ms` is the picture's time, which in video mode must rise:
    /// a picture of a time gone by is not smoothed.
    ///
    /// # Errors
    /// A network failed; what was tracked is forgotten.
    pub fn track(&mut self, picture: Rgb8View<'_>, time_ms: u64) -> Result<&[Face], TrackError> {
        let mut watch = Stopwatch::start();
        if let Err(error) = self.look(picture, time_ms, &mut watch) {
            self.reset();
            return Err(error.into());
        }
        self.timings = watch.stop();
        Ok(&self.faces[..self.found])
    }

    /// Forgets the faces of all pictures before.
    pub fn reset(&mut self) {
        self.tracks.clear();
        self.smoother.reset();
        self.found = 0;
    }

    /// What the last picture took.
    pub fn timings(&self) -> Timings {
        self.timings
    }

    /// Who computes the networks, for people.
    pub fn runtime(&self) -> String {
        self.runtime.to_string()
    }

    fn look(&mut self, picture: Rgb8View<'_>, time_ms: u64, watch: &mut Stopwatch) -> Result<(), NetworkError> {
        if self.options.mode == Mode::Image {
            self.tracks.clear();
        }
        if self.tracks.len() < self.options.faces {
            self.detect(picture)?;
            watch.lap(|timings| &mut timings.detector);
        }
        self.find_landmarks(picture)?;
        watch.lap(|timings| &mut timings.landmarks);
        let size = [picture.width() as f32, picture.height() as f32];
        self.smooth(size, time_ms);
        for face in &mut self.faces[..self.found] {
            face.matrix = self.head.matrix(&face.landmarks, size.map(f64::from));
            watch.lap(|timings| &mut timings.geometry);
            face.blendshapes = self.scorer.score(&face.landmarks, size)?;
            watch.lap(|timings| &mut timings.blendshapes);
        }
        Ok(())
    }

    /// Adds the detected faces to the tracked ones; a detection takes the place of the tracks that it covers.
    fn detect(&mut self, picture: Rgb8View<'_>) -> Result<(), NetworkError> {
        let detected = self.detector.find(picture, self.options.preference)?;
        for region in detected {
            self.tracks.retain(|track| track.overlap(region) <= SAME_FACE);
            self.tracks.push(*region);
        }
        self.tracks.truncate(self.options.faces);
        Ok(())
    }

    /// Looks for a face at every track and keeps those that are there, with where to look next.
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
