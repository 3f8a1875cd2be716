//! Options that several commands share.

use bunraku::settings::{DEFAULT_SIZE, EngineChoice, QualityChoice, parse_size};
use bunraku_engine::{Quality, View, native::OpenOptions};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::num::NonZeroUsize;

/// How the student is drawn. What is not given is `None`, so that a configuration can say it.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct DrawOptions {
    /// Which engine draws [default: auto]
    #[arg(long, value_name = "ENGINE", value_parser = engine_parser())]
    pub(crate) engine: Option<EngineChoice>,
    /// How much of the student's work is done for a frame [default: full; run: auto]
    #[arg(long)]
    pub(crate) quality: Option<QualityChoice>,
    /// Edge of the output in pixels, 128 to 2048 [default: 512]
    #[arg(long, value_name = "N", value_parser = parse_size)]
    pub(crate) size: Option<usize>,
    /// Threads of the CPU engine [default: all cores; run: one fewer beside a webcam]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

impl DrawOptions {
    /// The options for the engine. Without a frame rate to keep, `auto` quality is `full`.
    pub(crate) fn open_options(&self) -> OpenOptions {
        let quality = self.quality.and_then(QualityChoice::fixed).unwrap_or(Quality::Full);
        let view = View::new(self.size.unwrap_or(DEFAULT_SIZE), quality);
        let threads = self.threads.map_or(0, NonZeroUsize::get);
        OpenOptions { threads, ..OpenOptions::new(self.engine.unwrap_or_default(), view) }
    }
}

/// The engines, each with what it is.
fn engine_parser() -> impl TypedValueParser<Value = EngineChoice> {
    PossibleValuesParser::new([
        PossibleValue::new("auto").help("A GPU if there is a real one, else the CPU"),
        PossibleValue::new("gpu").help("A GPU, a software adapter too"),
        PossibleValue::new("cpu").help("The processor, all cores"),
    ])
    .try_map(|name| name.parse::<EngineChoice>())
}
