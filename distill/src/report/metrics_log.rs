//! Logs a training's metrics step by step: as event files for TensorBoard and as JSON Lines.

use super::{
    ReportError,
    record_file::{append, open_truncated},
    tfevents,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// The JSON Lines file in the log's folder.
const METRICS: &str = "metrics.jsonl";

/// The name prefix that TensorBoard expects of event files.
const EVENTS: &str = "events.out.tfevents";

/// A line of `metrics.jsonl`: the metrics after a number of examples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricsEntry {
    /// Examples seen.
    pub examples: u64,
    /// Seconds since 1970.
    pub wall_time: f64,
    /// By the original's names (`distill/spec/distiller.md`); values that are not finite are null.
    pub values: BTreeMap<String, Option<f32>>,
}

/// The metrics log of one student, in `<prefix>/<student>/log`.
///
/// Records are appended whole. A training that resumes first cuts off the steps it will repeat, so no step appears
/// twice.
#[derive(Debug)]
pub struct MetricsLog {
    metrics: (PathBuf, File),
    events: (PathBuf, File),
}

impl MetricsLog {
    /// Opens the log in `folder`, which is created, to continue after `seen` examples.
    ///
    /// # Errors
    /// If the folder or a file in it cannot be read or written.
    pub fn open(folder: &Path, seen: u64) -> Result<Self, ReportError> {
        let now = seconds();
        let run = folder.join(start_name(now as u64));
        fs::create_dir_all(&run).map_err(ReportError::file(&run))?;
        for path in event_files(folder)? {
            open_truncated(&path, |bytes| whole_event(bytes, seen)).map_err(ReportError::file(&path))?;
        }
        let path = folder.join(METRICS);
        let metrics = open_truncated(&path, |bytes| whole_line(bytes, seen)).map_err(ReportError::file(&path))?;
        let metrics = (path, metrics);
        let path = run.join(format!("{EVENTS}.{}.bunraku-distill.{}", now as u64, std::process::id()));
        let mut file = open_truncated(&path, |bytes| whole_event(bytes, seen)).map_err(ReportError::file(&path))?;
        if file.metadata().map_err(ReportError::file(&path))?.len() == 0 {
            append(&mut file, &tfevents::first_record(now)).map_err(ReportError::file(&path))?;
        }
        Ok(Self { metrics, events: (path, file) })
    }

    /// Appends the metrics after `seen` examples, which must not decrease from call to call.
    ///
    /// # Errors
    /// If a file cannot be written; earlier entries are untouched.
    pub fn append(&mut self, seen: u64, values: &[(&str, f32)]) -> Result<(), ReportError> {
        let now = seconds();
        let (path, file) = &mut self.events;
        let record = tfevents::scalars_record(now, seen, values.iter().copied());
        append(file, &record).map_err(ReportError::file(path))?;
        let finite = |&(name, value): &(&str, f32)| (name.to_owned(), Some(value).filter(|value| value.is_finite()));
        let entry = MetricsEntry { examples: seen, wall_time: now, values: values.iter().map(finite).collect() };
        let line = serde_json::to_string(&entry).map_err(std::io::Error::from);
        let (path, file) = &mut self.metrics;
        line.and_then(|line| append(file, format!("{line}\n").as_bytes())).map_err(ReportError::file(path))
    }
}

/// All entries of the log in `folder`, oldest first; none if there is no log yet.
///
/// # Errors
/// If the file exists and cannot be read.
pub fn read_metrics(folder: &Path) -> Result<Vec<MetricsEntry>, ReportError> {
    let path = folder.join(METRICS);
    match fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(ReportError::file(&path)(error)),
        // A torn line, such as one being written, is skipped.
        Ok(bytes) => Ok(bytes.split(|byte| *byte == b'\n').filter_map(|l| serde_json::from_slice(l).ok()).collect()),
    }
}

