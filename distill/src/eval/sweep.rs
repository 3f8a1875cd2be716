//! Measures flicker: how much a student's picture changes between neighbouring poses, compared with its teacher's.
//!
//! A sweep moves one parameter from one end of its range to the other in [`STEPS`] equal steps, with all others at
//! rest. The change of a step is the mean absolute difference of its two pictures, over red, green, blue and alpha as
//! stored (linear light, premultiplied), clamped. For a parameter of the face it is taken over the face window,
//! otherwise over the whole picture. A student that moves like its teacher changes as much; one that flickers or jumps
//! changes more.

use super::face_window;
use bunraku_core::pose::{FACE_POSE_LEN, Parameter, Pose};
use serde::Serialize;

/// The number of steps from end to end.
pub const STEPS: usize = 60;

/// The parameters to sweep: all rotations, and some of each kind that shapes the face.
pub const SWEPT: [Parameter; 14] = [
    Parameter::EyebrowRaisedLeft,
    Parameter::EyebrowAngryRight,
    Parameter::EyeWinkLeft,
    Parameter::EyeHappyWinkRight,
    Parameter::IrisSmallLeft,
    Parameter::MouthAaa,
    Parameter::MouthOoo,
    Parameter::IrisRotationY,
    Parameter::HeadX,
    Parameter::HeadY,
    Parameter::NeckZ,
    Parameter::BodyY,
    Parameter::BodyZ,
    Parameter::Breathing,
];

/// The poses of a parameter's sweep, [`STEPS`] + 1 of them.
pub fn sweep_poses(parameter: Parameter) -> impl Iterator<Item = Pose> {
    (0..=STEPS).map(move |step| {
        let way = step as f32 / STEPS as f32;
        let mut pose = Pose::default();
        pose[parameter] = parameter.min() + (Parameter::MAX - parameter.min()) * way;
        pose
    })
}

/// The student's changes in a sweep, as multiples of the teacher's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SweepRatio {
    /// The ratio of the mean changes: above 1 if the student flickers.
    pub mean: f64,
    /// The ratio of the largest changes: above 1 if the student jumps.
    pub peak: f64,
}

impl SweepRatio {
    /// The greater of the two.
    pub fn worst(&self) -> f64 {
        self.mean.max(self.peak)
    }
}

/// One sweep, given its pictures one by one.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The pixels that count; `None` for all.
    region: Option<Vec<bool>>,
    /// The teacher's side, then the student's.
    sides: [Side; 2],
}

/// The changes of one side so far.
#[derive(Clone, Debug, Default)]
struct Side {
    last: Vec<f32>,
    sum: f64,
    largest: f64,
}

impl Sweep {
    /// A sweep of a parameter, without pictures yet.
    pub fn new(parameter: Parameter) -> Self {
        let region = (parameter.index() < FACE_POSE_LEN).then(face_window);
        Self { region, sides: <[Side; 2]>::default() }
    }

    /// Takes the next pose's pictures, `[4, 512, 512]` in [-1, 1] each: the teacher's, then the student's.
    ///
    /// # Panics
    /// If their sizes change from one pose to the next.
    pub fn show(&mut self, pictures: [&[f32]; 2]) {
        for (side, picture) in self.sides.iter_mut().zip(pictures) {
            if !side.last.is_empty() {
                let change = change(&side.last, picture, self.region.as_deref());
                side.sum += change;
                side.largest = side.largest.max(change);
            }
            side.last.clear();
            side.last.extend_from_slice(picture);
        }
    }

    /// The student's changes as multiples of the teacher's; `None` if the teacher's picture did not change.
    pub fn ratio(&self) -> Option<SweepRatio> {
        let [teacher, student] = &self.sides;
        let moved = teacher.sum > 0.0;
        moved.then(|| SweepRatio { mean: student.sum / teacher.sum, peak: student.largest / teacher.largest })
    }
}

