//! The configuration, `bunraku.yaml`: the flags of `bunraku run`, and the settings without a flag.

mod check;
mod listen;
mod profiles;

pub use listen::{DEFAULT_ADDRESS, Listen};
pub use profiles::Profiles;

use crate::{
    character::CharacterChoice,
    settings::{Background, EngineChoice, QualityChoice, Size},
};
use bunraku_capture::SourceSpec;
use bunraku_core::{mixer::MixerSettings, performer::PerformerSettings, yaml};
use serde::{Deserialize, Deserializer, de::Error as _};
use std::path::{Path, PathBuf};

/// The usual name of a configuration.
pub const CONFIG_FILE: &str = "bunraku.yaml";

/// A configuration; an absent field is `None` or the default.
///
/// [`Config::load`] makes relative paths relative to the configuration's folder. Absolute paths and those with `..` are
/// allowed: you write the configuration yourself, as you do the command line, unlike a character model, which comes from
/// others and whose paths stay within its folder.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The character.
    pub character: Option<CharacterChoice>,
    /// The capture sources, in order of priority.
    pub sources: Vec<SourceSpec>,
    /// Which engine draws.
    pub engine: Option<EngineChoice>,
    /// How much of the student's work is done for a frame.
    pub quality: Option<QualityChoice>,
    /// Edge of the output.
    pub size: Option<Size>,
    /// Threads of the CPU engine.
    pub threads: Option<std::num::NonZeroUsize>,
    /// The background.
    pub background: Option<Background>,
    /// The highest frame rate, 1 to 1000.
    #[serde(deserialize_with = "fps")]
    pub fps: Option<u16>,
    /// Whether to run without a window.
    pub headless: Option<bool>,
    /// Where the control service listens.
    pub control: Option<Listen>,
    /// Where every frame is written.
    pub out: Option<PathBuf>,
    /// How face samples become poses.
    pub profiles: Profiles,
    /// How the character performs.
    pub performer: PerformerSettings,
    /// When sources take over from each other.
    #[serde(alias = "mixer")]
    pub switchboard: MixerSettings,
}

fn fps<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u16>, D::Error> {
    match Option::deserialize(from)? {
        Some(fps @ (0 | 1001..)) => Err(D::Error::custom(format!("invalid frame rate {fps}: expected 1 to 1000"))),
        fps => Ok(fps),
    }
}

/// An invalid configuration.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", path.display(), problems.join("; "))]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// All problems, each with its field; at least one.
    pub problems: Vec<String>,
}

impl Config {
    /// Reads `path`.
    ///
    /// # Errors
    /// [`ConfigError`] with all problems, not only the first.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let failed = |problems| ConfigError { path: path.to_owned(), problems };
        let text = bunraku_cli::read_text(path).map_err(|error| failed(vec![error.to_string()]))?;
        let mut config: Self = yaml::read(&text).map_err(failed)?;
        config.make_relative_to(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    fn make_relative_to(&mut self, folder: &Path) {
        if let Some(character) = &mut self.character {
            character.make_relative_to(folder);
        }
        if let Some(path) = &mut self.out {
            *path = folder.join(&*path);
        }
        if let Some(Background::Picture(path)) = &mut self.background {
            *path = folder.join(&*path);
        }
        self.sources.iter_mut().for_each(|source| source.make_relative_to(folder));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "
character: characters/mine
sources:
  - ifacialmocap:host=192.168.0.7
  - {name: mouse}
engine: cpu
quality: high
size: 256
threads: 2
background: '#102030'
fps: 30
headless: true
control: off
profiles:
  ifacialmocap: {eye_blink_max: 0.7}
performer: {mirror: true, blink: {}}
";

    #[test]
    fn every_flag_of_run_has_its_field() {
        let config = yaml::read::<Config>(FULL).expect("a good configuration");
        assert_eq!(config.sources[0].to_string(), "ifacialmocap:host=192.168.0.7");
        assert_eq!(config.sources[1].name, "mouse");
        assert_eq!((config.size, config.fps, config.headless), (Size::new(256).ok(), Some(30), Some(true)));
        assert_eq!(config.quality, Some(QualityChoice::High));
        assert_eq!(config.background, Some(Background::Colour([16, 32, 48])));
        assert_eq!(config.control, Some(Listen::Off));
        let Profiles(profiles) = &config.profiles;
        let (_, phone) = profiles.iter().find(|(profile, _)| profile.name == "ifacialmocap").expect("it was given");
        assert_eq!(phone.eye_blink_max, 0.7);
        assert_eq!(config.performer.mirror, Some(true));
        assert_eq!(yaml::read("# nothing yet\n"), Ok(Config::default()));
    }

    #[test]
    fn every_problem_is_reported_at_once_with_the_nearest_name() {
        let text = "charakter: x\nsize: 64\nengine: gpuu\nprofiles: {ifacialmocap: {eye_blnik_max: 1}, vts: {}}\n\
                    performer: {miror: true}\nfps: 0\nsources: [3]\n";
        let problems = yaml::read::<Config>(text).expect_err("seven things are wrong");
        let all = problems.join("\n");
        for words in [
            "`charakter`",
            "did you mean `character`?",
            "size: ",
            "128",
            "engine: ",
            "cpu",
            "`eye_blink_max`",
            "profiles.vts",
            "`mirror`",
            "fps: ",
            "sources[0]: ",
        ] {
            assert!(all.contains(words), "{words} is missing in\n{all}");
        }
    }

    #[test]
    fn paths_are_relative_to_the_configuration() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(CONFIG_FILE);
        std::fs::write(&path, "character: mine\nbackground: wood.png\nout: /frames\n").expect("written");
        let config = Config::load(&path).expect("a good configuration");
        assert_eq!(config.character, Some(CharacterChoice::Path(folder.path().join("mine"))));
        assert_eq!(config.background, Some(Background::Picture(folder.path().join("wood.png"))));
        assert_eq!(config.out, Some(PathBuf::from("/frames")));
    }

    #[test]
    fn an_unreadable_file_is_named() {
        let error = Config::load(Path::new("/nowhere/bunraku.yaml")).expect_err("absent").to_string();
        assert!(error.contains("/nowhere/bunraku.yaml"), "{error}");
    }

    #[test]
    fn the_shipped_example_is_valid() {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/examples/bunraku.yaml"));
        let config = Config::load(path).expect("a good configuration");
        for source in &config.sources {
            bunraku_capture::open(source, &bunraku_capture::Surroundings::default()).expect("a good source");
        }
        assert_eq!(config.sources.len(), 2);
        assert_eq!(config.character, None, "naming a character turns the fallback off");
    }
}
