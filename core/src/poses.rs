//! A poses file: JSON Lines, a pose each, as `bunraku render` draws them and `bunraku convert` writes them.

use crate::{
    pose::{Parameter, Pose},
    suggest,
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, HashSet},
    io::{BufRead, Read as _},
};

/// A pose and the name of its picture.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedPose {
    /// One path component, unique in its file; the line's number in six digits where the line gives none.
    pub name: String,
    /// Finite values, not clamped.
    pub pose: Pose,
}

/// Why a poses file was refused. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum PosesError {
    /// The file could not be read, or is not UTF-8.
    #[error("line {line}: {source}")]
    Io {
        /// Where.
        line: usize,
        /// Why.
        source: std::io::Error,
    },
    /// Not a pose line.
    #[error("line {line}: {problem}")]
    Line {
        /// Where.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: Option<String>,
    pose: Values,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    All(Vec<f64>),
    Some(BTreeMap<String, f64>),
}

/// Most bytes in a line; 45 numbers with all their digits take a sixtieth of it. A line without an end is an error.
const LINE_LIMIT: u64 = 64 << 10;

/// Reads all poses of a file. Empty lines are skipped.
///
/// # Errors
/// See [`PosesError`].
pub fn read_poses(mut file: impl BufRead) -> Result<Vec<NamedPose>, PosesError> {
    let mut names = HashSet::new();
    let mut poses = Vec::new();
    for line in 1.. {
        let Some(text) = read_line(&mut file, line)? else { break };
        if text.trim().is_empty() {
            continue;
        }
        let named = parse_line(line, &text).map_err(|problem| PosesError::Line { line, problem })?;
        if !names.insert(named.name.clone()) {
            let problem = format!("the name `{}` was used before; every picture needs its own", named.name);
            return Err(PosesError::Line { line, problem });
        }
        poses.push(named);
    }
    Ok(poses)
}

/// The next line, if there is one.
fn read_line(file: &mut impl BufRead, line: usize) -> Result<Option<String>, PosesError> {
    let mut text = String::new();
    let read =
        file.by_ref().take(LINE_LIMIT + 1).read_line(&mut text).map_err(|source| PosesError::Io { line, source })?;
    if read as u64 > LINE_LIMIT {
        let problem = format!("is longer than {LINE_LIMIT} bytes, which no pose needs");
        return Err(PosesError::Line { line, problem });
    }
    Ok((read > 0).then_some(text))
}

fn parse_line(number: usize, text: &str) -> Result<NamedPose, String> {
    let line: Line = serde_json::from_str(text).map_err(|error| {
        format!("{error}; a line is {{\"name\": \"x\", \"pose\": [45 numbers]}} or {{\"name\": \"x\", \"pose\": {{\"head_x\": 0.4}}}}")
    })?;
    let name = line.name.unwrap_or_else(|| format!("{number:06}"));
    check_name(&name)?;
    let pose = match line.pose {
        Values::All(values) => all(&values)?,
        Values::Some(values) => some(&values)?,
    };
    Ok(NamedPose { name, pose })
}

/// A name becomes a file's: it must be one path component on every system.
fn check_name(name: &str) -> Result<(), String> {
    let reserved = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    let why = if name.is_empty() || name == "." || name == ".." || name.contains(reserved) {
        "take letters, digits, `-`, `_` and `.`"
    } else if name.len() > 200 {
        return Err(format!("a name of {} bytes is too long for a file's name; take at most 200", name.len()));
    } else if name.ends_with(['.', ' ']) {
        "Windows drops a dot or a blank at its end"
    } else if is_device(name) {
        "on Windows it is a device"
    } else {
        return Ok(());
    };
    Err(format!("the name {name:?} cannot be a file's name: {why}"))
}

/// Whether Windows takes a file of this name, whatever its extension, for a device.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_port = |prefix| stem.strip_prefix(prefix).is_some_and(|n| matches!(n.as_bytes(), [b'1'..=b'9']));
    ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str()) || is_port("COM") || is_port("LPT")
}

