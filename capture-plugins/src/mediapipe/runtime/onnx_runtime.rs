//! ONNX Runtime, a library that is loaded when the program runs. There is one in a process, whoever loads it first.

use super::{
    Layout, Network, NetworkError,
    library::{Candidate, PATH_VARIABLE, candidates, version_of},
};
use ort::{
    environment::Environment,
    session::{Session, builder::GraphOptimizationLevel},
    value::TensorRef,
};
use std::{
    fmt,
    panic::catch_unwind,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The library in use.
pub(crate) struct Loaded {
    environment: Environment,
    /// As in "1.31.1"; empty where the library does not say.
    version: String,
    path: PathBuf,
    /// Libraries before it that could not be used.
    pub(super) broken: Vec<(PathBuf, String)>,
}

impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ONNX Runtime {} ({})", self.version, self.path.display())
    }
}

/// Why there is no library.
#[derive(Clone, Debug, Default)]
pub(super) struct NotLoaded {
    /// Libraries that are there and cannot be used.
    pub(super) broken: Vec<(PathBuf, String)>,
}

impl fmt::Display for NotLoaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, why) in &self.broken {
            write!(f, "the library {} cannot be used: {why}; ", path.display())?;
        }
        if self.broken.is_empty() { write!(f, "no library was found; {PATH_VARIABLE} may name one") } else { Ok(()) }
    }
}

/// Loads the library, or says what became of an earlier attempt.
pub(super) fn load() -> Result<&'static Loaded, &'static NotLoaded> {
    static LIBRARY: OnceLock<Result<Loaded, NotLoaded>> = OnceLock::new();
    LIBRARY.get_or_init(|| load_first(candidates())).as_ref()
}

fn load_first(candidates: Vec<Candidate>) -> Result<Loaded, NotLoaded> {
    let mut broken = Vec::new();
    for Candidate { path, named } in candidates {
        match load_at(&path) {
            Ok(environment) => {
                let version = version(&path, ort::info());
                return Ok(Loaded { environment, version, path, broken });
            }
            // Where a bare name leads nowhere, nothing is broken.
            Err(why) if named || path.is_absolute() => {
                tracing::warn!("the library {} cannot be used: {why}", path.display());
                broken.push((path, why));
            }
            Err(_) => {}
        }
    }
    Err(NotLoaded { broken })
}

fn load_at(path: &Path) -> Result<Environment, String> {
    if path.is_absolute() && !path.is_file() {
        return Err("there is no such file".to_owned());
    }
    // A library of that name without the right interface makes ort panic rather than fail.
    let loaded = catch_unwind(|| {
        let builder = ort::init_from(path).map_err(|error| error.to_string())?;
        builder.with_name("bunraku").with_telemetry(false).build().map_err(|error| error.to_string())
    });
    loaded.unwrap_or_else(|_| Err("it is not an ONNX Runtime that can be used".to_owned()))
}

/// The version as the library's own build information tells it, else as its name does.
fn version(path: &Path, build: &str) -> String {
    let branch = build.split("git-branch=rel-").nth(1).and_then(|rest| rest.split([',', ' ']).next());
    let resolved = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = resolved.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let numbers: Vec<String> = version_of(&name).iter().map(u64::to_string).collect();
    branch.map_or_else(|| numbers.join("."), str::to_owned)
}

/// Opens a network.
pub(super) fn open(
    loaded: &Loaded,
    model: &[u8],
    layout: &'static Layout,
    threads: usize,
) -> Result<Box<dyn Network>, String> {
    let session = session(loaded, model, threads).map_err(|error| error.to_string())?;
    for (name, _) in layout.outputs {
        if !session.outputs().iter().any(|output| output.name() == *name) {
            return Err(format!("it has no output `{name}`"));
        }
    }
    Ok(Box::new(OrtNetwork { session, layout }))
}

fn session(loaded: &Loaded, model: &[u8], threads: usize) -> ort::Result<Session> {
    // Threads that spin while they wait would take the cores of whoever draws.
    let mut builder = Session::builder(&loaded.environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(threads.max(1))?
        .with_intra_op_spinning(false)?
        .with_execution_providers(execution_providers())?;
    builder.commit_from_memory(model)
}

/// What computes beside the processor, as this program was built; where it is missing, the processor does.
fn execution_providers() -> Vec<ort::ep::ExecutionProviderDispatch> {
    vec![
        #[cfg(feature = "cuda")]
        ort::ep::CUDA::default().build(),
        #[cfg(feature = "directml")]
        ort::ep::DirectML::default().build(),
        #[cfg(feature = "coreml")]
        ort::ep::CoreML::default().build(),
    ]
}

struct OrtNetwork {
    session: Session,
    layout: &'static Layout,
}

impl Network for OrtNetwork {
    fn run(&mut self, input: &[f32], outputs: &mut [&mut [f32]]) -> Result<(), NetworkError> {
        let network = self.layout.network;
        self.compute(input, outputs).map_err(|why| NetworkError { network, why })
    }
}

impl OrtNetwork {
    fn compute(&mut self, input: &[f32], outputs: &mut [&mut [f32]]) -> Result<(), String> {
        let told = |error: ort::Error| error.to_string();
        let input = TensorRef::from_array_view((self.layout.input, input)).map_err(told)?;
        let results = self.session.run(ort::inputs![input]).map_err(told)?;
        for ((name, _), output) in self.layout.outputs.iter().zip(outputs) {
            let result = results.get(name).ok_or_else(|| format!("it gave no `{name}`"))?;
            let (_, values) = result.try_extract_tensor::<f32>().map_err(told)?;
            if values.len() != output.len() {
                return Err(format!("`{name}` has {} numbers where {} are expected", values.len(), output.len()));
            }
            output.copy_from_slice(values);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_what_the_library_says_or_else_its_name() {
        let named = Path::new("/nowhere/libonnxruntime.so.1.20.1");
        assert_eq!(version(named, "ORT Build Info: git-branch=rel-1.31.1, git-commit-id=26250ae"), "1.31.1");
        if cfg!(target_os = "linux") {
            assert_eq!(version(named, "ORT Build Info: git-branch=main"), "1.20.1");
        }
    }

    #[test]
    fn what_is_no_library_is_named_and_what_nobody_named_is_not_missed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("libonnxruntime.so");
        std::fs::write(&path, "no library").expect("written");
        let missing = folder.path().join("none.so");
        let candidates = [(path.clone(), false), (missing.clone(), true), ("libno-such-runtime.so".into(), false)];
        let failed = load_first(candidates.map(|(path, named)| Candidate { path, named }).into()).err().expect("none");
        assert_eq!(failed.broken.iter().map(|(path, _)| path).collect::<Vec<_>>(), [&path, &missing]);
        let text = failed.to_string();
        assert!(text.contains("none.so cannot be used: there is no such file"), "{text}");
    }
}
