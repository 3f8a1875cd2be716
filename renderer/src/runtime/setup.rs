//! What a puppet begins with, and why it may not.

use super::{FallbackStudent, OpenAvatar, StartError};
use crate::{config::Config, outputs::Output};
use bunraku_capture::Surroundings;
use bunraku_engine::{Character, EngineError};

/// What a puppet begins with.
pub struct Setup {
    /// Everything the user chose; the character in it is not read here, and neither are `headless`, `control` and `out`.
    pub config: Config,
    /// The character to draw.
    pub character: Character,
    /// The student that may take over while the quality is `auto`.
    pub fallback: Option<FallbackStudent>,
    /// What the sources may see of the program around them.
    pub surroundings: Surroundings,
    /// How avatars are opened.
    pub open_avatar: OpenAvatar,
    /// Where frames go, besides the handle.
    pub outputs: Vec<Box<dyn Output>>,
    /// Steps after which the puppet ends.
    pub frames: Option<u64>,
}

impl Setup {
    /// A puppet of `character` with everything else at its default.
    pub fn new(character: Character, open_avatar: OpenAvatar) -> Self {
        Self {
            config: Config::default(),
            character,
            fallback: None,
            surroundings: Surroundings::default(),
            open_avatar,
            outputs: vec![],
            frames: None,
        }
    }
}

/// Why a puppet could not begin, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum PuppetError {
    /// A source cannot be opened, or the sources' thread not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// No engine works.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The background cannot be shown.
    #[error("{0}")]
    Background(String),
    /// An output is incomplete.
    #[error("{0}")]
    Output(String),
    /// The puppet's thread could not be started.
    #[error("cannot start the puppet's thread: {0}")]
    Thread(std::io::Error),
    /// The puppet's thread panicked; a bug.
    #[error("the puppet's thread panicked; please report it with the lines above")]
    Panicked,
}
