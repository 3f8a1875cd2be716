//! The means that a test may lack, and the line it leaves when it is skipped.

use std::{env, fmt::Display, fs::OpenOptions, io::Write as _, path::Path, thread};

/// Something that a test needs and a machine may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// The folder of reference models, specifications and goldens.
    Shared,
    /// A graphics adapter; a software one counts.
    Gpu,
    /// An X display with the tools that look at it.
    Display,
    /// Python with PyTorch.
    Torch,
    /// Anything else, which `BUNRAKU_REQUIRE` cannot name: a program, a library, a driver's feature.
    Other,
}

impl Means {
    const NAMED: [(&str, Self); 4] =
        [("shared", Self::Shared), ("gpu", Self::Gpu), ("display", Self::Display), ("torch", Self::Torch)];

    /// The names in `list`, separated by commas.
    fn parse_list(list: &str) -> Result<Vec<Self>, String> {
        let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
        let find = |name: &str| Self::NAMED.iter().find(|(known, _)| *known == name).map(|(_, means)| *means);
        names.map(|name| find(name).ok_or_else(|| format!("unknown means: {name}"))).collect()
    }

    fn is_required(self) -> bool {
        let list = env::var("BUNRAKU_REQUIRE").unwrap_or_default();
        let required = Self::parse_list(&list).unwrap_or_else(|error| panic!("BUNRAKU_REQUIRE: {error}"));
        required.contains(&self)
    }
}

/// Skips the calling test for want of `means`: prints and records one line, and returns `None` for the caller to return.
///
/// # Panics
/// If `BUNRAKU_REQUIRE` lists these means.
pub fn missing<T>(means: Means, why: impl Display) -> Option<T> {
    assert!(!means.is_required(), "required by BUNRAKU_REQUIRE, but missing: {why}");
    let line = line(&why);
    eprint!("{line}");
    if let Some(file) = env::var_os("BUNRAKU_SKIPPED") {
        append(Path::new(&file), &line);
    }
    None
}

/// `skipped: EXECUTABLE TEST: why`; libtest names each test's thread after it.
fn line(why: &dyn Display) -> String {
    let executable = env::current_exe().unwrap_or_default();
    let executable = executable.file_stem().unwrap_or_default().to_string_lossy();
    format!("skipped: {executable} {}: {why}\n", thread::current().name().unwrap_or("?"))
}

/// One write to a file opened for appending: lines of tests that run at once stay whole.
fn append(file: &Path, line: &str) {
    let opened = OpenOptions::new().create(true).append(true).open(file);
    let written = opened.and_then(|mut file| file.write_all(line.as_bytes()));
    written.unwrap_or_else(|error| panic!("BUNRAKU_SKIPPED: {}: {error}", file.display()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_separated_by_commas() {
        assert_eq!(Means::parse_list("shared, gpu,"), Ok(vec![Means::Shared, Means::Gpu]));
        assert_eq!(Means::parse_list(""), Ok(vec![]));
    }

    #[test]
    fn a_misspelt_name_is_an_error_and_requires_nothing_silently() {
        assert_eq!(Means::parse_list("gpu,shard"), Err("unknown means: shard".to_owned()));
    }

    #[test]
    fn a_line_names_the_executable_the_test_and_the_reason() {
        let line = line(&"no adapter");
        assert!(line.starts_with("skipped: bunraku_test_support-"), "{line}");
        assert!(line.contains("a_line_names_the_executable_the_test_and_the_reason: no adapter\n"), "{line}");
    }
}
