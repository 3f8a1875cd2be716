//! A command line, split into words without a shell.

use serde::{Deserialize, Deserializer, de::Error as _};
use std::fmt;

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// The program: a path, or a name that is looked up.
    pub program: String,
    /// What it is given, as it is.
    pub arguments: Vec<String>,
}

impl<'de> Deserialize<'de> for CommandLine {
    /// Reads a text, or a list of words.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let words = match serde_yaml::Value::deserialize(from)? {
            serde_yaml::Value::String(text) => split(&text).map_err(D::Error::custom)?,
            list => serde_yaml::from_value(list)
                .map_err(|_| D::Error::custom("a command is text, or a list of words that are text"))?,
        };
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        let program = program.ok_or_else(|| D::Error::custom("a command begins with a program"))?;
        Ok(Self { program, arguments: words.collect() })
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program)?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {argument}"))
    }
}

/// Splits at white space; `"…"` and `'…'` hold what is between them together. Nothing else is special: a backslash is
/// itself, as in the paths of Windows.
fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match quote {
        Some(open) => Err(format!("a {open} in the command is not closed")),
        None => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_and_quotes_hold_them_together() {
        let words = split(r#" python3  "my face.py" --name='a "b"' C:\x '' "#).expect("closed quotes");
        assert_eq!(words, ["python3", "my face.py", r#"--name=a "b""#, r"C:\x", ""]);
        assert!(split("echo 'a").is_err());
    }

    #[test]
    fn yaml_may_give_the_words_themselves() {
        let command: CommandLine = serde_yaml::from_str("[python3, 'my face.py']").expect("a list");
        assert_eq!(command.arguments, ["my face.py"]);
        for bad in ["[]", "''", "7", "[[a]]", "{a: b}"] {
            assert!(serde_yaml::from_str::<CommandLine>(bad).is_err(), "{bad}");
        }
    }
}
