//! The configuration, `bunraku.yaml`: what the flags of `bunraku run` say, and the settings that have no flag.

mod check;
mod fields;
mod listen;

pub use listen::{DEFAULT_ADDRESS, Listen};

use crate::{
    character::CharacterChoice,
    settings::{Background, EngineChoice, QualityChoice},
};
use bunraku_capture::SourceSpec;
use bunraku_core::{
    mapping::PoseMapping,
    mixer::MixerSettings,
    performer::PerformerSettings,
    profile::{Profile, ProfileSettings},
};
use fields::{Fields, profiles};
use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// The name a configuration has by custom.
pub const CONFIG_FILE: &str = "bunraku.yaml";

/// The largest configuration that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// What a configuration says; what it does not say is `None` or the default.
///
/// Relative paths are relative to the configuration's folder once it is [loaded](Config::load). Absolute ones and
/// those with `..` are allowed: a configuration is the person's own words, as the command line is, unlike a character
/// model, which comes from others and whose paths stay within its folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The character.
    pub character: Option<CharacterChoice>,
    /// The capture sources; the first is live.
    pub sources: Vec<SourceSpec>,
    /// Which engine draws.
    pub engine: Option<EngineChoice>,
    /// How much of the student's work is done for a frame.
    pub quality: Option<QualityChoice>,
    /// Edge of the output in pixels, 128 to 2048.
    pub size: Option<usize>,
    /// Threads of the CPU engine.
    pub threads: Option<std::num::NonZeroUsize>,
    /// What is behind the character.
    pub background: Option<Background>,
    /// Frames a second, at most.
    pub fps: Option<u16>,
    /// Whether there is no window.
    pub headless: Option<bool>,
    /// Where the control service listens.
    pub control: Option<Listen>,
    /// Where every frame is written to.
    pub out: Option<PathBuf>,
    /// How face samples become poses.
    pub profiles: Profiles,
    /// What the character adds to them.
    pub performer: PerformerSettings,
    /// When sources take over from each other.
    pub switchboard: MixerSettings,
}

/// The settings of the profiles; one that is absent has its defaults.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profiles(pub Vec<(Profile, ProfileSettings)>);

impl Profiles {
    /// The mapping from faces to poses with these settings.
    pub fn mapping(&self) -> PoseMapping {
        PoseMapping::new(self.0.iter().cloned())
    }
}

/// Everything that is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", path.display(), list(problems))]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong, each with its field; at least one.
    pub problems: Vec<String>,
}

fn list(problems: &[String]) -> String {
    problems.join("; ")
}

/// A field that cannot be read; it reads as `field: why`.
fn wrong(field: &str, why: impl fmt::Display) -> String {
    format!("{field}: {why}")
}

impl Config {
    /// Reads `path`.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong with it, not only the first thing.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let failed = |problems| ConfigError { path: path.to_owned(), problems };
        let text = read(path).map_err(|error| failed(vec![error.to_string()]))?;
        let mut config = Self::from_yaml(&text).map_err(failed)?;
        config.make_relative_to(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Reads the text of a configuration; paths stay as written. An empty text is an empty configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it: unknown fields with the nearest known name, values of the wrong kind.
    pub fn from_yaml(text: &str) -> Result<Self, Vec<String>> {
        let mut fields = Fields::read(text)?;
        let config = Self {
            character: fields.take("character"),
            sources: fields.take("sources").unwrap_or_default(),
            engine: fields.take("engine"),
            quality: fields.take("quality"),
            size: fields.take_in_range("size", bunraku_engine::MIN_SIZE..=bunraku_engine::MAX_SIZE),
            threads: fields.take("threads"),
            background: fields.take("background"),
            fps: fields.take_in_range("fps", 1..=1000),
            headless: fields.take("headless"),
            control: fields.take("control"),
            out: fields.take("out"),
            profiles: profiles(&mut fields),
            performer: fields.take("performer").unwrap_or_default(),
            switchboard: fields.take("switchboard").unwrap_or_default(),
        };
        fields.finish().map(|()| config)
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

fn read(path: &Path) -> io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?.take(LIMIT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LIMIT {
        return Err(io::Error::other(format!("it is larger than {LIMIT} bytes, more than a configuration can need")));
    }
    Ok(text)
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
        let config = Config::from_yaml(FULL).expect("a good configuration");
        assert_eq!(config.sources[0].to_string(), "ifacialmocap:host=192.168.0.7");
        assert_eq!(config.sources[1].name, "mouse");
        assert_eq!((config.size, config.fps, config.headless), (Some(256), Some(30), Some(true)));
        assert_eq!(config.quality, Some(QualityChoice::High));
        assert_eq!(config.background, Some(Background::Colour([16, 32, 48])));
        assert_eq!(config.control, Some(Listen::Off));
        let Profiles(profiles) = &config.profiles;
        let (_, phone) = profiles.iter().find(|(profile, _)| profile.name == "ifacialmocap").expect("it was given");
        assert_eq!(phone.eye_blink_max, 0.7);
        assert_eq!(config.performer.mirror, Some(true));
        assert_eq!(Config::from_yaml("# nothing yet\n"), Ok(Config::default()));
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_with_what_was_meant() {
        let text = "charakter: x\nsize: 64\nengine: gpuu\nprofiles: {ifacialmocap: {eye_blnik_max: 1}, vts: {}}\n\
                    performer: {miror: true}\nfps: 0\nsources: [3]\n";
        let problems = Config::from_yaml(text).expect_err("seven things are wrong");
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
            "sources: ",
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
    fn the_example_that_ships_is_a_good_configuration() {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/examples/bunraku.yaml"));
        let config = Config::load(path).expect("a good configuration");
        for source in &config.sources {
            bunraku_capture::open(source, &bunraku_capture::Surroundings::default()).expect("a good source");
        }
        assert_eq!(config.sources.len(), 2);
        assert_eq!(config.character, None, "who is named stays, however slow the machine");
    }
}
