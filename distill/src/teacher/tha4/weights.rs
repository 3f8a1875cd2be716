//! Loads the teacher's weights from the published files, or makes them by the formula.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use bunraku_core::{
    character::{Tensor, WEIGHTS_LIMIT, Weights, WeightsError},
    files::ReadError,
};
use thiserror::Error;

use super::{architecture::Module, formula};
use crate::{
    digest::sha256,
    files::{self, reason},
};

/// The origin of a teacher's weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The five files, with the SHA-256 of each in hexadecimal digits.
    Files(Vec<(PathBuf, String)>),
    /// The formula of `core/spec/goldens.md`, because none of the five files is in the folder.
    Formula {
        /// The folder that was searched.
        folder: PathBuf,
    },
}

impl Origin {
    /// See [`Teacher::identity`](crate::teacher::Teacher::identity).
    pub fn identity(&self) -> Vec<(String, String)> {
        match self {
            Self::Files(files) => files.iter().map(|(path, hash)| (name(path), hash.clone())).collect(),
            // The formula is the same whatever folder it stands in for.
            Self::Formula { .. } => vec![("weights".to_owned(), "formula, first version".to_owned())],
        }
    }
}

/// A file's name without its folder.
fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(files) => {
                f.write_str("weights")?;
                files.iter().try_for_each(|(path, hash)| write!(f, "\n  {} (SHA-256 {hash})", path.display()))
            }
            Self::Formula { folder } => write!(
                f,
                "FORMULA WEIGHTS: none of THA4's files is in {}, so the teacher is made of pseudo-random numbers and \
                 shows no character; good for trying things out, not for a student",
                folder.display()
            ),
        }
    }
}

/// Why a teacher's weights cannot be loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TeacherError {
    /// Some of the five files are there, but not all.
    #[error("the teacher's folder {} lacks {}: THA4 needs all five files", folder.display(), missing.join(", "))]
    Incomplete {
        /// The folder.
        folder: PathBuf,
        /// The names of the files that are not there.
        missing: Vec<String>,
    },
    /// Files that cannot be used, with all of their problems.
    #[error("the teacher's weights cannot be used:{}", list(.0))]
    Weights(Vec<WeightsProblem>),
}

/// A line each.
fn list(problems: &[WeightsProblem]) -> String {
    problems.iter().map(|problem| format!("\n  {problem}")).collect::<Vec<_>>().concat()
}

/// A problem with one of the five files.
#[derive(Debug, Error)]
#[error("{}: {fault}", path.display())]
pub struct WeightsProblem {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    #[source]
    pub fault: WeightsFault,
}

/// What can be wrong with a weights file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WeightsFault {
    /// It cannot be read.
    #[error("{}", reason(.0))]
    File(#[from] ReadError),
    /// It is not a state dict.
    #[error(transparent)]
    Read(#[from] WeightsError),
    /// A tensor is not there.
    #[error("the tensor `{0}` is missing")]
    Missing(String),
    /// A tensor has another shape.
    #[error("the tensor `{key}` is {actual:?}, not {expected:?}")]
    Shape {
        /// The tensor's key.
        key: String,
        /// The shape it must have.
        expected: Vec<usize>,
        /// The shape it has.
        actual: Vec<usize>,
    },
    /// A tensor that the module does not have: perhaps the file belongs to another one.
    #[error("the tensor `{}` is not part of this network", .0.escape_debug())]
    Unknown(String),
}

/// The file of a module's weights.
fn file(folder: &Path, module: Module) -> PathBuf {
    folder.join(format!("{}.pt", module.name()))
}

/// Locates the weights without reading them.
///
/// # Errors
/// [`TeacherError::Incomplete`] if only some of the files are there.
pub(super) fn locate(folder: &Path) -> Result<Option<Vec<PathBuf>>, TeacherError> {
    let paths = Module::ALL.map(|module| file(folder, module));
    let (there, missing): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.exists());
    match (there.len(), missing.len()) {
        (_, 0) => Ok(Some(there)),
        (0, _) => Ok(None),
        _ => {
            let missing = missing.iter().map(|path| name(path)).collect();
            Err(TeacherError::Incomplete { folder: folder.to_owned(), missing })
        }
    }
}

