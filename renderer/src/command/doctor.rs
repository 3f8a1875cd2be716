//! `bunraku doctor`: what works on this machine, what does not, and what to do.

use super::help::stdout;
use anyhow::Context as _;
use bunraku::{config, window::WindowSystem};
use bunraku_capture::{
    SourceInfo,
    mediapipe::{
        RuntimeReport,
        camera::{self, FoundCamera},
        describe_runtime,
        models::{self, FileState, Inventory, ModelsError},
    },
};
use bunraku_engine::{gpu::AdapterSummary, native, student::cpu};
use serde::Serialize;
use std::{
    fmt::{self, Display},
    io::{self, ErrorKind, Write as _},
    net::{Ipv4Addr, TcpListener, UdpSocket},
    num::NonZeroUsize,
    process::ExitCode,
    thread,
};

/// Shown under `--help`.
const EXAMPLE: &str = "\
Examples:
  bunraku doctor
  bunraku doctor --json";

/// Show what works on this machine, what does not, and what to do
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// Print one line of JSON, for programs
    #[arg(long)]
    json: bool,
}

/// One check.
#[derive(Debug, Serialize)]
struct Check {
    /// What was checked.
    name: String,
    state: State,
    /// What was found.
    found: String,
    /// What to do, unless all is well.
    help: Option<&'static str>,
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// It works.
    Works,
    /// It works, with limits.
    Limited,
    /// It does not.
    Fails,
}

/// Checks everything and prints the outcome. The command succeeds even if a check fails.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let checks = examine()?;
    let text = if args.json {
        format!("{}\n", serde_json::json!({ "checks": checks }))
    } else {
        checks.iter().map(Check::to_string).collect::<Vec<_>>().concat()
    };
    stdout().write_all(text.as_bytes()).context("cannot print the report")?;
    Ok(ExitCode::SUCCESS)
}

fn examine() -> anyhow::Result<Vec<Check>> {
    let mut checks = graphics(&native::adapters());
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    checks.push(processor(cpu::instructions(), threads));
    checks.push(tracking_runtime(&describe_runtime()));
    checks.push(display(WindowSystem::connect().err().map(|error| error.to_string())));
    checks.push(tracking_models(models::folder().map(|folder| models::inventory(&folder))));
    checks.extend(cameras(&camera::found(), |found| camera::probe(found).map_err(|error| error.to_string())));
    let phone = phone_port()?;
    checks.push(port(
        &format!("iFacialMocap, UDP port {phone}"),
        UdpSocket::bind((Ipv4Addr::UNSPECIFIED, phone)),
        PHONE,
    ));
    let control = config::DEFAULT_ADDRESS;
    checks.push(port(&format!("control service, TCP {control}"), TcpListener::bind(control), CONTROL));
    Ok(checks)
}

const NO_ADAPTER: &str = "install the graphics card's driver (on Debian and Ubuntu also libvulkan1); until then, \
                          the CPU engine draws";
const SOFTWARE: &str = "this software driver is slower than --engine cpu, so --engine auto skips it; if you have a \
                        graphics card, install its driver";
const UNUSABLE: &str = "update its driver: it lacks the compute shaders that --engine gpu needs";

fn graphics(adapters: &[AdapterSummary]) -> Vec<Check> {
    if adapters.is_empty() {
        return vec![Check::new("graphics", State::Fails, "no adapter was found", Some(NO_ADAPTER))];
    }
    adapters.iter().map(adapter).collect()
}

fn adapter(adapter: &AdapterSummary) -> Check {
    let AdapterSummary { name, backend, kind, driver, .. } = adapter;
    let (state, help) = match adapter {
        AdapterSummary { usable: false, .. } => (State::Fails, Some(UNUSABLE)),
        AdapterSummary { software: true, .. } => (State::Limited, Some(SOFTWARE)),
        _ => (State::Works, None),
    };
    Check::new("graphics", state, format!("{name} ({kind}, {backend}, driver {driver})"), help)
}

const NO_VECTORS: &str = "--engine cpu is slow on this processor; --quality fast helps";

fn processor(instructions: &str, threads: usize) -> Check {
    let scalar = instructions.starts_with("no ");
    let (state, help) = if scalar { (State::Limited, Some(NO_VECTORS)) } else { (State::Works, None) };
    Check::new("processor", state, format!("{instructions}, {threads} threads"), help)
}

const NO_ONNX_RUNTIME: &str = "this is fast enough for a webcam; ONNX Runtime takes about half the time: run `pip install \
                               onnxruntime` in a venv or conda environment and start bunraku there, or set \
                               ORT_DYLIB_PATH to its library";
