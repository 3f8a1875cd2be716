//! Where the programs under test and their material are.

use std::{
    env::{self, consts::EXE_SUFFIX},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The `bunraku` program, built as these tests were (profile and target directory) and up to date with the sources.
///
/// Cargo builds no other package's binaries for a test, so that the first call asks it to; it is a no-op when nothing
/// has changed.
///
/// # Panics
/// When it cannot be built: there is then nothing to test.
pub fn bunraku_exe() -> &'static Path {
    static EXE: OnceLock<PathBuf> = OnceLock::new();
    EXE.get_or_init(|| build("bunraku"))
}

/// A file of the material beside the repository, which is not part of it; none, with a printed reason, without it.
pub fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(path);
    let found = path.exists();
    if !found {
        eprintln!("skipped: {} is not here", path.display());
    }
    found.then_some(path)
}

fn build(package: &str) -> PathBuf {
    // A test runs as TARGET/PROFILE/deps/NAME-HASH.
    let test = env::current_exe().expect("a test knows its own path");
    let profile_dir = test.ancestors().nth(2).expect("a test lies in PROFILE/deps");
    let target = profile_dir.parent().expect("PROFILE lies in TARGET");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--quiet", "--package", package, "--bin", package]);
    command.arg("--target-dir").arg(target);
    if profile_dir.ends_with("release") {
        command.arg("--release");
    }
    let built = command.status().expect("cargo is there: it runs the tests");
    assert!(built.success(), "`{package}` cannot be built: {built}");
    profile_dir.join(format!("{package}{EXE_SUFFIX}"))
}