fn all(values: &[f64]) -> Result<Pose, String> {
    let mut pose = Pose::default();
    if values.len() != pose.0.len() {
        return Err(format!("a pose has {} numbers, this one has {}", pose.0.len(), values.len()));
    }
    for (parameter, &value) in Parameter::ALL.into_iter().zip(values) {
        pose[parameter] = finite(parameter, value)?;
    }
    Ok(pose)
}

fn some(values: &BTreeMap<String, f64>) -> Result<Pose, String> {
    let mut pose = Pose::default();
    for (name, &value) in values {
        let parameter = Parameter::from_name(name).ok_or_else(|| unknown(name))?;
        pose[parameter] = finite(parameter, value)?;
    }
    Ok(pose)
}

fn finite(parameter: Parameter, value: f64) -> Result<f32, String> {
    let value = value as f32;
    if value.is_finite() { Ok(value) } else { Err(format!("`{}` is not a finite number", parameter.name())) }
}

fn unknown(name: &str) -> String {
    let nearest = suggest::nearest(name, Parameter::ALL.into_iter().map(Parameter::name));
    format!("`{name}` is not a pose parameter{}", suggest::did_you_mean(nearest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms_of_a_pose_are_read_and_absent_parameters_are_zero() {
        let numbers = vec!["0.5"; 45].join(",");
        let text =
            format!("{{\"name\":\"a\",\"pose\":[{numbers}]}}\n\n{{\"name\":\"b\",\"pose\":{{\"head_x\":-3}}}}\n");
        let poses = read_poses(text.as_bytes()).expect("two good lines");
        assert_eq!(poses[0].pose, Pose([0.5; 45]));
        assert_eq!(poses[1].pose[Parameter::HeadX], -3.0);
        assert_eq!(poses[1].pose[Parameter::HeadY], 0.0);
    }

    #[test]
    fn a_pose_without_a_name_is_called_by_its_line_so_that_pictures_stay_in_order() {
        let poses = read_poses("{\"pose\":{}}\n\n{\"pose\":{}}\n".as_bytes()).expect("two good lines");
        assert_eq!(poses.iter().map(|named| named.name.as_str()).collect::<Vec<_>>(), ["000001", "000003"]);
    }

    #[test]
    fn a_problem_is_named_with_its_line() {
        let short = format!("{{\"name\":\"a\",\"pose\":[{}]}}", vec!["0"; 44].join(","));
        for (text, words) in [
            (short.as_str(), "44"),
            (r#"{"name":"a","pose":{"heed_x":1}}"#, "`head_x`"),
            (r#"{"name":"a","pose":{"head_x":1e300}}"#, "finite"),
            (r#"{"name":"../a","pose":{}}"#, "file's name"),
            (r#"{"name":"","pose":{}}"#, "file's name"),
            (r#"{"name":"a.","pose":{}}"#, "at its end"),
            (r#"{"name":"aux.left","pose":{}}"#, "device"),
            (r#"{"name":"COM3","pose":{}}"#, "device"),
            (&format!(r#"{{"name":"{}","pose":{{}}}}"#, "a".repeat(201)), "too long"),
            (r#"{"name":"ok","pose":{}}"#, "used before"),
            (r#"{"name":"a"}"#, "pose"),
            ("nonsense", "expected"),
        ] {
            let file = format!("{{\"name\":\"ok\",\"pose\":{{}}}}\n{text}\n");
            let error = read_poses(file.as_bytes()).expect_err(text).to_string();
            assert!(error.contains("line 2") && error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_refused() {
        for endless in [0, b' '] {
            let file = std::io::BufReader::new(std::io::repeat(endless));
            let error = read_poses(file).expect_err("endless").to_string();
            assert!(error.contains("line 1") && error.contains("longer than 65536 bytes"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(poses) = read_poses(bytes.as_slice()) {
                prop_assert!(poses.iter().all(|named| named.pose.is_finite()));
            }
        }
    }
}
