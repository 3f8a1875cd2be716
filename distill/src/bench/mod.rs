//! Examples a second: the teacher alone, the student's step alone, and both as a training does them.

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

/// Rounds before the first that counts, as the peers' scripts have them.
const WARM_UP: usize = 2;

/// One student's training, to be measured.
pub struct Workload<'a, B: TrainingBackend, L: Objective<B>, N> {
    /// The student and what it learns.
    pub objective: &'a L,
    /// How it learns; the first phase's losses are taken.
    pub student_recipe: &'a StudentRecipe<N, L::Losses>,
    /// The optimiser's constants.
    pub adam: AdamSettings,
    /// Examples a step, and pictures that the teacher paints at once; none: as the recipe has it, of which whole pictures
    /// are `usual`.
    pub batch: Option<usize>,
    /// Examples a step where neither this nor the recipe says.
    pub usual: usize,
    /// Rounds that are measured, at least 1.
    pub steps: usize,
    /// On what.
    pub device: B::Device,
    /// Bytes of its memory.
    pub memory: u64,
}

/// Examples a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// Pictures that the teacher paints.
    pub teacher_examples_s: f64,
    /// Examples that the student learns from, were the teacher's pictures there for nothing.
    pub student_step_examples_s: f64,
    /// Examples of the training itself: each is painted first, or, where the recipe keeps pictures, one batch is every
    /// few steps.
    pub whole_step_examples_s: f64,
}

impl<B: TrainingBackend, L: Objective<B>, N> Workload<'_, B, L, N> {
    /// Measures the three, one after the other. Nothing is written.
    pub fn measure(&self, teacher: &mut dyn Teacher<B::InnerBackend>) -> Rates {
        let mut bench = Bench::new(self);
        let rate = |examples: usize, seconds: f64| examples as f64 / seconds;
        let teacher_time = self.timed(self.steps, || bench.teach(teacher));
        let student_time = {
            bench.prepare(teacher);
            self.timed(self.steps, || bench.learn(teacher))
        };
        // As many steps as it takes to paint evenly.
        let steps =
            self.student_recipe.replay.map_or(self.steps, |replay| self.steps.next_multiple_of(replay.steps as usize));
        let whole_time = self.timed(steps, || bench.train(teacher));
        Rates {
            teacher_examples_s: rate(self.steps * self.painted_at_once(), teacher_time),
            student_step_examples_s: rate(self.steps * self.batch(), student_time),
            whole_step_examples_s: rate(steps * self.batch(), whole_time),
        }
    }

    /// Seconds of `rounds` rounds, after the warm-up, until the device has done them.
    fn timed(&self, rounds: usize, mut round: impl FnMut()) -> f64 {
        (0..WARM_UP).for_each(|_| round());
        self.wait();
        let start = Instant::now();
        (0..rounds).for_each(|_| round());
        self.wait();
        start.elapsed().as_secs_f64()
    }

    fn wait(&self) {
        // A lost device says so itself when it is next used.
        let _ = B::sync(&self.device);
    }

    /// Examples a step.
    pub fn batch(&self) -> usize {
        self.batch.or(self.student_recipe.batch).unwrap_or(self.usual)
    }

    /// Of a picture, what an example shows.
    pub fn picture_share(&self) -> f64 {
        let patch = self.student_recipe.replay.and_then(|replay| replay.patch).unwrap_or(L::EDGE);
        (patch as f64 / L::EDGE as f64).powi(2)
    }

    /// Pictures that the teacher paints at once.
    fn painted_at_once(&self) -> usize {
        let replayed = self.student_recipe.replay.map(|replay| replay.teacher_batch);
        self.batch.or(replayed).unwrap_or_else(|| self.batch())
    }

    /// As the training is fitted to the device, with no more pictures before the first step than that needs.
    fn fit(&self) -> Fit {
        let fit = Fit::new::<B, L, N>(self.objective, self.student_recipe, self.memory, &self.device);
        let teacher_batch = self.painted_at_once();
        let pictures = |replay: &Replay| replay.pictures.next_multiple_of(teacher_batch);
        let replay = |it: Replay| Replay { pictures: pictures(&it), teacher_batch, fill: teacher_batch, ..it };
        Fit { replay: fit.replay.map(replay), ..fit }
    }
}

/// The training's own parts, moved by hand.
struct Bench<'a, B: TrainingBackend, L: Objective<B>, N> {
    work: &'a Workload<'a, B, L, N>,
    poses: Poses,
    replay_buffer: ReplayBuffer<B::InnerBackend>,
    train_state: TrainState<B, L::Student>,
    /// What is learnt from where no pictures are kept.
    lent: Option<Vec<Examples<B::InnerBackend>>>,
    /// Batches that the teacher painted by itself.
    painted: u64,
    /// Pictures that it paints at once.
    whole: usize,
}

impl<'a, B: TrainingBackend, L: Objective<B>, N> Bench<'a, B, L, N> {
    fn new(work: &'a Workload<'a, B, L, N>) -> Self {
        let poses = Poses::new(None, 0, work.painted_at_once());
        let fit = work.fit();
        let replay_buffer =
            ReplayBuffer::new(poses.clone(), work.batch(), Share::WHOLE, work.device.clone(), L::EDGE, fit, [0, 0]);
        let student = work.objective.begin(0, &work.device);
        let train_state = TrainState::new(student, &work.adam, Progress::new(BTreeMap::new()));
        Self { work, poses, replay_buffer, train_state, lent: None, painted: 0, whole: fit.whole }
    }

    /// One batch of the teacher's.
    fn teach(&mut self, teacher: &mut dyn Teacher<B::InnerBackend>) {
        let batch = self.work.painted_at_once() as u64;
        let first = self.painted * batch;
        self.painted += 1;
        let poses: Vec<_> = (first..first + batch).map(|index| self.poses.at(index)).collect();
        for poses in poses.chunks(self.whole) {
            let shown = self.work.objective.show(teacher, tensor(poses, &self.work.device));
            // A backend that puts work off must not drop it with the pictures.
            self.work.wait();
            drop(shown);
        }
    }

    /// Paints all that a step needs.
    fn prepare(&mut self, teacher: &mut dyn Teacher<B::InnerBackend>) {
        for _ in 0..self.replay_buffer.missing(self.train_state.progress.steps) {
            self.replay_buffer.paint(self.work.objective, teacher);
        }
    }

    /// A step without the teacher: with pictures that are kept, or always the same.
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

    /// A step of the training.
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
