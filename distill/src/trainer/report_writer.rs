//! Writes a training's reports: the metrics log, its plot, and sample sheets.

use super::{
    objective::Objective,
    observer::{Event, ProgressObserver},
    validation::ValidationSet,
};
use crate::{
    backend::TrainingBackend,
    report::{LossCurves, MetricsLog, ReportError, plot_losses, read_metrics, sample_path, save_sheet},
};
use burn::module::AutodiffModule as _;
use std::path::{Path, PathBuf};

/// The plot's file name in a student's folder.
const PLOT: &str = "losses.png";

/// Writes one student's reports. A log that cannot be written is reported once and then dropped.
pub(super) struct ReportWriter {
    folder: PathBuf,
    /// `None` if it cannot be written.
    log: Option<MetricsLog>,
    /// The examples at which a phase ends.
    phase_ends: Vec<u64>,
}

impl ReportWriter {
    /// Opens the reports in a student's folder, to continue after `seen` examples.
    pub(super) fn open(folder: &Path, seen: u64, phase_ends: Vec<u64>, observer: &mut dyn ProgressObserver) -> Self {
        let log = told(MetricsLog::open(&folder.join("log"), seen), observer);
        Self { folder: folder.to_owned(), log, phase_ends }
    }

    /// Logs a step's loss, under the original's names (`distill/spec/distiller.md`).
    pub(super) fn loss<B: TrainingBackend, L: Objective<B>>(
        &mut self,
        seen: u64,
        learning_rate: f64,
        (total, terms): (f64, &[(&'static str, f64)]),
        observer: &mut dyn ProgressObserver,
    ) {
        let named = |(name, value): &(&str, f64)| (format!("training_module_{}{name}_loss", L::LOG), *value as f32);
        let mut values: Vec<(String, f32)> = terms.iter().map(named).collect();
        values.push(("training_module_loss".to_owned(), total as f32));
        values.push(("module_learning_rate".to_owned(), learning_rate as f32));
        let values: Vec<(&str, f32)> = values.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        self.log_values(seen, &values, observer);
    }

    /// Logs the error on the held-out poses.
    pub(super) fn held_out(&mut self, seen: u64, l1: f64, observer: &mut dyn ProgressObserver) {
        self.log_values(seen, &[("held_out_l1", l1 as f32)], observer);
    }

    fn log_values(&mut self, seen: u64, values: &[(&str, f32)], observer: &mut dyn ProgressObserver) {
        if self.log.as_mut().is_some_and(|log| told(log.append(seen, values), observer).is_none()) {
            self.log = None;
        }
    }

    /// Plots the log so far.
    pub(super) fn plot(&self, title: &str, observer: &mut dyn ProgressObserver) {
        let drawn = read_metrics(&self.folder.join("log")).and_then(|entries| {
            let curves = LossCurves { title, entries: &entries, phase_ends: &self.phase_ends };
            plot_losses(&curves, &self.folder.join(PLOT))
        });
        told(drawn, observer);
    }

    /// Writes the sample sheet after `seen` examples.
    pub(super) fn sheet<B: TrainingBackend, L: Objective<B>>(
        &self,
        objective: &L,
        student: &L::Student,
        samples: &ValidationSet<B>,
        seen: u64,
        observer: &mut dyn ProgressObserver,
    ) {
        let sheet = objective.sheet(&student.valid(), samples.rendered());
        told(save_sheet(&sheet, &sample_path(&self.folder, seen)), observer);
    }
}

fn told<T>(written: Result<T, ReportError>, observer: &mut dyn ProgressObserver) -> Option<T> {
    written.map_err(|error| observer.notify(&Event::NotReported(&error))).ok()
}
