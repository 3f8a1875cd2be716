//! Reads a whole document and reports everything wrong with it, not only the first problem.

use super::{Mapping, Value};
use crate::suggest::{did_you_mean, nearest};
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

/// Reading gives up after this many problems.
const MOST_PROBLEMS: usize = 50;

/// Reads a YAML map of fields. An empty text, and a field without a value at any depth, read as absent.
///
/// # Errors
/// All problems, each as `field.path: why`; an unknown name comes with the nearest known one. serde itself stops at the
/// first problem, so the value in question is taken out and the rest is read again.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Vec<String>> {
    let value = super::from_str(text).map_err(|error| vec![format!("invalid YAML: {error}")])?;
    let mut value = fields(value).ok_or_else(|| vec!["expected a map of fields, such as `size: 512`".to_owned()])?;
    let mut problems = vec![];
    loop {
        let error = match serde_path_to_error::deserialize(value.clone()) {
            Ok(read) if problems.is_empty() => return Ok(read),
            Ok(_) => return Err(problems),
            Err(error) => error,
        };
        problems.push(describe(error.path(), &error.inner().to_string()));
        let path: Vec<&Segment> = error.path().iter().collect();
        if problems.len() == MOST_PROBLEMS || !take_out(&mut value, &path) {
            return Err(problems);
        }
    }
}

/// The document as a map without its empty fields.
fn fields(value: Value) -> Option<Value> {
    match value {
        Value::Null => Some(Mapping::new().into()),
        Value::Mapping(_) => Some(without_empty(value)),
        _ => None,
    }
}

/// The value without empty fields, whose contents may all be commented out.
fn without_empty(value: Value) -> Value {
    match value {
        Value::Mapping(map) => {
            let full = map.into_iter().filter(|(_, value)| !value.is_null());
            full.map(|(key, value)| (key, without_empty(value))).collect::<Mapping>().into()
        }
        Value::Sequence(list) => list.into_iter().map(without_empty).collect(),
        other => other,
    }
}

/// Removes the innermost map entry on `path`; false if there is none.
fn take_out(value: &mut Value, path: &[&Segment]) -> bool {
    let [first, rest @ ..] = path else { return false };
    match (first, value) {
        (Segment::Map { key }, Value::Mapping(map)) => {
            map.get_mut(key).is_some_and(|inner| take_out(inner, rest)) || map.remove(key).is_some()
        }
        (Segment::Seq { index }, Value::Sequence(list)) => {
            list.get_mut(*index).is_some_and(|inner| take_out(inner, rest))
        }
        _ => false,
    }
}

fn describe(path: &Path, message: &str) -> String {
    let path = path.to_string();
    // serde_yaml may have put the path in front already.
    let message = message.strip_prefix(&format!("{path}: ")).unwrap_or(message);
    format!("{path}: {}", with_nearest(message))
}

/// Appends the nearest known name to serde's message about an unknown one, which lists them all.
pub fn with_nearest(message: &str) -> String {
    let unknown = ["unknown field `", "unknown variant `"].into_iter().find_map(|text| message.split_once(text));
    let Some((_, rest)) = unknown else { return message.to_owned() };
    // Backticks enclose the unknown name, then each known one.
    let mut parts = rest.split('`');
    let name = parts.next().unwrap_or_default();
    format!("{message}{}", did_you_mean(nearest(name, parts.skip(1).step_by(2))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Settings {
        size: u8,
        points: Vec<Point>,
        mode: Option<Mode>,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Point {
        left: f32,
        top: f32,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        Fast,
        Full,
    }

    fn problems(text: &str) -> Vec<String> {
        read::<Settings>(text).expect_err(text)
    }

    #[test]
    fn an_empty_document_and_an_empty_field_are_the_defaults() {
        for text in ["", "# nothing yet", "size:\npoints:\n"] {
            assert_eq!(read(text), Ok(Settings::default()), "{text}");
        }
        let point = Point { left: 1.5, top: 0.0 };
        assert_eq!(read("points: [{left: 1.5, top: }]"), Ok(Settings { points: vec![point], ..Settings::default() }));
    }

    #[test]
    fn every_problem_is_reported_with_its_path_and_the_nearest_name() {
        let problems = problems("szie: 1\nsize: 300\npoints: [{lefd: 1, top: x}, {left: [2]}]\nmode: ful\n");
        let expected = ["szie: ", "size: ", "points[0].lefd: ", "points[0].top: ", "points[1].left: ", "mode: "];
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for start in expected {
            assert!(problems.iter().any(|problem| problem.starts_with(start)), "{start} is not in {problems:#?}");
        }
        let all = problems.join("\n");
        for hint in ["did you mean `size`?", "did you mean `left`?", "did you mean `full`?"] {
            assert!(all.contains(hint), "{hint} is not in {all}");
        }
    }

    #[test]
    fn a_list_of_the_wrong_kind_hides_no_other_field() {
        let problems = problems("points: [3]\nsize: x\n");
        assert_eq!(problems.len(), 2, "{problems:#?}");
    }

    #[test]
    fn anything_but_a_map_is_one_problem() {
        for (text, words) in [("a: [", "invalid YAML"), ("[1]", "expected a map"), ("size: 1\nsize: 2", "invalid YAML")]
        {
            let problems = problems(text);
            assert!(problems.len() == 1 && problems[0].contains(words), "{problems:?}");
        }
    }

    #[test]
    fn reading_gives_up_after_many_problems() {
        let text = (0..200).map(|index| format!("x{index}: 1\n")).collect::<Vec<_>>().concat();
        assert_eq!(problems(&text).len(), MOST_PROBLEMS);
    }
}
