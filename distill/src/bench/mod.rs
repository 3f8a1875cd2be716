//! Measures examples a second: the teacher alone, the student's step alone, and both as in training.

mod floor;
mod peer;

pub use floor::{Floor, body_floor, face_floor};
pub use peer::{PeerError, PeerRates, run_peer};

use crate::{
    backend::TrainingBackend,
    checkpoint::Progress,
    examples::Poses,
    recipe::{AdamSettings, Replay, StudentRecipe},
    teacher::Teacher,
    trainer::{Examples, Fit, Objective, ReplayBuffer, Share, TrainState, tensor},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Instant};

/// Rounds before the first measured one, as in the peers' scripts.
const WARM_UP: usize = 2;

/// One student's training as a workload to measure.
pub struct Workload<'a, B: TrainingBackend, L: Objective<B>, N> {
    /// The student and its objective.
    pub objective: &'a L,
    /// How it is trained; the first phase's losses are used.
    pub student_recipe: &'a StudentRecipe<N, L::Losses>,
    /// The optimiser's constants.
    pub adam: AdamSettings,
    /// Examples a step, and pictures that the teacher renders at once; `None` takes the recipe's.
    pub batch: Option<usize>,
    /// Examples a step if neither `batch` nor the recipe sets them.
    pub usual: usize,
    /// Rounds to measure, at least 1.
    pub steps: usize,
    /// The device.
    pub device: B::Device,
    /// The device's memory in bytes.
    pub memory: u64,
}

/// Examples a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// Pictures that the teacher renders.
    pub teacher_examples_s: f64,
    /// Examples that the student trains on, with the teacher's pictures given.
    pub student_step_examples_s: f64,
    /// Examples of the whole training: each is rendered first, or one batch every few steps if the recipe has a replay
    /// buffer.
    pub whole_step_examples_s: f64,
}

impl<B: TrainingBackend, L: Objective<B>, N> Workload<'_, B, L, N> {
    /// Measures the three rates in turn. Writes nothing.
    pub fn measure(&self, teacher: &mut dyn Teacher<B::InnerBackend>) -> Rates {
        let mut bench = Bench::new(self);
        let rate = |examples: usize, seconds: f64| examples as f64 / seconds;
        let teacher_time = self.timed(self.steps, || bench.teach(teacher));
        let student_time = {
            bench.prepare(teacher);
            self.timed(self.steps, || bench.learn(teacher))
        };
        // Whole rounds of the replay buffer, so that rendering is spread evenly.
        let steps =
            self.student_recipe.replay.map_or(self.steps, |replay| self.steps.next_multiple_of(replay.steps as usize));
        let whole_time = self.timed(steps, || bench.train(teacher));
        Rates {
            teacher_examples_s: rate(self.steps * self.rendered_at_once(), teacher_time),
            student_step_examples_s: rate(self.steps * self.batch(), student_time),
            whole_step_examples_s: rate(steps * self.batch(), whole_time),
        }
    }

    /// The seconds that `rounds` rounds take on the device, after the warm-up.
    fn timed(&self, rounds: usize, mut round: impl FnMut()) -> f64 {
        (0..WARM_UP).for_each(|_| round());
        self.wait();
        let start = Instant::now();
        (0..rounds).for_each(|_| round());
        self.wait();
        start.elapsed().as_secs_f64()
    }

    fn wait(&self) {
        // A lost device reports it when it is next used.
        let _ = B::sync(&self.device);
    }

    /// Examples a step.
    pub fn batch(&self) -> usize {
        self.batch.or(self.student_recipe.batch).unwrap_or(self.usual)
    }

    /// The share of a picture that an example shows.
    pub fn picture_share(&self) -> f64 {
        let patch = self.student_recipe.replay.and_then(|replay| replay.patch).unwrap_or(L::EDGE);
        (patch as f64 / L::EDGE as f64).powi(2)
    }

    /// Pictures that the teacher renders at once.
    fn rendered_at_once(&self) -> usize {
        let replayed = self.student_recipe.replay.map(|replay| replay.teacher_batch);
        self.batch.or(replayed).unwrap_or_else(|| self.batch())
    }

    /// As in training on this device, but with only as many pictures before the first step as that needs.
    fn fit(&self) -> Fit {
        let fit = Fit::new::<B, L, N>(self.objective, self.student_recipe, self.memory, &self.device);
        let teacher_batch = self.rendered_at_once();
        let pictures = |replay: &Replay| replay.pictures.next_multiple_of(teacher_batch);
        let replay = |it: Replay| Replay { pictures: pictures(&it), teacher_batch, fill: teacher_batch, ..it };
        Fit { replay: fit.replay.map(replay), ..fit }
    }
}

