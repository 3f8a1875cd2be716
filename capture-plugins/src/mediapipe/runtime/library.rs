//! Finding ONNX Runtime's library on this machine.

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

/// The environment variable with the path of the library, which takes precedence.
pub(super) const PATH_VARIABLE: &str = "ORT_DYLIB_PATH";

/// Folders in which packages and users install libraries, which the system may not search.
const FOLDERS: [&str; 6] =
    ["/usr/local/lib", "/usr/lib", "/usr/lib64", "/opt/onnxruntime/lib", "/opt/homebrew/lib", "/usr/lib/onnxruntime"];

/// A possible location of the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// A file, or a bare name for the system to look up.
    pub(super) path: PathBuf,
    /// Whether the user named it, so that its absence is an error.
    pub(super) named: bool,
}

/// All locations in the order in which to try them, without files that do not exist.
pub(super) fn candidates() -> Vec<Candidate> {
    let beside = std::env::current_exe().ok().and_then(|program| program.parent().map(Path::to_owned));
    candidates_with(beside.as_deref(), |variable| std::env::var_os(variable).filter(|value| !value.is_empty()))
}

fn candidates_with(beside: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Vec<Candidate> {
    let named = variable(PATH_VARIABLE).map(|path| Candidate { path: path.into(), named: true });
    let environments = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(variable).map(PathBuf::from);
    let found = beside
        .into_iter()
        .flat_map(in_folder)
        .chain(FOLDERS.into_iter().map(Path::new).flat_map(in_folder))
        .chain([PathBuf::from(library_name())])
        .chain(environments.flat_map(|environment| in_python(&environment)));
    named.into_iter().chain(found.map(|path| Candidate { path, named: false })).collect()
}

fn library_name() -> String {
    format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}")
}

/// The libraries in a folder, newest version first, such as `libonnxruntime.so`, `libonnxruntime.so.1.31.1` and
/// `libonnxruntime.1.31.1.dylib`.
fn in_folder(folder: &Path) -> Vec<PathBuf> {
    let plain = library_name();
    let stem = plain.strip_suffix(DLL_SUFFIX).unwrap_or(&plain).to_owned();
    let is_library = |name: &str| {
        let version = name.strip_prefix(&stem).unwrap_or("x").replacen(DLL_SUFFIX, "", 1);
        name.contains(DLL_SUFFIX) && version.chars().all(|c| c == '.' || c.is_ascii_digit())
    };
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut names: Vec<String> =
        names.filter_map(|name| name.into_string().ok()).filter(|name| is_library(name)).collect();
    names.sort_by_key(|name| std::cmp::Reverse(version_of(name)));
    names.into_iter().map(|name| folder.join(name)).collect()
}

/// The libraries in the `onnxruntime` package of a Python environment.
fn in_python(environment: &Path) -> Vec<PathBuf> {
    let versions = fs::read_dir(environment.join("lib")).into_iter().flatten().flatten().map(|entry| entry.path());
    let versions =
        versions.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("py")));
    let packages = versions.map(|version| version.join("site-packages"));
    let windows = environment.join("Lib").join("site-packages");
    packages.chain([windows]).flat_map(|packages| in_folder(&packages.join("onnxruntime").join("capi"))).collect()
}

/// The version in a library's name as numbers; empty if there is none.
pub(super) fn version_of(name: &str) -> Vec<u64> {
    let version = name.replacen(DLL_SUFFIX, "", 1);
    version.split('.').filter_map(|part| part.parse().ok()).collect()
}

#[cfg(all(test, unix, not(target_os = "macos")))]
mod tests {
    use super::*;

    fn touch(folder: &Path, name: &str) -> PathBuf {
        fs::create_dir_all(folder).expect("a folder");
        fs::write(folder.join(name), "no library").expect("written");
        folder.join(name)
    }

    #[test]
    fn a_named_library_comes_first_then_the_programs_folder_and_python_last() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let beside = touch(&root.path().join("bin"), "libonnxruntime.so");
        let older = touch(&root.path().join("bin"), "libonnxruntime.so.1.9.0");
        let newer = touch(&root.path().join("bin"), "libonnxruntime.so.1.20.1");
        touch(&root.path().join("bin"), "libonnxruntime_providers_shared.so");
        let capi = root.path().join("env/lib/python3.12/site-packages/onnxruntime/capi");
        let python = touch(&capi, "libonnxruntime.so.1.31.1");
        let variable = |name: &str| match name {
            PATH_VARIABLE => Some("/nowhere/lib.so".into()),
            "VIRTUAL_ENV" => Some(root.path().join("env").into_os_string()),
            _ => None,
        };
        let found = candidates_with(Some(&root.path().join("bin")), variable);
        assert_eq!(found[0], Candidate { path: "/nowhere/lib.so".into(), named: true });
        let paths: Vec<&PathBuf> = found[1..].iter().map(|candidate| &candidate.path).collect();
        assert_eq!(paths[..3], [&newer, &older, &beside]);
        assert_eq!(paths.last(), Some(&&python));
        assert!(found[1..].iter().all(|candidate| !candidate.named));
    }

    #[test]
    fn without_any_library_only_the_system_search_is_left() {
        let bare: Vec<Candidate> = candidates_with(None, |_| None)
            .into_iter()
            .filter(|candidate| !FOLDERS.iter().any(|folder| candidate.path.starts_with(folder)))
            .collect();
        assert_eq!(bare, [Candidate { path: "libonnxruntime.so".into(), named: false }]);
    }
}
