//! Runs a peer's benchmark script beside our own measurement.

use super::Rates;
use serde::Deserialize;
use std::process::{Command, Stdio};
use thiserror::Error;

/// A peer's result, one line of JSON a student.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct PeerRates {
    /// The peer's name.
    pub engine: String,
    /// `face` or `body`.
    pub phase: String,
    /// Examples a step, and pictures that its teacher renders at once, if it says.
    pub batch: Option<usize>,
    /// Its examples a second.
    #[serde(flatten)]
    pub rates: Rates,
}

/// Why there is no result to compare with.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PeerError {
    /// No command was given.
    #[error("the peer's command is empty")]
    Empty,
    /// It does not exist or cannot be executed.
    #[error("cannot run the peer `{program}`: {source}")]
    Start {
        /// Its first word.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// It failed.
    #[error("the peer `{program}` ended with {status}")]
    Failed {
        /// Its first word.
        program: String,
        /// Its exit status.
        status: std::process::ExitStatus,
    },
    /// It printed no result.
    #[error("the peer `{0}` printed no line of JSON with `engine`, `phase` and the three rates")]
    Silent(String),
}

/// Runs the peer's `command`, whose words are separated by spaces. Its standard error is passed on.
///
/// # Errors
/// [`PeerError`].
pub fn run_peer(command: &str) -> Result<Vec<PeerRates>, PeerError> {
    let mut words = command.split_whitespace();
    let program = words.next().ok_or(PeerError::Empty)?.to_owned();
    let output = Command::new(&program).args(words).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|source| PeerError::Start { program: program.clone(), source })?;
    if !output.status.success() {
        return Err(PeerError::Failed { program, status: output.status });
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let rates: Vec<PeerRates> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if rates.is_empty() { Err(PeerError::Silent(program)) } else { Ok(rates) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_peers_results_are_found_among_other_lines() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("peer.txt");
        let line = r#"{"engine": "torch 2", "phase": "face", "device": "cpu", "batch": 1, "teacher_examples_s": 1.3,
            "student_step_examples_s": 3.9, "whole_step_examples_s": 1.1}"#;
        std::fs::write(&path, format!("warming up\n{}\n", line.replace('\n', ""))).expect("written");
        let rates = run_peer(&format!("cat {}", path.display())).expect("a line");
        assert!(
            rates.len() == 1
                && rates[0].batch == Some(1)
                && rates[0].phase == "face"
                && rates[0].rates.whole_step_examples_s == 1.1
        );
    }

    #[test]
    fn a_peer_that_cannot_run_is_named() {
        assert!(matches!(run_peer(" "), Err(PeerError::Empty)));
        let error = run_peer("no-such-program --fast").expect_err("not there");
        assert!(matches!(&error, PeerError::Start { program, .. } if program == "no-such-program"), "{error}");
    }
}
