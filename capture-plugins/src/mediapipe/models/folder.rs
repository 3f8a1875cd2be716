//! The folder of the tracking models, among the user's data.

use super::ModelsError;
use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The folder of the tracking models, which need not exist: `$XDG_DATA_HOME/bunraku/models` if that is set, on any
/// system; otherwise under `%APPDATA%`, `~/Library/Application Support` or `~/.local/share`.
///
/// # Errors
/// [`ModelsError::NoFolder`]
pub fn folder() -> Result<PathBuf, ModelsError> {
    // The XDG base directory specification requires relative paths to be ignored.
    let set = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data =
        set("XDG_DATA_HOME").or_else(|| own(env::consts::OS, env::var_os("APPDATA"), env::home_dir().as_deref()));
    data.map(|data| data.join("bunraku").join("models")).ok_or(ModelsError::NoFolder)
}

/// The system's folder for user data.
fn own(system: &str, app_data: Option<OsString>, home: Option<&Path>) -> Option<PathBuf> {
    let home = home.filter(|home| home.is_absolute());
    match system {
        "windows" => app_data.map(PathBuf::from),
        "macos" => home.map(|home| home.join("Library/Application Support")),
        _ => home.map(|home| home.join(".local/share")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_has_its_own_folder() {
        // An absolute path on any system.
        let home = env::temp_dir();
        assert_eq!(own("linux", None, Some(&home)), Some(home.join(".local/share")));
        assert_eq!(own("macos", None, Some(&home)), Some(home.join("Library/Application Support")));
        assert_eq!(own("windows", Some("C:/x".into()), Some(&home)), Some(PathBuf::from("C:/x")));
        assert_eq!(own("windows", None, Some(&home)), None);
        assert_eq!(own("linux", None, Some(Path::new("relative"))), None);
    }
}
