//! Files dropped on the window.

use std::path::{Path, PathBuf};

/// The character model at a dropped path, or what to drop instead.
pub(super) fn character(path: &Path) -> Result<PathBuf, String> {
    const WHAT_TO_DROP: &str = "drop a character's folder, or its character_model.yaml";
    let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    if is_yaml || path.join("character_model.yaml").is_file() {
        return Ok(path.to_owned());
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    if path.is_dir() {
        return Err(format!("{name} has no character_model.yaml in it; {WHAT_TO_DROP}"));
    }
    Err(format!("{name} is not a character; {WHAT_TO_DROP}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_character_folder_and_its_yaml_are_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let yaml = folder.path().join("character_model.yaml");
        fs::write(&yaml, "").expect("written");
        assert_eq!(character(folder.path()), Ok(folder.path().to_owned()));
        assert_eq!(character(&yaml), Ok(yaml));
    }

    #[test]
    fn anything_else_is_answered_with_what_to_drop() {
        let folder = tempfile::tempdir().expect("a folder");
        let picture = folder.path().join("holiday.png");
        fs::write(&picture, "").expect("written");
        let told = character(&picture).expect_err("no character");
        assert!(told.contains("holiday.png") && told.contains("character_model.yaml"), "{told}");
        let told = character(folder.path()).expect_err("an empty folder");
        assert!(told.contains("no character_model.yaml"), "{told}");
    }
}
