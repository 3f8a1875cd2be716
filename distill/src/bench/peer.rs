//! A peer's script, run beside our own measurement.

use super::Rates;
use serde::Deserialize;
use std::process::{Command, Stdio};
use thiserror::Error;

/// What a peer prints, a line of JSON for each student.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct PeerRates {
    /// Who it is.
    pub engine: String,
    /// `face` or `body`.
    pub phase: String,
    /// Examples a step, and pictures that its teacher paints at once, where it says so.
    pub batch: Option<usize>,
    /// Its examples a second.
    #[serde(flatten)]
    pub rates: Rates,
}

/// Why there is nothing to compare with.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PeerError {
    /// Nothing was given.
    #[error("the peer's command is empty")]
    Empty,
    /// It is not there, or may not be run.
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
        /// How.
        status: std::process::ExitStatus,
    },
    /// It printed nothing of use.
    #[error("the peer `{0}` printed no line of JSON with `engine`, `phase` and the three rates")]
    Silent(String),
}

/// Runs the peer to its end; `command`'s words are parted by spaces. What it says on standard error is shown.
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
    fn a_peers_lines_are_read_among_others() {
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
    fn a_peer_that_does_not_help_is_named() {
        assert!(matches!(run_peer(" "), Err(PeerError::Empty)));
        let error = run_peer("no-such-program --fast").expect_err("not there");
        assert!(matches!(&error, PeerError::Start { program, .. } if program == "no-such-program"), "{error}");
    }
}