const BROKEN_ONNX_RUNTIME: &str = "remove this library, or set ORT_DYLIB_PATH to another one (1.17 or later, for this \
                                   processor)";

/// The runtime that computes the tracker's networks, and how the other one compares.
fn tracking_runtime(report: &RuntimeReport) -> Check {
    let RuntimeReport { in_use, onnx_runtime, broken } = report;
    let mut found = format!("uses {in_use}");
    if *onnx_runtime {
        found += "; the built-in runtime (rten) would take about twice as long";
    }
    found.extend(broken.iter().map(|(path, why)| format!("; {} cannot be used: {why}", path.display())));
    let (state, help) = match (onnx_runtime, broken.is_empty()) {
        (true, true) => (State::Works, None),
        (_, false) => (State::Limited, Some(BROKEN_ONNX_RUNTIME)),
        (false, true) => (State::Limited, Some(NO_ONNX_RUNTIME)),
    };
    Check::new("webcam tracking", state, found, help)
}

const NO_DISPLAY: &str = "start bunraku from a desktop session; without one, --headless --out DIR writes the frames";

fn display(trouble: Option<String>) -> Check {
    match trouble {
        None => Check::new("display", State::Works, "a window can be opened", None),
        Some(why) => Check::new("display", State::Fails, why, Some(NO_DISPLAY)),
    }
}

const NO_MODELS: &str = "run `bunraku models install` (3.8 MB, once); only a webcam needs them";

fn tracking_models(inventory: Result<Inventory, ModelsError>) -> Check {
    const NAME: &str = "tracking models";
    let inventory = match inventory {
        Ok(inventory) => inventory,
        Err(error) => return Check::new(NAME, State::Fails, error.to_string(), Some(NO_MODELS)),
    };
    let folder = inventory.folder.display();
    if inventory.usable {
        return Check::new(NAME, State::Works, format!("installed in {folder}"), None);
    }
    let absent = inventory.files.iter().all(|file| file.state == FileState::Missing);
    let found = if absent { "not installed" } else { "damaged" };
    Check::new(NAME, State::Fails, format!("{found} in {folder}"), Some(NO_MODELS))
}

const NO_CAMERA: &str = "plug one in to use the source mediapipe; a phone or a video works without";
const CAMERA: &str = "until it works, a phone or a video can move the puppet";

/// A check for every camera found; `probe` tries each.
fn cameras(found: &[FoundCamera], probe: impl Fn(&FoundCamera) -> Result<(), String>) -> Vec<Check> {
    if found.is_empty() {
        return vec![Check::new("camera", State::Limited, "none found", Some(NO_CAMERA))];
    }
    let check = |camera: &FoundCamera| match probe(camera) {
        Ok(()) => Check::new("camera", State::Works, camera.to_string(), None),
        Err(why) => Check::new("camera", State::Fails, format!("{camera}: {why}"), Some(CAMERA)),
    };
    found.iter().map(check).collect()
}

const PHONE: &str = "close the program that uses it (another bunraku, VTube Studio, VSeeFace …), or choose another port \
                     with --source ifacialmocap:port=N and in the app on the phone";
const CONTROL: &str = "close the program that uses it (another bunraku?), or choose another address with --control \
                       127.0.0.1:N, or --control off";

fn port<T>(name: &str, bound: io::Result<T>, help: &'static str) -> Check {
    match bound {
        Ok(_) => Check::new(name, State::Works, "free", None),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            Check::new(name, State::Fails, "in use by another program", Some(help))
        }
        Err(error) => Check::new(name, State::Fails, format!("cannot be opened: {error}"), Some(help)),
    }
}

/// The phone's default port, as the source declares it.
fn phone_port() -> anyhow::Result<u16> {
    let settings = SourceInfo::find("ifacialmocap")?.settings;
    let default = settings.iter().find(|setting| setting.name == "port").and_then(|setting| setting.default);
    default.context("ifacialmocap has no default port")?.parse().context("ifacialmocap's default port")
}

impl Check {
    fn new(name: &str, state: State, found: impl Into<String>, help: Option<&'static str>) -> Self {
        Self { name: name.to_owned(), state, found: found.into(), help }
    }
}

