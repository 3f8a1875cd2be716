//! Loads the students to evaluate: a finished character's, or those of a training that may still be running.

use crate::checkpoint::{Checkpoint, CheckpointStore, Damaged, Newest};
use bunraku_core::character::{BodyMorpher, CharacterModel, FaceMorpher, ShapeError, Tensor, Weights};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The prefix of a student's tensors in a checkpoint.
const WEIGHTS: &str = "weights.";

/// One or both students of a character.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Students {
    /// The face student; `None` if its training has not started.
    pub face: Option<FaceMorpher>,
    /// The body student; likewise.
    pub body: Option<BodyMorpher>,
    /// Where they come from, a line each.
    pub origin: Vec<String>,
    /// Newer checkpoints that cannot be used, a line each.
    pub damaged: Vec<String>,
}

/// Why there are no students to evaluate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StudentsError {
    /// No training has started.
    #[error(
        "{}: no finished character and no intact checkpoint of a student{}",
        prefix.display(),
        damaged.iter().flat_map(|line| ["; ", line.as_str()]).collect::<String>()
    )]
    None {
        /// The run directory.
        prefix: PathBuf,
        /// Snapshots that cannot be used, a line each.
        damaged: Vec<String>,
    },
    /// A checkpoint of another network.
    #[error("{}: {}", path.display(), .faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Shape {
        /// The checkpoint.
        path: PathBuf,
        /// Everything that does not fit.
        faults: Vec<ShapeError>,
    },
}

impl Students {
    /// The students of a character model.
    pub fn of_character(character: &CharacterModel, origin: &Path) -> Self {
        let origin = vec![format!("both students: {}", origin.display())];
        Self { face: Some(character.face.clone()), body: Some(character.body.clone()), origin, damaged: Vec::new() }
    }

    /// The newest students of a training in the run directory `prefix`, however early.
    ///
    /// # Errors
    /// If there is none, or it is of another network.
    pub fn of_training(prefix: &Path) -> Result<Self, StudentsError> {
        let mut students = Self::default();
        if let Some((path, checkpoint)) = students.newest(prefix, "face_morpher") {
            let face = FaceMorpher::from_weights(&face_weights(&checkpoint));
            students.face = Some(face.map_err(|faults| StudentsError::Shape { path: path.clone(), faults })?);
            students.came_from("face morpher", &path, &checkpoint);
        }
        if let Some((path, checkpoint)) = students.newest(prefix, "body_morpher") {
            let body = BodyMorpher::from_weights(&body_weights(&checkpoint));
            students.body = Some(body.map_err(|faults| StudentsError::Shape { path: path.clone(), faults })?);
            students.came_from("body morpher", &path, &checkpoint);
        }
        if students.origin.is_empty() {
            return Err(StudentsError::None { prefix: prefix.to_owned(), damaged: students.damaged });
        }
        Ok(students)
    }

    fn newest(&mut self, prefix: &Path, student: &str) -> Option<(PathBuf, Checkpoint)> {
        let Newest { checkpoint, damaged } = CheckpointStore::new(&prefix.join(student)).newest();
        self.damaged.extend(damaged.into_iter().map(|Damaged { path, why }| format!("{}: {why}", path.display())));
        checkpoint
    }

    fn came_from(&mut self, name: &str, path: &Path, checkpoint: &Checkpoint) {
        let examples = checkpoint.progress.examples;
        self.origin.push(format!("{name}: {} after {examples} examples", path.display()));
    }
}

/// The face's state dict, by the original's names.
fn face_weights(checkpoint: &Checkpoint) -> Weights {
    renamed(checkpoint, |name| match name.split('.').collect::<Vec<_>>()[..] {
        ["sine", index, kind] => Some(format!("siren.sine_layers.{index}.linear.{kind}")),
        ["last", kind] => Some(format!("siren.last_linear.{kind}")),
        _ => None,
    })
}

