//! ONNX Runtime, loaded at run time and at most once in a process.

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

/// The loaded library.
pub(crate) struct Loaded {
    environment: Environment,
    /// Such as "1.31.1"; empty if unknown.
    version: String,
    path: PathBuf,
    /// Libraries tried before it that cannot be used.
    pub(super) broken: Vec<(PathBuf, String)>,
}

impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ONNX Runtime {} ({})", self.version, self.path.display())
    }
}

/// Why no library was loaded.
#[derive(Clone, Debug, Default)]
pub(super) struct NotLoaded {
    /// Libraries that exist but cannot be used.
    pub(super) broken: Vec<(PathBuf, String)>,
}

impl fmt::Display for NotLoaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, why) in &self.broken {
            write!(f, "the library {} cannot be used: {why}; ", path.display())?;
        }
        if self.broken.is_empty() { write!(f, "no library was found; set {PATH_VARIABLE} to its path") } else { Ok(()) }
    }
}

/// Loads the library, or returns the outcome of an earlier attempt.
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
            // A bare name that the system cannot find is not an error.
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
    // With a library that has another interface, ort panics instead of returning an error.
    let loaded = catch_unwind(|| {
        let builder = ort::init_from(path).map_err(|error| error.to_string())?;
        builder.with_name("bunraku").with_telemetry(false).build().map_err(|error| error.to_string())
    });
    loaded.unwrap_or_else(|_| Err("it is not a supported ONNX Runtime".to_owned()))
}

/// The version from the library's build information, or else from its name.
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
    // Spinning threads would take cores from the engine.
    let mut builder = Session::builder(&loaded.environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(threads.max(1))?
        .with_intra_op_spinning(false)?
        .with_execution_providers(execution_providers())?;
    builder.commit_from_memory(model)
}

/// The accelerators this program was built with; the CPU is used where they are missing.
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
        let message = |error: ort::Error| error.to_string();
        let input = TensorRef::from_array_view((self.layout.input, input)).map_err(message)?;
        let results = self.session.run(ort::inputs![input]).map_err(message)?;
        for ((name, _), output) in self.layout.outputs.iter().zip(outputs) {
            let result = results.get(name).ok_or_else(|| format!("it returned no `{name}`"))?;
            let (_, values) = result.try_extract_tensor::<f32>().map_err(message)?;
            if values.len() != output.len() {
                return Err(format!("`{name}` has {} numbers, expected {}", values.len(), output.len()));
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
    fn the_version_comes_from_the_build_information_or_the_name() {
        let named = Path::new("/nowhere/libonnxruntime.so.1.20.1");
        assert_eq!(version(named, "ORT Build Info: git-branch=rel-1.31.1, git-commit-id=26250ae"), "1.31.1");
        if cfg!(target_os = "linux") {
            assert_eq!(version(named, "ORT Build Info: git-branch=main"), "1.20.1");
        }
    }

    #[test]
    fn unusable_and_named_libraries_are_reported_but_not_missing_defaults() {
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
