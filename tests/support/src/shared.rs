//! The folder of reference data beside the repository, which is not part of it.

use crate::{Means, missing};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// A file or folder of the reference data, by its path inside `BUNRAKU_SHARED`; `None`, with the test skipped, if it is
/// not there.
///
/// # Panics
/// If it is missing and `BUNRAKU_REQUIRE` lists `shared`.
pub fn shared(path: impl AsRef<Path>) -> Option<PathBuf> {
    let path = root().join(path);
    if path.exists() { Some(path) } else { missing(Means::Shared, format_args!("no {}", path.display())) }
}

/// The files directly in a folder of the reference data whose name `accepts`, sorted by name; at least one.
///
/// # Panics
/// If none is accepted, since a test over nothing proves nothing; and as [`shared`] does.
pub fn shared_files(folder: impl AsRef<Path>, accepts: impl Fn(&str) -> bool) -> Option<Vec<PathBuf>> {
    shared(folder).map(|folder| files(&folder, accepts))
}

fn root() -> PathBuf {
    env::var_os("BUNRAKU_SHARED").map_or_else(beside_the_repository, PathBuf::from)
}

fn beside_the_repository() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // Plain where it can be, for messages; `..` where the folder is not there.
    let shared = repository.join("../shared");
    fs::canonicalize(&shared).unwrap_or(shared)
}

fn files(folder: &Path, accepts: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a folder that can be listed").path());
    let accepted = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(&accepts);
    let mut paths: Vec<_> = paths.filter(accepted).collect();
    assert!(!paths.is_empty(), "{}: no file of the kind that this test compares", folder.display());
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

    #[test]
    fn files_are_sorted_and_filtered_by_name() {
        let found = files(Path::new(SOURCES), |name| name != "lib.rs");
        assert_eq!(found, ["means.rs", "shared.rs"].map(|name| Path::new(SOURCES).join(name)));
    }

    #[test]
    #[should_panic(expected = "no file of the kind")]
    fn a_test_without_files_to_compare_fails() {
        files(Path::new(SOURCES), |name| name.starts_with("golden"));
    }
}
