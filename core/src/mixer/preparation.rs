//! How a source's samples are prepared before they are mixed: relative to a neutral head, and mirrored.

use crate::{
    calibration::{AutoCalibration, Calibration},
    sample::{FaceSample, Head},
};

/// A source's calibration and mirroring.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Preparation {
    calibration: Calibration,
    /// Absent where calibration is not automatic, or done.
    pub(super) auto_calibration: Option<AutoCalibration>,
    pub(super) mirror: bool,
}

impl Preparation {
    /// Takes one more head at `now` into an automatic calibration. Whether prepared samples jump by it.
    pub(super) fn take(&mut self, head: &Head, now: f64) -> bool {
        let Some(auto) = &mut self.auto_calibration else { return false };
        let step = auto.take(head, now);
        if let Some(calibration) = step.calibration {
            self.calibration = calibration;
        }
        if step.done {
            self.auto_calibration = None;
        }
        step.jumped
    }

    /// Takes `head` as the neutral one from now on.
    pub(super) fn recentre(&mut self, head: &Head) {
        self.calibration.recentre(head);
        self.auto_calibration = None;
    }

    /// The sample as it is to be mixed.
    pub(super) fn apply(&self, sample: &FaceSample) -> FaceSample {
        let calibrated = self.calibration.apply(sample);
        if self.mirror { calibrated.mirrored() } else { calibrated }
    }
}
