//! A command line, split into words without a shell.

use serde::Deserialize;
use std::fmt;

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct CommandLine {
    /// A path, or a name to look up in `PATH`.
    pub program: String,
    /// Passed to the program unchanged.
    pub arguments: Vec<String>,
}

/// A command line as settings write it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a command: a program and its arguments, as one text or as a list of words")]
enum Written {
    Text(String),
    Words(Vec<String>),
}

impl TryFrom<Written> for CommandLine {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let words = match written {
            Written::Text(text) => split(&text)?,
            Written::Words(words) => words,
        };
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.is_empty()).ok_or("the command names no program")?;
        Ok(Self { program, arguments: words.collect() })
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program)?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {argument}"))
    }
}

/// Splits at white space, except inside `"…"` and `'…'`. Nothing else is special: backslashes stay, as Windows paths need.
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
        Some(open) => Err(format!("unclosed {open} in the command")),
        None => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_core::yaml;

    #[test]
    fn commands_split_at_spaces_outside_quotes() {
        let words = split(r#" python3  "my face.py" --name='a "b"' C:\x '' "#).expect("closed quotes");
        assert_eq!(words, ["python3", "my face.py", r#"--name=a "b""#, r"C:\x", ""]);
        assert!(split("echo 'a").is_err());
    }

    #[test]
    fn yaml_may_list_the_words() {
        let command: CommandLine = yaml::from_str("[python3, 'my face.py']").expect("a list");
        assert_eq!(command.arguments, ["my face.py"]);
        for bad in ["[]", "''", "7", "[[a]]", "{a: b}"] {
            assert!(yaml::from_str::<CommandLine>(bad).is_err(), "{bad}");
        }
    }
}
