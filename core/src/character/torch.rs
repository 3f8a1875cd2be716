//! PyTorch's `.pt` of a state dict: a zip [archive](super::archive) of one [pickle](super::pickle) and raw storages
//! (`spec/THA4.md` §2.4; later versions name the folder after the file and add entries such as `byteorder`).

use super::{
    archive::{Archive, ArchiveError},
    pickle::{self, TensorInfo},
    weights::{Tensor, Weights, WeightsError},
};

/// Reads the state dict of a `.pt`.
pub(super) fn read(file: &[u8]) -> Result<Weights, WeightsError> {
    let archive = Archive::open(file)?;
    let root = root(&archive)?;
    check_byte_order(&archive, root)?;
    let pickle = archive.read(&format!("{root}/data.pkl"))?;
    let mut weights = Weights::default();
    let mut budget = file.len();
    for (name, info) in pickle::state_dict(pickle)? {
        let fault = |what: &str| WeightsError::Tensor { name: name.to_owned(), what: what.to_owned() };
        let bytes = span(&info).map_err(fault)?;
        // Many tensors may share one storage; together they must not take more than the file did.
        budget = budget.checked_sub(bytes.len()).ok_or(WeightsError::Amplified)?;
        let storage = archive.read(&format!("{root}/data/{}", info.storage.key))?;
        if Some(storage.len()) != info.storage.len.checked_mul(info.storage.format.size()) {
            return Err(fault("has a storage of another length than declared"));
        }
        let bytes = storage.get(bytes).ok_or_else(|| fault("reaches beyond its storage"))?;
        weights.insert(name, Tensor { values: info.storage.format.decode(bytes), shape: info.shape })?;
    }
    Ok(weights)
}

/// The archive's one top folder with a `data.pkl`.
fn root<'a>(archive: &Archive<'a>) -> Result<&'a str, ArchiveError> {
    let is_root = |name: &&str| !name.contains('/');
    let roots = archive.names().filter_map(|name| name.strip_suffix("/data.pkl")).filter(is_root).collect::<Vec<_>>();
    match roots[..] {
        [root] => Ok(root),
        _ => Err(ArchiveError::Roots(roots.len())),
    }
}

/// Versions before 2.0 wrote no marker, and little-endian files.
fn check_byte_order(archive: &Archive<'_>, root: &str) -> Result<(), WeightsError> {
    match archive.read(&format!("{root}/byteorder")) {
        Ok(b"little") | Err(ArchiveError::Missing(_)) => Ok(()),
        Ok(other) => Err(WeightsError::ByteOrder(String::from_utf8_lossy(&other[..other.len().min(16)]).into_owned())),
        Err(error) => Err(error.into()),
    }
}

/// The bytes of its storage that a row-major tensor takes, or what is wrong with it.
fn span(info: &TensorInfo<'_>) -> Result<std::ops::Range<usize>, &'static str> {
    const TOO_LARGE: &str = "declares an impossible size";
    let count = info.shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n)).ok_or(TOO_LARGE)?;
    if !is_row_major(info, count) {
        return Err("is not stored row by row; save it after .contiguous()");
    }
    let size = info.storage.format.size();
    let start = info.offset.checked_mul(size).ok_or(TOO_LARGE)?;
    let length = count.checked_mul(size).ok_or(TOO_LARGE)?;
    Ok(start..start.checked_add(length).ok_or(TOO_LARGE)?)
}

/// The stride of a dimension of one element is never used, so it may be anything.
fn is_row_major(info: &TensorInfo<'_>, count: usize) -> bool {
    let mut expected = 1;
    let mut dimensions = info.shape.iter().zip(&info.stride).rev();
    count == 0
        || dimensions.all(|(&n, &stride)| {
            let matches = n == 1 || stride == expected;
            expected *= n;
            matches
        })
}
