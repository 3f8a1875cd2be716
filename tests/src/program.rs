//! Where the programs under test and their material are.

use serde_json::Value;
use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

/// The `bunraku` program, built as these tests were (profile and target directory) and up to date with the sources.
///
/// Cargo is asked for it as `cargo test --workspace` asks: after that, nothing is built, and Cargo only says where it is.
/// Where these tests alone were asked for, it is built now.
///
/// # Panics
/// When it cannot be built: there is then nothing to test.
pub fn bunraku_exe() -> &'static Path {
    static EXE: OnceLock<PathBuf> = OnceLock::new();
    EXE.get_or_init(|| program().unwrap_or_else(|error| panic!("cargo does not run: {error}")))
}

/// Has Cargo bring the program up to date.
///
/// Which features its dependencies have depends on the packages that are asked for at once and on whether their tests
/// are; with others it would be built a second time. So the whole workspace is asked for, with tests, but of these only
/// one that needs the program: Cargo builds the programs that a test of their own package runs.
fn program() -> io::Result<PathBuf> {
    // A test runs as TARGET/PROFILE/deps/NAME-HASH.
    let test = env::current_exe()?;
    let profile_dir = test.ancestors().nth(2).expect("a test lies in PROFILE/deps");
    let target = profile_dir.parent().expect("PROFILE lies in TARGET");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    cargo.args(["test", "--workspace", "--no-run", "--locked", "--test", "record", "--message-format", "json"]);
    cargo.arg("--target-dir").arg(target);
    for (name, _) in env::vars_os().filter(|(name, _)| is_of_a_package(&name.to_string_lossy())) {
        cargo.env_remove(name);
    }
    if profile_dir.ends_with("release") {
        cargo.arg("--release");
    }
    let Output { status, stdout, .. } = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    assert!(status.success(), "bunraku cannot be built: {status}");
    Ok(executable(&String::from_utf8_lossy(&stdout)).expect("cargo says where the program is"))
}

/// Whether Cargo set a variable for the running test alone. Build scripts that ask to be run again when one of them
/// changes, as ring's does, would have half of the dependencies built again.
fn is_of_a_package(name: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|prefix| name.starts_with(prefix))
        || ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "CARGO_TARGET_TMPDIR", "OUT_DIR"].contains(&name)
}

/// The program among the artifacts that Cargo lists, a line of JSON each.
fn executable(artifacts: &str) -> Option<PathBuf> {
    let of_program = |line: &str| {
        let artifact: Value = serde_json::from_str(line).ok()?;
        let (target, profile) = (&artifact["target"], &artifact["profile"]);
        let is_program = target["name"] == "bunraku" && target["kind"][0] == "bin" && profile["test"] == false;
        artifact["executable"].as_str().filter(|_| is_program).map(PathBuf::from)
    };
    artifacts.lines().find_map(of_program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_told_from_the_library_and_the_tests_of_its_name() {
        let line = |kind: &str, test: bool, path: &str| {
            let target = serde_json::json!({"name": "bunraku", "kind": [kind]});
            serde_json::json!({"target": target, "profile": {"test": test}, "executable": path}).to_string()
        };
        let lines = ["no JSON".to_owned(), line("lib", true, "a"), line("bin", true, "b"), line("bin", false, "c")];
        assert_eq!(executable(&lines.join("\n")), Some("c".into()));
        assert_eq!(executable(&lines[..3].join("\n")), None);
    }
}
