//! `bunraku run`: runs the puppet live.

use super::{
    character,
    help::{Help as _, Helped, NO_ENGINE, NO_SOURCE, say},
    options::DrawOptions,
};
use anyhow::Context as _;
use bunraku::{
    character::CharacterChoice,
    config::{Config, Listen},
    control::{Service, Token},
    outputs,
    runtime::{FallbackStudent, Puppet, PuppetError, PuppetHandle, Setup, SharedGpu, StartError},
    settings::Background,
    window::WindowSystem,
};
use bunraku_capture::{SourceInfo, SourceSpec, Surroundings};
use bunraku_cli::{ensure_regular, stop_on_signal};
use bunraku_core::source::CancellationToken;
use bunraku_engine::{Character, EngineChoice};
use std::{
    net::SocketAddr,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
};

/// Shown under `--help`.
pub(crate) const EXAMPLE: &str = "\
Examples:
  bunraku --source ifacialmocap:host=192.168.0.7 --source mouse
  bunraku run --character my_character --headless --frames 60 --out frames --background green";

/// Run the puppet live, in a window (`bunraku` alone does the same)
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// The character model: its folder or its character_model.yaml, or bundled or bundled-lite for the built-in ones
    /// [default: bundled, or bundled-lite if that is too slow here]
    #[arg(long, value_name = "PATH")]
    pub(crate) character: Option<CharacterChoice>,
    /// A capture source, NAME[:KEY=VALUE,…], repeatable in order of priority (see `bunraku sources`)
    #[arg(long = "source", value_name = "SPEC")]
    pub(crate) sources: Vec<SourceSpec>,
    /// Read a configuration (bunraku.yaml); flags override it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) draw: DrawOptions,
    /// The background: transparent, green, blue, black, white, #RRGGBB or a picture
    #[arg(long, value_name = "COLOUR|FILE")]
    pub(crate) background: Option<Background>,
    /// The highest frame rate, 1 to 1000 [default: the display's, or 60]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) fps: Option<u16>,
    /// Run without a window
    #[arg(long)]
    pub(crate) headless: bool,
    /// Stop after N frames
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) frames: Option<u64>,
    /// The control service's address, or off [default: 127.0.0.1:7878]
    #[arg(long, value_name = "ADDR|off")]
    pub(crate) control: Option<Listen>,
    /// The control service's token [default: none on loopback, else a random one that is printed]
    #[arg(long, value_name = "TOKEN", env = "BUNRAKU_TOKEN", hide_env_values = true)]
    pub(crate) control_token: Option<String>,
    /// Also write every frame, as DIR/000000.png and so on
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Runs the puppet until it ends or a signal stops it.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let stop = stop_on_signal()?;
    let config = args.config.as_deref().map_or_else(|| Ok(Config::default()), open_config)?;
    let (frames, token) = (args.frames, args.control_token.clone());
    let config = args.override_fields(config);
    let students = Students::open(config.character.as_ref())?;
    let window = if config.headless.unwrap_or(false) { None } else { connect_window() };
    let surroundings = Surroundings::default();
    let gpu = shared_gpu(&config, window.as_ref());
    let setup = setup(&config, students, frames, &surroundings, &gpu)?;
    let puppet = Puppet::spawn(setup, stop.clone()).map_err(way_out)?;
    let _service = serve(config.control.unwrap_or_default(), token.as_deref(), puppet.handle());
    if let Some(window) = window {
        open_window(window, &config, puppet.handle(), &surroundings, &gpu, &stop);
    }
    puppet.join().map_err(way_out)?;
    Ok(ExitCode::SUCCESS)
}

/// Adds what to do about the error.
fn way_out(error: PuppetError) -> anyhow::Error {
    let help = match &error {
        PuppetError::Start(StartError::Source(_)) => NO_SOURCE,
        PuppetError::Engine(_) => NO_ENGINE,
        PuppetError::Background(_) => "--background takes a colour's name, #RRGGBB or a picture file",
        PuppetError::Output(_) => "check the --out folder and the free space",
        _ => "",
    };
    Helped::new(error, help).into()
}

fn open_config(path: &Path) -> anyhow::Result<Config> {
    ensure_regular(path)
        .with_context(|| format!("cannot read {}", path.display()))
        .help("--config takes a YAML file, such as data/examples/bunraku.yaml")?;
    Config::load(path).help(format!("`bunraku check {}` checks everything it names", path.display()))
}

