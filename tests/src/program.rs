//! Where the programs under test and their material are.

use std::{
    env::{self, consts::EXE_SUFFIX},
    io,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::SystemTime,
};

/// The `bunraku` program, built as these tests were (profile and target directory) and up to date with the sources.
///
/// `cargo test --workspace` has built it already. Where these tests alone were asked for, Cargo builds no other
/// package's programs, and the first call asks it to.
///
/// # Panics
/// When it cannot be built: there is then nothing to test.
pub fn bunraku_exe() -> &'static Path {
    static EXE: OnceLock<PathBuf> = OnceLock::new();
    EXE.get_or_init(|| program("bunraku"))
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

fn program(package: &str) -> PathBuf {
    // A test runs as TARGET/PROFILE/deps/NAME-HASH.
    let test = env::current_exe().expect("a test knows its own path");
    let profile_dir = test.ancestors().nth(2).expect("a test lies in PROFILE/deps");
    let program = profile_dir.join(format!("{package}{EXE_SUFFIX}"));
    if !is_up_to_date(&program) {
        build(package, profile_dir);
    }
    program
}

/// What the program is made of, in the workspace.
const SOURCES: [&str; 8] = [
    "Cargo.toml",
    "Cargo.lock",
    "core/Cargo.toml",
    "core/src",
    "capture-plugins/Cargo.toml",
    "capture-plugins/src",
    "renderer/Cargo.toml",
    "renderer/src",
];

/// Whether the program is there and nothing it is made of changed later.
fn is_up_to_date(program: &Path) -> bool {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    changed(program).is_ok_and(|built| SOURCES.iter().all(|source| is_older(&workspace.join(source), built)))
}

fn changed(path: &Path) -> io::Result<SystemTime> {
    path.metadata()?.modified()
}

/// Whether a file, or all files in a folder and the folders in it, are older than `built`.
fn is_older(path: &Path, built: SystemTime) -> bool {
    let Ok(entries) = path.read_dir() else { return changed(path).is_ok_and(|changed| changed <= built) };
    entries.into_iter().all(|entry| entry.is_ok_and(|entry| is_older(&entry.path(), built)))
}

fn build(package: &str, profile_dir: &Path) {
    let target = profile_dir.parent().expect("PROFILE lies in TARGET");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--locked", "--package", package, "--bin", package]);
    command.arg("--target-dir").arg(target);
    if profile_dir.ends_with("release") {
        command.arg("--release");
    }
    let built = command.status().expect("cargo is there: it runs the tests");
    assert!(built.success(), "`{package}` cannot be built: {built}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_program_older_than_any_source_is_not_up_to_date() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let now = SystemTime::now();
        std::fs::create_dir(folder.path().join("deep")).expect("made");
        std::fs::write(folder.path().join("deep/a.rs"), "").expect("written");
        assert!(is_older(folder.path(), now + Duration::from_mins(1)));
        assert!(!is_older(folder.path(), now - Duration::from_mins(1)));
        assert!(!is_older(&folder.path().join("absent"), now + Duration::from_mins(1)));
        assert!(!is_up_to_date(&folder.path().join("bunraku")));
    }
}
