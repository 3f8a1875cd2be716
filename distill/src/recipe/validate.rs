//! Validates a recipe's values, and reports all that are out of range at once. serde stops at the first one, so it does
//! not fit.

use super::{AdamSettings, Intervals, Recipe, Replay, StudentRecipe};
use crate::loss::{BodyWeights, FaceWeights};
use bunraku_core::character::{FACE_SIZE, IMAGE_SIZE};

/// The widest sine layer; the published students' widest has 360 outputs.
const WIDEST: usize = 4096;

/// The most sine layers in a row; the published face morpher has 8.
const DEEPEST: usize = 64;

/// The most examples a step and the most held-out poses.
const LARGEST_BATCH: usize = 1024;

/// The largest `length`.
const LONGEST: f64 = 1000.0;

/// The terms of a loss by name, for messages.
pub(super) trait Terms {
    fn terms(&self) -> Vec<(&'static str, f32)>;
}

impl Terms for FaceWeights {
    fn terms(&self) -> Vec<(&'static str, f32)> {
        vec![("full", self.full), ("eye_mouth", self.eye_mouth)]
    }
}

impl Terms for BodyWeights {
    fn terms(&self) -> Vec<(&'static str, f32)> {
        vec![
            ("blended", self.blended),
            ("warped", self.warped),
            ("grid_change", self.grid_change),
            ("color_change", self.color_change),
        ]
    }
}

/// Collects a message for every problem.
struct Problems(Vec<String>);

impl Problems {
    fn require(&mut self, holds: bool, problem: impl FnOnce() -> String) {
        if !holds {
            self.0.push(problem());
        }
    }

    fn adam(&mut self, adam: &AdamSettings) {
        let AdamSettings { beta_1, beta_2, epsilon } = *adam;
        for (name, beta) in [("beta_1", beta_1), ("beta_2", beta_2)] {
            self.require((0.0..1.0).contains(&beta), || format!("`adam.{name}` must be at least 0 and below 1"));
        }
        self.require(epsilon.is_finite() && epsilon > 0.0, || "`adam.epsilon` must be above 0".to_owned());
    }

    fn intervals(&mut self, intervals: &Intervals) {
        let Intervals { snapshot, checkpoint, held_out } = *intervals;
        for (name, interval) in [("snapshot", snapshot), ("checkpoint", checkpoint), ("held_out", held_out)] {
            self.require(interval > 0, || format!("`intervals.{name}` must be 1 or more"));
        }
    }

    fn layers(&mut self, of: &str, widths: &[usize]) {
        let sensible = (1..=DEEPEST).contains(&widths.len()) && widths.iter().all(|width| (1..=WIDEST).contains(width));
        self.require(sensible, || format!("`{of}.network` must have 1 to {DEEPEST} layers of 1 to {WIDEST} outputs"));
    }

    fn student_recipe<N, L: Terms>(&mut self, of: &str, student_recipe: &StudentRecipe<N, L>, size: usize) {
        let batch = student_recipe.batch.unwrap_or(1);
        self.require((1..=LARGEST_BATCH).contains(&batch), || format!("`{of}.batch` must be 1 to {LARGEST_BATCH}"));
        let within = student_recipe.first_position.is_none_or(|position| position > 0.0 && position <= 4.0);
        self.require(within, || format!("`{of}.first_position` must be above 0, at most 4, or null"));
        if let Some(replay) = &student_recipe.replay {
            self.replay(of, replay, size);
        }
        self.require(!student_recipe.phases.is_empty(), || format!("`{of}.phases` must have at least one phase"));
        let mut before = 0;
        for (index, phase) in student_recipe.phases.iter().enumerate() {
            let at = format!("{of}.phases[{index}]");
            self.require(phase.until > before, || {
                format!("`{at}.until` must be above {before}, where the phase starts")
            });
            before = phase.until;
            let rate = phase.learning_rate;
            self.require(rate.is_finite() && rate >= 0.0, || format!("`{at}.learning_rate` must be 0 or more"));
            for (term, weight) in phase.losses.terms() {
                let sensible = weight.is_finite() && weight >= 0.0;
                self.require(sensible, || format!("`{at}.losses.{term}` must be 0 or more"));
            }
        }
    }