/// The mean absolute difference over the counted pixels, of values mapped to [0, 1].
fn change(last: &[f32], picture: &[f32], region: Option<&[bool]>) -> f64 {
    assert_eq!(last.len(), picture.len(), "a sweep's pictures have one size");
    let unit = |value: f32| f64::from(value).clamp(-1.0, 1.0) * 0.5;
    let pairs = last.iter().zip(picture).map(|(a, b)| (unit(*b) - unit(*a)).abs());
    match region {
        None => pairs.sum::<f64>() / picture.len() as f64,
        Some(region) => {
            let counted = pairs.zip(region.iter().cycle()).filter(|(_, counts)| **counts);
            let (sum, count) = counted.fold((0.0, 0.0), |(sum, count), (change, _)| (sum + change, count + 1.0));
            sum / count
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_core::character::{FACE_COLUMN, FACE_ROW, IMAGE_SIZE};

    const LEN: usize = 4 * IMAGE_SIZE * IMAGE_SIZE;

    /// The ratio for a student with the value `student(step)`, while the teacher's grows by 0.01 a step.
    fn ratio(parameter: Parameter, student: impl Fn(usize) -> f32) -> SweepRatio {
        let mut sweep = Sweep::new(parameter);
        for step in 0..=STEPS {
            sweep.show([&vec![0.01 * step as f32; LEN], &vec![student(step); LEN]]);
        }
        sweep.ratio().expect("the teacher moves")
    }

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-3
    }

    #[test]
    fn a_student_that_moves_like_its_teacher_has_the_ratio_1() {
        for parameter in [Parameter::HeadX, Parameter::MouthAaa] {
            let found = ratio(parameter, |step| 0.01 * step as f32 - 0.5);
            assert!(near(found.mean, 1.0) && near(found.peak, 1.0), "{found:?}");
        }
    }

    #[test]
    fn flicker_raises_the_mean_and_a_jump_the_peak() {
        let flicker = ratio(Parameter::HeadX, |step| 0.01 * step as f32 + if step % 2 == 0 { 0.01 } else { -0.01 });
        assert!(near(flicker.mean, 2.0) && near(flicker.peak, 3.0), "{flicker:?}");
        let jump = ratio(Parameter::HeadX, |step| if step < 30 { 0.0 } else { 0.6 });
        assert!(near(jump.mean, 1.0) && near(jump.peak, 60.0), "{jump:?}");
        assert!(near(jump.worst(), 60.0));
    }

    #[test]
    fn face_parameters_count_the_face_window_and_others_the_whole_picture() {
        let mut outside = vec![0.0; LEN];
        let mut inside = outside.clone();
        (outside[0], inside[FACE_ROW * IMAGE_SIZE + FACE_COLUMN]) = (1.0, 1.0);
        let rest = vec![0.0; LEN];
        for (parameter, counted) in [(Parameter::MouthAaa, false), (Parameter::BodyY, true)] {
            let mut sweep = Sweep::new(parameter);
            sweep.show([&rest, &rest]);
            sweep.show([&inside, &outside]);
            let found = sweep.ratio().expect("the teacher moves");
            assert!(near(found.mean, f64::from(u8::from(counted))), "{found:?}");
        }
    }

    #[test]
    fn there_is_no_ratio_if_the_teacher_does_not_move() {
        let mut sweep = Sweep::new(Parameter::HeadX);
        let picture = vec![0.5; LEN];
        sweep.show([&picture, &picture]);
        sweep.show([&picture, &picture]);
        assert_eq!(sweep.ratio(), None);
    }

    #[test]
    fn a_sweep_runs_over_the_whole_range_of_its_parameter() {
        let poses: Vec<Pose> = sweep_poses(Parameter::HeadX).collect();
        assert_eq!((poses.len(), poses[0][Parameter::HeadX], poses[STEPS][Parameter::HeadX]), (61, -1.0, 1.0));
        assert!(poses[STEPS / 2] == Pose::default());
        assert!(sweep_poses(Parameter::Breathing).next() == Some(Pose::default()));
    }
}