impl Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Works => "works",
            State::Limited => "limited",
            State::Fails => "fails",
        };
        writeln!(f, "{state:8} {}: {}", self.name, self.found)?;
        self.help.map_or(Ok(()), |help| writeln!(f, "{:8} what to do: {help}", ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_adapter(software: bool, usable: bool) -> AdapterSummary {
        AdapterSummary {
            name: "Card 9".to_owned(),
            backend: "vulkan".to_owned(),
            kind: if software { "software" } else { "discrete" },
            driver: "1.2".to_owned(),
            software,
            usable,
            max_storage_bytes: 1 << 27,
            workgroup_bytes: 1 << 15,
        }
    }

    #[test]
    fn adapters_are_told_apart_by_what_they_can_do() {
        let [none] = &graphics(&[])[..] else { panic!("one line") };
        assert_eq!((none.state, none.help), (State::Fails, Some(NO_ADAPTER)));
        let [card, software, old] =
            &graphics(&[(false, true), (true, true), (false, false)].map(|(s, u)| some_adapter(s, u)))[..]
        else {
            panic!("a line each")
        };
        assert_eq!((card.state, card.help), (State::Works, None));
        assert_eq!((software.state, old.state), (State::Limited, State::Fails));
        assert_eq!(card.found, "Card 9 (discrete, vulkan, driver 1.2)");
    }

    #[test]
    fn a_port_in_use_comes_with_advice() {
        let taken = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let again = port("p", UdpSocket::bind(taken.local_addr().expect("bound")), PHONE);
        assert_eq!((again.state, again.found.as_str()), (State::Fails, "in use by another program"));
        assert!(again.to_string().contains("what to do: close the program"));
        let free = port("p", UdpSocket::bind("127.0.0.1:0"), PHONE);
        assert_eq!(free.to_string(), "works    p: free\n");
    }

    #[test]
    fn a_processor_without_vectors_and_a_missing_display_say_what_to_do() {
        assert_eq!(processor("AVX2 and FMA", 8).found, "AVX2 and FMA, 8 threads");
        assert_eq!(processor("no vector instructions", 8).state, State::Limited);
        let missing = display(Some("nothing answers".to_owned()));
        assert_eq!((missing.state, missing.help), (State::Fails, Some(NO_DISPLAY)));
        assert_eq!(display(None).state, State::Works);
    }

    #[test]
    fn tracking_models_that_are_not_there_say_how_to_get_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let none = tracking_models(Ok(models::inventory(folder.path())));
        assert_eq!((none.state, none.help), (State::Fails, Some(NO_MODELS)));
        assert!(none.found.starts_with("not installed in "), "{}", none.found);
        std::fs::write(folder.path().join("face_detector.onnx"), "?").expect("written");
        assert!(tracking_models(Ok(models::inventory(folder.path()))).found.starts_with("damaged in "));
        assert_eq!(tracking_models(Err(ModelsError::NoFolder)).state, State::Fails);
    }

    #[test]
    fn the_runtime_in_use_is_named_and_a_broken_library_reported() {
        let report = |onnx_runtime: bool, broken: &[&str]| RuntimeReport {
            in_use: "this one".to_owned(),
            onnx_runtime,
            broken: broken.iter().map(|path| (path.into(), "too old".to_owned())).collect(),
        };
        let fast = tracking_runtime(&report(true, &[]));
        assert!(fast.state == State::Works && fast.found.contains("this one") && fast.found.contains("rten"));
        assert_eq!(tracking_runtime(&report(false, &[])).help, Some(NO_ONNX_RUNTIME));
        let broken = tracking_runtime(&report(true, &["/lib/old.so"]));
        assert_eq!((broken.state, broken.help), (State::Limited, Some(BROKEN_ONNX_RUNTIME)));
        assert!(broken.found.contains("/lib/old.so cannot be used: too old"), "{}", broken.found);
    }

    #[test]
    fn every_camera_is_tried_and_having_none_is_no_fault() {
        let [none] = &cameras(&[], |_| Ok(()))[..] else { panic!("one line") };
        assert_eq!((none.state, none.help), (State::Limited, Some(NO_CAMERA)));
        let two = [0, 1].map(|number| FoundCamera { number, name: "C920".to_owned() });
        let probe = |camera: &FoundCamera| if camera.number == 0 { Ok(()) } else { Err("in use".to_owned()) };
        let [good, bad] = &cameras(&two, probe)[..] else { panic!("a line each") };
        assert_eq!((good.state, good.found.as_str()), (State::Works, "camera 0: C920"));
        assert_eq!((bad.state, bad.found.as_str()), (State::Fails, "camera 1: C920: in use"));
    }

    #[test]
    fn the_phones_port_is_the_one_that_the_source_listens_on() {
        assert_eq!(phone_port().expect("known"), 49983);
    }
}