/// The body's, likewise.
fn body_weights(checkpoint: &Checkpoint) -> Weights {
    renamed(checkpoint, |name| match name.split('.').collect::<Vec<_>>()[..] {
        ["levels", level, index, kind] => Some(format!("siren_layers.{level}.{index}.linear.{kind}")),
        ["last", kind] => Some(format!("last_linear.{kind}")),
        _ => None,
    })
}

fn renamed(checkpoint: &Checkpoint, name: impl Fn(&str) -> Option<String>) -> Weights {
    let weights = checkpoint.tensors.iter().filter_map(|(key, tensor)| {
        let mut shape = tensor.shape.clone();
        if shape.len() == 2 {
            shape.extend([1, 1]); // the original's layers are 1 x 1 convolutions
        }
        Some((name(key.strip_prefix(WEIGHTS)?)?, Tensor { shape, values: tensor.values.clone() }))
    });
    Weights(weights.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Progress;
    use bunraku_core::character::{Linear, sample::tiny_character};
    use std::collections::BTreeMap;

    fn checkpoint<'a>(layers: impl Iterator<Item = (String, &'a Linear)>) -> Checkpoint {
        let tensors = layers.flat_map(|(name, layer)| {
            let weight = Tensor { shape: vec![layer.outputs, layer.inputs], values: layer.weight.clone() };
            let bias = Tensor { shape: vec![layer.outputs], values: layer.bias.clone() };
            let mean = Tensor { shape: vec![1], values: vec![0.0] };
            [
                (format!("weights.{name}.weight"), weight),
                (format!("weights.{name}.bias"), bias),
                (format!("adam.mean.{name}.bias"), mean),
            ]
        });
        Checkpoint { tensors: tensors.collect(), progress: progress() }
    }

    fn progress() -> Progress {
        let (seconds, fingerprint) = (0.0, BTreeMap::new());
        Progress { examples: 80, steps: 10, seconds, held_out: None, fingerprint }
    }

    #[test]
    fn each_student_of_a_training_is_found_on_its_own() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(matches!(Students::of_training(folder.path()), Err(StudentsError::None { .. })));
        let character = tiny_character(3);
        let sine = character.face.sine.iter().enumerate().map(|(i, layer)| (format!("sine.{i}"), layer));
        let face = checkpoint(sine.chain([("last".to_owned(), &character.face.last)]));
        CheckpointStore::new(&folder.path().join("face_morpher")).save(&face).expect("saved");
        let students = Students::of_training(folder.path()).expect("a face");
        assert!(students.face.as_ref() == Some(&character.face) && students.body.is_none());
        assert!(students.origin[0].contains("after 80 examples"), "{:?}", students.origin);
        let levels = character.body.levels.iter().enumerate().flat_map(|(level, layers)| {
            layers.iter().enumerate().map(move |(i, layer)| (format!("levels.{level}.{i}"), layer))
        });
        let body = checkpoint(levels.chain([("last".to_owned(), &character.body.last)]));
        CheckpointStore::new(&folder.path().join("body_morpher")).save(&body).expect("saved");
        let students = Students::of_training(folder.path()).expect("both");
        assert_eq!((students.face, students.body), (Some(character.face), Some(character.body)));
        assert!(students.damaged.is_empty());
        let torn = folder.path().join("body_morpher/snapshot/0000000090.snapshot");
        std::fs::write(&torn, "torn").expect("written");
        let students = Students::of_training(folder.path()).expect("the one before");
        assert!(students.body.is_some() && students.damaged[0].contains("0000000090"), "{:?}", students.damaged);
    }

    #[test]
    fn a_checkpoint_of_another_network_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let character = tiny_character(3);
        let other = checkpoint([("last".to_owned(), &character.face.last)].into_iter());
        CheckpointStore::new(&folder.path().join("face_morpher")).save(&other).expect("saved");
        let error = Students::of_training(folder.path()).expect_err("no sine layers");
        assert!(
            error.to_string().contains("0000000080.snapshot") && error.to_string().contains("sine_layers"),
            "{error}"
        );
    }
}
