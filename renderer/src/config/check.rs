//! Checks a configuration and everything it names, for `bunraku check`.

use super::{Config, ConfigError};
use crate::settings::Background;
use bunraku_capture::Surroundings;
use bunraku_core::suggest::did_you_mean;
use std::path::Path;

impl Config {
    /// Reads the configuration `path` and checks everything it names: the sources and their settings, the character,
    /// the background. Nothing is started and nothing is written.
    ///
    /// # Errors
    /// [`ConfigError`] with all problems.
    pub fn check(path: &Path) -> Result<Self, ConfigError> {
        let config = Self::load(path)?;
        let problems: Vec<String> =
            config.wrong_sources().chain(config.wrong_character()).chain(config.wrong_background()).collect();
        if problems.is_empty() { Ok(config) } else { Err(ConfigError { path: path.to_owned(), problems }) }
    }

    fn wrong_sources(&self) -> impl Iterator<Item = String> {
        self.sources.iter().enumerate().filter_map(|(index, spec)| {
            let error = bunraku_capture::open(spec, &Surroundings::default()).err()?;
            Some(format!("sources[{index}]: {error}"))
        })
    }

    fn wrong_character(&self) -> impl Iterator<Item = String> {
        let error = self.character.as_ref().and_then(|choice| choice.load().err());
        error.into_iter().flat_map(|error| {
            error.problems.into_iter().map(|problem| format!("character: {problem}")).collect::<Vec<_>>()
        })
    }

    fn wrong_background(&self) -> Option<String> {
        let Some(Background::Picture(path)) = &self.background else { return None };
        let error = bunraku_core::picture_file::open(path).err()?;
        let advice = did_you_mean(Background::misspelt(path));
        Some(format!("background: {} cannot be shown: {error}{advice}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_a_configuration_names_is_checked() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("bunraku.yaml");
        let text = "character: nobody\nbackground: nothing.png\nsources: [ifacialmokap, 'ifacialmocap:port=x']\n";
        std::fs::write(&path, text).expect("written");
        let problems = Config::check(&path).expect_err("four things are wrong").problems;
        let all = problems.join("\n");
        for words in ["nobody", "nothing.png", "sources[0]", "did you mean `ifacialmocap`?", "sources[1]", "`port`"] {
            assert!(all.contains(words), "{words} is missing in\n{all}");
        }
    }
}
