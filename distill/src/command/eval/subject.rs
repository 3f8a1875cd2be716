//! Who is judged, and by which teacher.

use super::Args;
use crate::command::{
    help::{Help as _, say},
    report::text,
};
use anyhow::Context as _;
use bunraku_core::character::{CharacterImage, CharacterModel};
use bunraku_distill::{
    backend::Accelerator,
    config::{DEFAULT_TEACHER, DistillerConfig},
    eval::{Students, StudentsError},
    examples::face_mask,
    files::{PICTURE_LIMIT, read},
    source_images::SourceImages,
    trainer::{CONFIG, RunDirectory},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Who is judged.
pub(super) struct Subject {
    pub(super) students: Students,
    pub(super) image: CharacterImage,
    /// Where eyes and mouth are, as [`face_mask`] gives it.
    pub(super) mask: Option<Vec<f32>>,
    pub(super) teacher: PathBuf,
    pub(super) backend: Accelerator,
}

impl Subject {
    /// A configuration's newest students, or a character's; with what the command line says overrides.
    pub(super) fn of(args: &Args) -> anyhow::Result<Self> {
        let mask = args.mask.as_deref().map(read_mask).transpose()?;
        let found = match read_config(&args.path)? {
            Some(config) => in_training(&config, mask)?,
            None => finished(&args.path, mask)?,
        };
        let teacher = args.teacher.clone().unwrap_or(found.teacher);
        Ok(Self { teacher, backend: args.backend.unwrap_or(found.backend), ..found })
    }
}

/// A character model, with the teacher, mask and backend of the configuration beside it or in the folder above.
fn finished(path: &Path, mask: Option<Vec<f32>>) -> anyhow::Result<Subject> {
    let character = CharacterModel::load(path);
    let character = character.help("give a distiller's config.yaml or a character model's folder")?;
    let students = Students::of_character(&character, path);
    let image = character.image;
    let Some(config) = config_of(path)? else {
        let (teacher, backend) = (DEFAULT_TEACHER.into(), Accelerator::default());
        return Ok(Subject { students, image, mask, teacher, backend });
    };
    // A character that was given away is judged without its mask, too, but not silently.
    let mask = mask.or_else(|| match SourceImages::mask(&config) {
        Ok(mask) => Some(mask),
        Err(error) => {
            say(format_args!("warning: {error}; without it eyes and mouth have no scores of their own"));
            None
        }
    });
    Ok(Subject { students, image, mask, teacher: config.teacher, backend: config.backend })
}

/// The configuration of the character model at `path`, a folder or its settings.
fn config_of(path: &Path) -> anyhow::Result<Option<DistillerConfig>> {
    let path = fs::canonicalize(path).with_context(|| format!("cannot find {}", path.display()))?;
    for folder in path.ancestors().skip(usize::from(path.is_file())).take(2) {
        if let Some(config) = read_config(&folder.join(CONFIG))? {
            return Ok(Some(config));
        }
    }
    Ok(None)
}

/// The distiller's configuration in this file, if it is one and not a character model's settings. Its paths are those
/// that files were found at.
fn read_config(path: &Path) -> anyhow::Result<Option<DistillerConfig>> {
    if !path.is_file() {
        return Ok(None);
    }
    match DistillerConfig::parse(&text(path)?) {
        Ok(config) => Ok(Some(found_from(config, path))),
        Err(invalid) if !invalid.is_meant() => Ok(None),
        Err(invalid) => {
            Err(invalid).with_context(|| path.display().to_string()).help("`bunraku-distill check` says more")
        }
    }
}

/// The configuration in the file `config` with paths that lead from the working folder to what is there. They are meant
/// from the working folder; where there is nothing, from the configuration's folder or one above, for training was started
/// in one of these most likely.
fn found_from(config: DistillerConfig, file: &Path) -> DistillerConfig {
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let found = |path: PathBuf| {
        let mut places = file.ancestors().skip(1).map(|folder| folder.join(&path));
        if path.exists() { path } else { places.find(|place| place.exists()).unwrap_or(path) }
    };
    DistillerConfig {
        prefix: found(config.prefix),
        teacher: found(config.teacher),
        character_image: config.character_image.map(found),
        face_mask: config.face_mask.map(found),
        ..config
    }
}

fn in_training(config: &DistillerConfig, mask: Option<Vec<f32>>) -> anyhow::Result<Subject> {
    let image = SourceImages::image(config);
    let image = image.help("`bunraku-distill check` says more; its paths are relative to the working folder")?;
    let mask = mask.map_or_else(|| SourceImages::mask(config), Ok).help("name the face mask with --mask")?;
    let students = match Students::of_training(&config.prefix) {
        Err(StudentsError::None { .. }) if RunDirectory::new(&config.prefix).character().is_dir() => {
            let folder = RunDirectory::new(&config.prefix).character();
            Students::of_character(&CharacterModel::load(&folder)?, &folder)
        }
        students => students.help("`bunraku-distill train` makes the students")?,
    };
    Ok(Subject { students, image, mask: Some(mask), teacher: config.teacher.clone(), backend: config.backend })
}

fn read_mask(path: &Path) -> anyhow::Result<Vec<f32>> {
    let bytes = read(path, PICTURE_LIMIT).with_context(|| format!("cannot read the face mask {}", path.display()))?;
    face_mask(&bytes).with_context(|| format!("cannot read the face mask {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_working_folder_lacks_is_looked_for_around_the_configuration() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = root.path().join("data/robot");
        fs::create_dir_all(&folder).expect("made");
        for name in ["data/robot/config.yaml", "data/robot/art.svg", "data/robot/mask.png"] {
            fs::write(root.path().join(name), "prefix: nowhere\nteacher: data/robot/art.svg\n").expect("written");
        }
        let file = folder.join(CONFIG);
        let text = "prefix: nowhere\nteacher: data/robot/art.svg\nface_mask_image_file_name: mask.png\n";
        let config = found_from(DistillerConfig::parse(text).expect("complete"), &file);
        let folder = fs::canonicalize(folder).expect("there");
        assert_eq!((config.teacher, config.face_mask), (folder.join("art.svg"), Some(folder.join("mask.png"))));
        assert_eq!((config.prefix, config.character_image), (PathBuf::from("nowhere"), None));
    }
}
