//! Options that several commands share.

use bunraku::settings::{EngineChoice, QualityChoice, Size};
use bunraku_engine::{Quality, View, native::OpenOptions};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::num::NonZeroUsize;

/// How the student is drawn; `None` leaves the choice to the configuration.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct DrawOptions {
    /// The engine that draws [default: auto]
    #[arg(long, value_name = "ENGINE", value_parser = engine_parser())]
    pub(crate) engine: Option<EngineChoice>,
    /// How much of the student's work is done for each frame [default: full; run: auto]
    #[arg(long)]
    pub(crate) quality: Option<QualityChoice>,
    /// Edge of the output in pixels, 128 to 2048 [default: 512]
    #[arg(long, value_name = "N")]
    pub(crate) size: Option<Size>,
    /// Threads of the CPU engine [default: all cores; run: one fewer with a webcam]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

impl DrawOptions {
    /// The options for the engine. Without a frame rate to keep, `auto` quality is `full`.
    pub(crate) fn open_options(&self) -> OpenOptions {
        let quality = self.quality.and_then(QualityChoice::fixed).unwrap_or(Quality::Full);
        let view = View::new(self.size.unwrap_or_default().pixels(), quality);
        let threads = self.threads.map_or(0, NonZeroUsize::get);
        OpenOptions { threads, ..OpenOptions::new(self.engine.unwrap_or_default(), view) }
    }
}

/// The engines with their help.
fn engine_parser() -> impl TypedValueParser<Value = EngineChoice> {
    PossibleValuesParser::new([
        PossibleValue::new("auto").help("A GPU if the machine has one, else the CPU"),
        PossibleValue::new("gpu").help("A GPU, even a software adapter"),
        PossibleValue::new("cpu").help("The processor, all cores"),
    ])
    .try_map(|name| name.parse::<EngineChoice>())
}