/// The parts of a training, driven by hand.
struct Bench<'a, B: TrainingBackend, L: Objective<B>, N> {
    work: &'a Workload<'a, B, L, N>,
    poses: Poses,
    replay_buffer: ReplayBuffer<B::InnerBackend>,
    train_state: TrainState<B, L::Student>,
    /// The examples that are reused if the recipe has no replay buffer.
    lent: Option<Vec<Examples<B::InnerBackend>>>,
    /// Batches rendered by the teacher alone.
    rendered: u64,
    /// Pictures that it renders at once.
    whole: usize,
}

impl<'a, B: TrainingBackend, L: Objective<B>, N> Bench<'a, B, L, N> {
    fn new(work: &'a Workload<'a, B, L, N>) -> Self {
        let poses = Poses::new(None, 0, work.rendered_at_once());
        let fit = work.fit();
        let replay_buffer =
            ReplayBuffer::new(poses.clone(), work.batch(), Share::WHOLE, work.device.clone(), L::EDGE, fit, [0, 0]);
        let student = work.objective.begin(0, &work.device);
        let train_state = TrainState::new(student, &work.adam, Progress::new(BTreeMap::new()));
        Self { work, poses, replay_buffer, train_state, lent: None, rendered: 0, whole: fit.whole }
    }

    /// Renders one batch.
    fn teach(&mut self, teacher: &mut dyn Teacher<B::InnerBackend>) {
        let batch = self.work.rendered_at_once() as u64;
        let first = self.rendered * batch;
        self.rendered += 1;
        let poses: Vec<_> = (first..first + batch).map(|index| self.poses.at(index)).collect();
        for poses in poses.chunks(self.whole) {
            let targets = self.work.objective.targets(teacher, tensor(poses, &self.work.device));
            // A lazy backend must not drop the work together with the pictures.
            self.work.wait();
            drop(targets);
        }
    }

    /// Renders everything that a step needs.
    fn prepare(&mut self, teacher: &mut dyn Teacher<B::InnerBackend>) {
        for _ in 0..self.replay_buffer.missing(self.train_state.progress.steps) {
            self.replay_buffer.render(self.work.objective, teacher);
        }
    }

    /// A step without the teacher: from the replay buffer, or on the same examples every time.
    fn learn(&mut self, teacher: &mut dyn Teacher<B::InnerBackend>) {
        let examples = match self.lent.take() {
            Some(examples) => examples,
            None => self.replay_buffer.examples(self.work.objective, teacher, self.train_state.progress.steps, 0),
        };
        if self.work.student_recipe.replay.is_none() {
            self.lent = Some(examples.clone());
        }
        self.step(examples);
    }

    /// A training step, teacher included.
    fn train(&mut self, teacher: &mut dyn Teacher<B::InnerBackend>) {
        self.prepare(teacher);
        let (steps, seen) = (self.train_state.progress.steps, self.train_state.progress.examples);
        let examples = self.replay_buffer.examples(self.work.objective, teacher, steps, seen);
        self.step(examples);
    }

    fn step(&mut self, examples: Vec<Examples<B::InnerBackend>>) {
        let phase = &self.work.student_recipe.phases[0];
        let (_, gradients) = self.train_state.loss_and_gradients(self.work.objective, examples, phase.losses);
        self.train_state.step(gradients, phase.learning_rate, self.work.batch() as u64);
    }
}
