//! Where the programs under test and their material are.

use std::{
    env::{self, consts::EXE_SUFFIX},
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

/// Whether no source in the list that Cargo leaves beside a program, nor the locked versions, changed after it was
/// built.
fn is_up_to_date(program: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let (Some(built), Ok(list)) = (changed(program), std::fs::read_to_string(program.with_extension("d"))) else {
        return false;
    };
    let before = |path: &Path| changed(path).is_some_and(|changed: SystemTime| changed <= built);
    sources(&list).iter().all(|source| before(Path::new(source))) && before(&lock)
}

/// The sources in `PROGRAM: SOURCE SOURCE…`, where a blank in a path has a backslash before it.
fn sources(list: &str) -> Vec<String> {
    let sources = list.lines().next().and_then(|line| line.split_once(": ")).map_or("", |(_, sources)| sources);
    let paths = sources.replace("\\ ", "\0");
    paths.split_whitespace().map(|path| path.replace('\0', " ")).collect()
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

    #[test]
    fn blanks_in_paths_are_understood() {
        assert_eq!(sources("/t/bunraku: /my\\ own/a.rs /b.rs\n"), ["/my own/a.rs", "/b.rs"]);
    }

    #[test]
    fn a_program_older_than_its_sources_is_not_up_to_date() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (program, source) = (folder.path().join("program"), folder.path().join("a.rs"));
        assert!(!is_up_to_date(&program));
        std::fs::write(&source, "").expect("written");
        std::fs::write(&program, "").expect("written");
        std::fs::write(program.with_extension("d"), format!("{}: {}\n", program.display(), source.display()))
            .expect("written");
        assert!(is_up_to_date(&program));
        let later = SystemTime::now() + std::time::Duration::from_secs(60);
        std::fs::File::open(&source).and_then(|file| file.set_modified(later)).expect("a later time");
        assert!(!is_up_to_date(&program));
    }
}
