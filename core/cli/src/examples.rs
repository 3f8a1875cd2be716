//! Finds the commands in help texts and READMEs, for tests that try each of them.

/// Every command of `program` in `text`, as its words: whole lines, and code spans within lines.
pub fn commands(text: &str, program: &str) -> Vec<Vec<String>> {
    let lines = text.lines().map(str::trim);
    let candidates = lines.flat_map(|line| std::iter::once(line).chain(code_spans(line)));
    candidates.filter(|line| line.strip_prefix(program).is_some_and(|rest| rest.starts_with(' '))).map(words).collect()
}

/// What stands between backticks in a line.
pub fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The words of a command as a shell splits them, up to a redirection, pipe or comment.
pub fn words(line: &str) -> Vec<String> {
    let mut quoted = false;
    let parts = line.split(|c: char| {
        quoted ^= c == '"';
        c.is_whitespace() && !quoted
    });
    let words = parts.filter(|word| !word.is_empty()).map(|word| word.replace('"', ""));
    words.take_while(|word| !["<", ">", "|", "#"].contains(&word.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_in_lines_and_code_spans() {
        let text = "Run `dog bark --loud` or `bark`:\n  dog eat \"two bones\" > out # all\ndogs run\n";
        assert_eq!(commands(text, "dog"), [["dog", "bark", "--loud"], ["dog", "eat", "two bones"]]);
    }
}