/// The length of the first event, if it is not past the checkpoint.
fn whole_event(bytes: &[u8], seen: u64) -> Option<usize> {
    tfevents::read_record(bytes).filter(|(_, step)| *step <= seen).map(|(length, _)| length)
}

/// The length of the first line, likewise.
fn whole_line(bytes: &[u8], seen: u64) -> Option<usize> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let entry: MetricsEntry = serde_json::from_slice(&bytes[..end]).ok()?;
    (entry.examples <= seen).then_some(end + 1)
}

/// The event files of all runs.
fn event_files(folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let mut files = Vec::new();
    for run in subfolders(folder)? {
        for entry in fs::read_dir(&run).map_err(ReportError::file(&run))? {
            let entry = entry.map_err(ReportError::file(&run))?;
            if entry.file_name().to_string_lossy().starts_with(EVENTS) && entry.path().is_file() {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}

fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let entries = fs::read_dir(folder).map_err(ReportError::file(folder))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let paths = paths.collect::<std::io::Result<Vec<PathBuf>>>().map_err(ReportError::file(folder))?;
    Ok(paths.into_iter().filter(|path| path.is_dir()).collect())
}

fn seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// The name of a run's folder: its start as `%Y_%m_%d__%H_%M_%S`, in UTC.
fn start_name(seconds: u64) -> String {
    let [year, month, day] = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}_{month:02}_{day:02}__{hour:02}_{minute:02}_{second:02}")
}

/// Year, month and day of the Gregorian calendar, from the days since 1 January 1970.
fn date(days: u64) -> [u64; 3] {
    let leap = |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let mut left = days;
    let mut year = 1970;
    while left >= 365 + u64::from(leap(year)) {
        left -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while left >= lengths[month] {
        left -= lengths[month];
        month += 1;
    }
    [year, month as u64 + 1, left + 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_after_its_start() {
        assert_eq!(start_name(0), "1970_01_01__00_00_00");
        assert_eq!(start_name(951_868_799), "2000_02_29__23_59_59");
        assert_eq!(start_name(1_795_271_580), "2026_11_21__14_33_00");
    }

    fn steps(folder: &Path) -> (Vec<u64>, Vec<u64>) {
        let lines = read_metrics(folder).expect("readable").iter().map(|entry| entry.examples).collect();
        let mut events = Vec::new();
        for path in event_files(folder).expect("readable") {
            let bytes = fs::read(path).expect("readable");
            let mut at = 0;
            while let Some((length, step)) = tfevents::read_record(&bytes[at..]) {
                at += length;
                events.extend((step > 0).then_some(step));
            }
            assert_eq!(at, bytes.len(), "nothing torn is left");
        }
        events.sort_unstable();
        (lines, events)
    }

    #[test]
    fn a_training_that_resumes_repeats_no_step() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path().join("log");
        let mut log = MetricsLog::open(&folder, 0).expect("opened");
        for seen in [8, 16, 24, 32] {
            log.append(seen, &[("loss", 1.0 / seen as f32), ("rate", f32::NAN)]).expect("noted");
        }
        drop(log);
        // As if killed while writing; the newest checkpoint is from example 16.
        for path in event_files(&folder).expect("readable").into_iter().chain([folder.join(METRICS)]) {
            let mut file = fs::OpenOptions::new().append(true).open(path).expect("there");
            append(&mut file, b"{\"examples\": 40, \"wa").expect("torn");
        }
        let mut log = MetricsLog::open(&folder, 16).expect("opened");
        assert_eq!(steps(&folder), (vec![8, 16], vec![8, 16]));
        log.append(24, &[("loss", 0.5)]).expect("noted");
        assert_eq!(steps(&folder), (vec![8, 16, 24], vec![8, 16, 24]));
        let entries = read_metrics(&folder).expect("readable");
        assert_eq!((entries[1].values["loss"], entries[1].values["rate"]), (Some(1.0 / 16.0), None));
    }
}
