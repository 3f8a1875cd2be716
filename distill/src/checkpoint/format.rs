//! A checkpoint's file format: a line that names it, a line with the SHA-256 of the rest, and a `.safetensors` file
//! with the progress as JSON in its metadata.

use super::{Checkpoint, CheckpointError, Progress};
use crate::digest::sha256;
use bunraku_core::character::Tensor;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::{collections::HashMap, fmt::Display};

/// The first line; the number is the format's version.
const MAGIC: &[u8] = b"bunraku-distill snapshot 1\n";

/// The metadata field with the progress.
const PROGRESS: &str = "progress";

fn content(error: impl Display) -> CheckpointError {
    CheckpointError::Content(error.to_string())
}

impl Checkpoint {
    /// The file's bytes.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, CheckpointError> {
        let bytes: Vec<(&String, &Tensor, Vec<u8>)> =
            self.tensors.iter().map(|(name, tensor)| (name, tensor, little_endian(&tensor.values))).collect();
        let views = bytes.iter().map(|(name, tensor, bytes)| {
            TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).map(|view| (*name, view)).map_err(content)
        });
        let progress = serde_json::to_string(&self.progress).map_err(content)?;
        let metadata = HashMap::from([(PROGRESS.to_owned(), progress)]);
        let body = safetensors::serialize(views.collect::<Result<Vec<_>, _>>()?, Some(metadata)).map_err(content)?;
        Ok([MAGIC, sha256(&body).as_bytes(), b"\n", &body].concat())
    }

    /// Reads the file's bytes, and verifies their hash.
    ///
    /// # Errors
    /// [`CheckpointError`] if they are no checkpoint, were changed, or have other content.
    pub fn read(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let body = verified(bytes)?;
        let (_, header) = SafeTensors::read_metadata(body).map_err(content)?;
        let progress = header.metadata().as_ref().and_then(|metadata| metadata.get(PROGRESS));
        let progress = progress.ok_or_else(|| content("no progress in its metadata"))?;
        let progress: Progress = serde_json::from_str(progress).map_err(content)?;
        let file = SafeTensors::deserialize(body).map_err(content)?;
        let tensors = file.tensors().into_iter().map(|(name, view)| Ok((name, tensor(&view)?)));
        Ok(Self { progress, tensors: tensors.collect::<Result<_, CheckpointError>>()? })
    }
}

/// The part after the two lines, if its hash matches.
fn verified(bytes: &[u8]) -> Result<&[u8], CheckpointError> {
    const HASH_LEN: usize = 64;
    let rest = bytes.strip_prefix(MAGIC).ok_or(CheckpointError::Foreign)?;
    let (hash, rest) = rest.split_at_checked(HASH_LEN).ok_or(CheckpointError::Hash)?;
    let body = rest.strip_prefix(b"\n").ok_or(CheckpointError::Hash)?;
    // A fuzzer's changes would never match the hash.
    if cfg!(fuzzing) || hash == sha256(body).as_bytes() { Ok(body) } else { Err(CheckpointError::Hash) }
}

fn little_endian(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn tensor(view: &TensorView<'_>) -> Result<Tensor, CheckpointError> {
    if view.dtype() != Dtype::F32 {
        return Err(content(format!("a tensor of {:?}", view.dtype())));
    }
    let values = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    Ok(Tensor { shape: view.shape().to_vec(), values })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::HeldOut;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    pub(in crate::checkpoint) fn checkpoint(examples: u64) -> Checkpoint {
        let tensor = |shape: &[usize]| {
            let values = (0..shape.iter().product()).map(|index: usize| index as f32 / 7.0 + examples as f32).collect();
            Tensor { shape: shape.to_vec(), values }
        };
        let progress = Progress {
            examples,
            steps: examples / 8,
            seconds: 1.0 / 3.0,
            held_out: Some(HeldOut { examples, l1: 0.1 + 0.2 }),
            fingerprint: BTreeMap::from([("seed".to_owned(), "1".to_owned())]),
        };
        let tensors = [("weights.a", tensor(&[3, 2])), ("adam.mean.a", tensor(&[3, 2])), ("b", tensor(&[]))];
        Checkpoint { progress, tensors: tensors.map(|(name, tensor)| (name.to_owned(), tensor)).into() }
    }

    #[test]
    fn a_checkpoint_reads_back_bit_for_bit() {
        let mut written = checkpoint(80);
        written
            .tensors
            .insert("odd".to_owned(), Tensor { shape: vec![2], values: vec![-0.0, f32::MIN_POSITIVE / 8.0] });
        let read = Checkpoint::read(&written.to_bytes().expect("written")).expect("read");
        assert_eq!(read, written);
        assert_eq!(read.tensors["odd"].values[0].to_bits(), (-0.0_f32).to_bits());
    }

    #[test]
    fn a_foreign_file_is_distinguished_from_a_damaged_one() {
        assert!(matches!(Checkpoint::read(b"PK"), Err(CheckpointError::Foreign)));
        let whole_but_odd = [MAGIC, sha256(b"junk").as_bytes(), b"\njunk"].concat();
        assert!(matches!(Checkpoint::read(&whole_but_odd), Err(CheckpointError::Content(_))));
    }

    proptest! {
        #[test]
        fn any_change_or_truncation_is_detected(place: prop::sample::Index, change in 1..=u8::MAX) {
            let whole = checkpoint(8).to_bytes().expect("written");
            let mut changed = whole.clone();
            *place.get_mut(&mut changed) ^= change;
            prop_assert!(Checkpoint::read(&changed).is_err());
            prop_assert!(Checkpoint::read(&whole[..place.index(whole.len())]).is_err());
        }

        #[test]
        fn a_changed_body_with_a_matching_hash_never_panics(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        ) {
            let whole = checkpoint(8).to_bytes().expect("written");
            let mut body = verified(&whole).expect("whole").to_vec();
            for (place, byte) in changes {
                *place.get_mut(&mut body) = byte;
            }
            let header = format!("{}\n", sha256(&body));
            if let Ok(checkpoint) = Checkpoint::read(&[MAGIC, header.as_bytes(), &body].concat()) {
                for tensor in checkpoint.tensors.values() {
                    prop_assert_eq!(tensor.shape.iter().product::<usize>(), tensor.values.len());
                }
            }
        }

        #[test]
        fn any_bytes_with_a_matching_hash_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let header = format!("{}\n", sha256(&body));
            let _ = Checkpoint::read(&[MAGIC, header.as_bytes(), &body].concat());
        }
    }
}