    fn replay(&mut self, of: &str, replay: &Replay, size: usize) {
        let Replay { pictures, teacher_batch, fill, steps, patch, places, focus, precision: _ } = *replay;
        self.require((1..=LARGEST_BATCH).contains(&teacher_batch), || {
            format!("`{of}.replay.teacher_batch` must be 1 to {LARGEST_BATCH}")
        });
        let whole = pictures > 0 && teacher_batch > 0 && pictures.is_multiple_of(teacher_batch);
        self.require(whole, || format!("`{of}.replay.pictures` must be a multiple of its `teacher_batch`"));
        let filled = teacher_batch > 0 && fill.is_multiple_of(teacher_batch) && (1..=pictures).contains(&fill);
        self.require(filled, || {
            format!("`{of}.replay.fill` must be a multiple of `teacher_batch`, at most `pictures`")
        });
        self.require(steps > 0, || format!("`{of}.replay.steps` must be 1 or more"));
        self.require((1..=LARGEST_BATCH).contains(&places), || {
            format!("`{of}.replay.places` must be 1 to {LARGEST_BATCH}")
        });
        self.require((0.0..=1.0).contains(&focus), || format!("`{of}.replay.focus` must be 0 to 1"));
        let edge = patch.unwrap_or(size);
        // Patches start at multiples of four, so other sizes would never show the last rows.
        let fits = edge.is_multiple_of(4) && (4..=size).contains(&edge);
        self.require(fits, || format!("`{of}.replay.patch` must be a multiple of 4, 4 to {size}"));
    }
}

impl Recipe {
    /// All values out of range.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Problems(Vec::new());
        let length = self.length > 0.0 && self.length <= LONGEST;
        problems.require(length, || format!("`length` must be above 0, at most {LONGEST}"));
        problems.adam(&self.adam);
        problems.intervals(&self.intervals);
        let poses = self.held_out_poses;
        problems
            .require((1..=LARGEST_BATCH).contains(&poses), || format!("`held_out_poses` must be 1 to {LARGEST_BATCH}"));
        for (of, weight) in self.perceptual.iter().flat_map(|it| [("face", it.face), ("body", it.body)]) {
            let sensible = weight.is_finite() && weight >= 0.0;
            problems.require(sensible, || format!("`perceptual.{of}` must be 0 or more"));
        }
        problems.layers("face", &self.face.network);
        for widths in &self.body.network {
            problems.layers("body", widths);
        }
        problems.student_recipe("face", &self.face, FACE_SIZE);
        problems.student_recipe("body", &self.body, IMAGE_SIZE);
        problems.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::Recipe;

    #[test]
    fn all_values_out_of_range_are_named_at_once() {
        let text = "
            from: fast
            adam: {beta_1: 1.0, epsilon: 0}
            intervals: {snapshot: 0}
            held_out_poses: 0
            length: 0
            perceptual: {weights: a.pt, face: -1, body: 1}
            face: {network: [], first_position: -1, batch: 0, phases: []}
            body:
              network: [[4], [0], [4]]
              replay: {pictures: 7, fill: 9, steps: 0, patch: 600, places: 0, focus: .nan}
              phases:
                - {until: 9, learning_rate: .nan, losses: {blended: -1, warped: 0, grid_change: 0, color_change: 0}}
                - {until: 9, learning_rate: 0, losses: {blended: 0, warped: 0, grid_change: 0, color_change: 0}}";
        let message = Recipe::parse(text).expect_err("wrong").to_string();
        for part in [
            "`adam.beta_1`",
            "`adam.epsilon`",
            "`intervals.snapshot`",
            "`held_out_poses`",
            "`length`",
            "`perceptual.face`",
            "`face.network`",
            "`face.batch`",
            "`face.first_position`",
            "`face.phases`",
            "`body.network`",
            "`body.replay.pictures`",
            "`body.replay.fill`",
            "`body.replay.steps`",
            "`body.replay.patch`",
            "`body.replay.places`",
            "`body.replay.focus`",
            "`body.phases[0].learning_rate`",
            "`body.phases[0].losses.blended`",
            "`body.phases[1].until` must be above 9",
        ] {
            assert!(message.contains(part), "{part} is not in {message}");
        }
        assert_eq!(message.matches("; ").count(), 19, "{message}");
    }
}