/// Reads the five modules one after the other and passes each to `take` at once, so that only one file is in memory
/// besides the results of `take`.
///
/// # Errors
/// All problems with any of the files.
pub(super) fn load<T>(
    folder: &Path,
    mut take: impl FnMut(Module, Weights) -> T,
) -> Result<(Vec<T>, Origin), TeacherError> {
    let Some(paths) = locate(folder)? else {
        let taken = Module::ALL.map(|module| take(module, formula::weights(module)));
        let origin = Origin::Formula { folder: folder.to_owned() };
        tracing::warn!("{origin}");
        return Ok((taken.into(), origin));
    };
    let (mut taken, mut files, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for (module, path) in Module::ALL.into_iter().zip(paths) {
        match read(module, &path) {
            Ok((weights, hash)) if problems.is_empty() => {
                taken.push(take(module, weights));
                files.push((path, hash));
            }
            Ok(_) => {}
            Err(faults) => problems.extend(with_path(faults, path)),
        }
    }
    if problems.is_empty() { Ok((taken, Origin::Files(files))) } else { Err(TeacherError::Weights(problems)) }
}

/// All problems with the files that are in a folder. Reads them one after the other.
pub fn examine(folder: &Path) -> Vec<WeightsProblem> {
    let there = Module::ALL.into_iter().map(|module| (module, file(folder, module))).filter(|(_, path)| path.exists());
    let problems = there.filter_map(|(module, path)| Some((read(module, &path).err()?, path)));
    problems.flat_map(|(faults, path)| with_path(faults, path)).collect()
}

/// A file's faults with its name.
fn with_path(faults: Vec<WeightsFault>, path: PathBuf) -> impl Iterator<Item = WeightsProblem> {
    faults.into_iter().map(move |fault| WeightsProblem { path: path.clone(), fault })
}

/// One module's file, and its SHA-256.
fn read(module: Module, path: &Path) -> Result<(Weights, String), Vec<WeightsFault>> {
    let bytes = files::read(path, WEIGHTS_LIMIT).map_err(|error| vec![error.into()])?;
    let weights = Weights::read(&bytes).map_err(|error| vec![error.into()])?;
    let faults = faults(module, &weights);
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok((weights, sha256(&bytes)))
}

/// All differences between a state dict and the module's tensors.
fn faults(module: Module, weights: &Weights) -> Vec<WeightsFault> {
    let shapes = module.shapes();
    let needed = shapes.iter().filter_map(|(key, expected)| match weights.0.get(key) {
        None => Some(WeightsFault::Missing(key.clone())),
        Some(Tensor { shape, .. }) if shape != expected => {
            Some(WeightsFault::Shape { key: key.clone(), expected: expected.clone(), actual: shape.clone() })
        }
        Some(_) => None,
    });
    let unknown = weights.0.keys().filter(|key| !shapes.contains_key(*key));
    needed.chain(unknown.map(|key| WeightsFault::Unknown(key.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn an_empty_folder_means_the_formula_and_an_incomplete_one_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(locate(folder.path()).expect("nothing is wrong"), None);
        fs::write(folder.path().join("upscaler.pt"), b"").expect("written");
        let message = locate(folder.path()).expect_err("four are missing").to_string();
        assert!(message.contains("eyebrow_decomposer.pt") && !message.contains("upscaler.pt"), "{message}");
    }

    #[test]
    fn all_problems_with_a_file_are_named_at_once() {
        let mut weights = formula::weights(Module::FaceMorpher);
        weights.0.remove("eye_alpha.0.bias");
        let tensor = Tensor { shape: vec![3], values: vec![0.0; 3] };
        weights.0.insert("eye_alpha.0.weight".to_owned(), tensor.clone());
        weights.0.insert("body.first_conv.bias".to_owned(), tensor);
        let messages = faults(Module::FaceMorpher, &weights).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(messages.len(), 3, "{messages:?}");
        for word in [
            "the tensor `eye_alpha.0.bias` is missing",
            "is [3], not [1, 64, 3, 3]",
            "`body.first_conv.bias` is not part of this network",
        ] {
            assert!(messages.iter().any(|message| message.contains(word)), "{word}: {messages:?}");
        }
    }

    /// A file as large as the published ones.
    #[test]
    fn a_whole_file_is_read_with_its_hash() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("upscaler.pt");
        let weights = formula::weights(Module::Upscaler);
        fs::write(&path, weights.to_torch().expect("a .pt")).expect("written");
        let (read, hash) = read(Module::Upscaler, &path).expect("the upscaler's weights");
        assert!(read == weights, "the weights written are those read");
        assert_eq!(hash.len(), 64);
        assert!(super::read(Module::FaceMorpher, &path).is_err(), "it is another network's");
    }
}