impl Args {
    /// The configuration, overridden by the flags that were given.
    fn override_fields(self, mut config: Config) -> Config {
        fn set<T>(field: &mut Option<T>, flag: Option<T>) {
            if flag.is_some() {
                *field = flag;
            }
        }
        set(&mut config.character, self.character);
        set(&mut config.engine, self.draw.engine);
        set(&mut config.quality, self.draw.quality);
        set(&mut config.size, self.draw.size);
        set(&mut config.threads, self.draw.threads);
        set(&mut config.background, self.background);
        set(&mut config.fps, self.fps);
        set(&mut config.headless, self.headless.then_some(true));
        set(&mut config.control, self.control);
        set(&mut config.out, self.out);
        if !self.sources.is_empty() {
            config.sources = self.sources;
        }
        config
    }
}

/// The CPU engine's default number of threads: all cores (0), or one fewer with a camera, whose tracker needs a core.
fn spare_threads(sources: &[SourceSpec]) -> usize {
    let tracked = |spec: &SourceSpec| SourceInfo::find(&spec.name).is_ok_and(|info| info.camera);
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    if sources.iter().any(tracked) { (cores - 1).max(1) } else { 0 }
}

/// The character to draw, and its fallback student.
struct Students {
    character: Character,
    fallback: Option<FallbackStudent>,
}

impl Students {
    fn open(named: Option<&CharacterChoice>) -> anyhow::Result<Self> {
        let character = character::open(named.unwrap_or(&CharacterChoice::Bundled))?;
        Ok(Self { character, fallback: character::fallback(named)? })
    }
}

fn setup(
    config: &Config,
    students: Students,
    frames: Option<u64>,
    surroundings: &Surroundings,
    gpu: &SharedGpu,
) -> anyhow::Result<Setup> {
    let threads = config.threads.map_or_else(|| spare_threads(&config.sources), NonZeroUsize::get);
    let outputs = outputs::open(config).map_err(|error| {
        let help = error.help;
        Helped::new(error, help)
    })?;
    Ok(Setup {
        config: config.clone(),
        fallback: students.fallback,
        surroundings: surroundings.clone(),
        outputs,
        frames,
        ..Setup::new(students.character, gpu.opener(threads, config.profiles.mapping()))
    })
}

/// The window system; without one the puppet runs headless.
fn connect_window() -> Option<WindowSystem> {
    WindowSystem::connect().inspect_err(|error| say(format_args!("{error}; running headless"))).ok()
}

/// The GPU for the engine and the window.
fn shared_gpu(config: &Config, window: Option<&WindowSystem>) -> SharedGpu {
    // Finding GPUs takes a moment, which the CPU engine saves.
    let wanted = config.engine != Some(EngineChoice::Cpu);
    let instance = window.filter(|_| wanted).and_then(WindowSystem::gpu_instance);
    instance.map_or_else(SharedGpu::default, SharedGpu::new)
}

/// Shows the window until it is closed, then stops the puppet. If it cannot be opened, the puppet runs headless.
fn open_window(
    window: WindowSystem,
    config: &Config,
    puppet: &PuppetHandle,
    surroundings: &Surroundings,
    gpu: &SharedGpu,
    stop: &CancellationToken,
) {
    match window.run(config, puppet.clone(), surroundings, gpu) {
        Ok(()) => stop.cancel(),
        Err(error) => say(format_args!("{error}; running headless")),
    }
}

/// Starts the control service. If it cannot start, the puppet runs without it.
fn serve(listen: Listen, token: Option<&str>, puppet: &PuppetHandle) -> Option<Service> {
    let Listen::On(address) = listen else { return None };
    match Service::start(address, token.and_then(Token::new), puppet.clone()) {
        Ok(service) => {
            say(format_args!("control service: http://{}", service.address()));
            if let Some(token) = service.generated_token() {
                say(format_args!("control token: {}", token.secret()));
            }
            Some(service)
        }
        Err(error) => {
            say(no_service(address, &error));
            None
        }
    }
}

fn no_service(address: SocketAddr, error: &std::io::Error) -> String {
    format!("no control service on {address}: {error}; choose another address with --control ADDR, or --control off")
}
