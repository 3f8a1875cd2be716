//! Pictures without a face, pictures of odd sizes, and faces that come and go.

use super::{models, runtimes, shared, tracker};
use bunraku_capture::mediapipe::{
    FaceTracker, Mode, Preference, Rgb8View, RuntimeChoice, RuntimeError, TrackerOptions, frames::RgbFrame,
};

fn picture(name: &str) -> Option<RgbFrame> {
    let image = bunraku_core::picture_file::open(&shared("images")?.join(name)).expect("a picture").into_rgb8();
    let mut frame = RgbFrame::default();
    frame.resize(image.width() as usize, image.height() as usize).copy_from_slice(&image);
    Some(frame)
}

fn black(width: usize, height: usize) -> RgbFrame {
    let mut frame = RgbFrame::default();
    frame.resize(width, height).fill(0);
    frame
}

fn noise(width: usize, height: usize) -> RgbFrame {
    let mut frame = RgbFrame::default();
    let mut state = 1u32;
    for byte in frame.resize(width, height) {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    frame
}

fn faces(tracker: &mut FaceTracker, frame: &RgbFrame, time_ms: u64) -> usize {
    tracker.track(frame.view().expect("a picture"), time_ms).expect("tracked").len()
}

#[test]
fn pictures_without_a_face_give_none() {
    let Some(models) = models() else { return };
    for runtime in runtimes() {
        let mut tracker = tracker(&models, Mode::Video, 1, runtime);
        let frames = [black(640, 480), noise(640, 480), black(1, 1), noise(1, 4000), noise(5, 3)];
        for (index, frame) in frames.iter().enumerate() {
            assert_eq!(faces(&mut tracker, frame, index as u64), 0, "picture {index}, {runtime:?}");
        }
    }
}

#[test]
fn a_picture_without_pixels_is_refused_before_tracking() {
    let error = RgbFrame::default().view().err().expect("refused").to_string();
    assert_eq!(error, "the picture is 0 x 0: it has no pixels");
    assert!(Rgb8View::packed(4, 4, &[0; 47]).is_err(), "a byte is missing");
}

#[test]
fn a_face_in_a_twelve_megapixel_still_is_found_in_place() {
    let (Some(models), Some(face)) = (models(), picture("portrait_b.png")) else { return };
    let mut tracker = tracker(&models, Mode::Image, 1, RuntimeChoice::Rten);
    let nose = |tracker: &mut FaceTracker, frame: &RgbFrame| {
        let [face] = tracker.track(frame.view().expect("a picture"), 0).expect("tracked") else { panic!("one face") };
        face.landmarks[1]
    };
    let (small, large) = (nose(&mut tracker, &face), nose(&mut tracker, &enlarged(&face, 4000, 3000)));
    assert!((small[0] - large[0]).abs() < 0.02 && (small[1] - large[1]).abs() < 0.02, "{small:?} {large:?}");
}

/// The picture at another size, by nearest-neighbour sampling.
fn enlarged(frame: &RgbFrame, width: usize, height: usize) -> RgbFrame {
    let mut large = black(width, height);
    for y in 0..height {
        for x in 0..width {
            let from = 3 * (y * frame.height / height * frame.width + x * frame.width / width);
            large.data[3 * (y * width + x)..][..3].copy_from_slice(&frame.data[from..from + 3]);
        }
    }
    large
}

#[test]
fn a_face_that_leaves_is_found_again_when_it_returns() {
    let (Some(models), Some(face)) = (models(), picture("portrait_b.png")) else { return };
    let mut tracker = tracker(&models, Mode::Video, 1, RuntimeChoice::Rten);
    let away = black(face.width, face.height);
    let seen = |tracker: &mut FaceTracker, frame, time| faces(tracker, frame, time);
    assert_eq!(seen(&mut tracker, &face, 0), 1);
    assert!(tracker.timings().detector.as_nanos() > 0);
    assert_eq!(seen(&mut tracker, &face, 33), 1);
    assert_eq!(tracker.timings().detector.as_nanos(), 0, "following a face needs no detector");
    assert_eq!([66, 99].map(|time| seen(&mut tracker, &away, time)), [0, 0]);
    assert_eq!(seen(&mut tracker, &face, 132), 1);
    tracker.reset();
    assert_eq!(seen(&mut tracker, &face, 165), 1);
    assert!(tracker.timings().detector.as_nanos() > 0, "after a reset the face is detected again");
}

#[test]
fn the_largest_face_is_chosen_and_kept() {
    let (Some(models), Some(two)) = (models(), picture("two_faces.png")) else { return };
    let all = TrackerOptions { mode: Mode::Image, faces: 2, ..options(Preference::Surest) };
    let mut tracker = FaceTracker::new(&models, &all).expect("the networks open");
    let regions: Vec<_> =
        tracker.track(two.view().expect("a picture"), 0).expect("tracked").iter().map(|face| face.region).collect();
    let largest = regions.iter().max_by(|a, b| a.width.total_cmp(&b.width)).expect("two faces");
    let mut one = FaceTracker::new(&models, &options(Preference::Largest)).expect("the networks open");
    for time in [0, 33, 66] {
        let [face] = one.track(two.view().expect("a picture"), time).expect("tracked") else { panic!("one face") };
        assert!((face.region.x - largest.x).abs() < 0.05, "{:?} {largest:?}", face.region);
    }
}

fn options(preference: Preference) -> TrackerOptions {
    TrackerOptions { preference, runtime: RuntimeChoice::Rten, threads: 2, ..TrackerOptions::default() }
}

#[test]
fn a_damaged_model_is_named() {
    let Some(mut models) = models() else { return };
    let whole = std::mem::take(&mut models.landmarks);
    for runtime in runtimes() {
        for damaged in [&[][..], b"no model", &whole[..whole.len() / 2], &models.detector.clone()] {
            models.landmarks = damaged.to_vec();
            let options = TrackerOptions { runtime, ..TrackerOptions::default() };
            match FaceTracker::new(&models, &options) {
                Err(error @ RuntimeError::Model { network: "face landmarks", .. }) => {
                    assert!(error.to_string().contains("face landmarks"), "{error}");
                }
                Err(error) => panic!("{error}"),
                Ok(_) => panic!("{} bytes were taken for a model", damaged.len()),
            }
        }
    }
}
