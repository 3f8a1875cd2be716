//! What is evaluated: students, their picture and mask, and their teacher.

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

/// What is evaluated.
pub(super) struct Subject {
    pub(super) students: Students,
    pub(super) image: CharacterImage,
    /// The mask of eyes and mouth, as [`face_mask`] returns it.
    pub(super) mask: Option<Vec<f32>>,
    pub(super) teacher: PathBuf,
    pub(super) backend: Accelerator,
}

impl Subject {
    /// A configuration's newest students, or a character's, with the command line's overrides.
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
    let character = character.help("pass a distiller's config.yaml or a character model's folder")?;
    let students = Students::of_character(&character, path);
    let image = character.image;
    let Some(config) = config_of(path)? else {
        let (teacher, backend) = (DEFAULT_TEACHER.into(), Accelerator::default());
        return Ok(Subject { students, image, mask, teacher, backend });
    };
    // A character may have been passed on without its mask: warn and go on.
    let mask = mask.or_else(|| match SourceImages::mask(&config) {
        Ok(mask) => Some(mask),
        Err(error) => {
            say(format_args!("warning: {error}; without the mask there are no scores for eyes and mouth"));
            None
        }
    });
    Ok(Subject { students, image, mask, teacher: config.teacher, backend: config.backend })
}

/// The configuration for the character model at `path`, a folder or its YAML file.
fn config_of(path: &Path) -> anyhow::Result<Option<DistillerConfig>> {
    let path = fs::canonicalize(path).with_context(|| format!("cannot find {}", path.display()))?;
    for folder in path.ancestors().skip(usize::from(path.is_file())).take(2) {
        if let Some(config) = read_config(&folder.join(CONFIG))? {
            return Ok(Some(config));
        }
    }
    Ok(None)
}

/// The distiller's configuration in this file, if it is one and not a character model's YAML. Its paths are resolved.
fn read_config(path: &Path) -> anyhow::Result<Option<DistillerConfig>> {
    if !path.is_file() {
        return Ok(None);
    }
    match DistillerConfig::parse(&text(path)?) {
        Ok(config) => Ok(Some(found_from(config, path))),
        Err(invalid) if !invalid.is_meant() => Ok(None),
        Err(invalid) => {
            Err(invalid).with_context(|| path.display().to_string()).help("`bunraku-distill check` lists all problems")
        }
    }
}

/// The configuration in `file` with its paths resolved. They are relative to the working folder; a path that does not
/// exist there is looked up in the configuration's folder and those above, where training was probably started.
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
    let image =
        image.help("`bunraku-distill check` lists all problems; its paths are relative to the working folder")?;
    let mask = mask.map_or_else(|| SourceImages::mask(config), Ok).help("pass the face mask as --mask")?;
    let students = match Students::of_training(&config.prefix) {
        Err(StudentsError::None { .. }) if RunDirectory::new(&config.prefix).character().is_dir() => {
            let folder = RunDirectory::new(&config.prefix).character();
            Students::of_character(&CharacterModel::load(&folder)?, &folder)
        }
        students => students.help("train the students first, with `bunraku-distill train`")?,
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
    fn paths_that_the_working_folder_lacks_are_looked_up_around_the_configuration() {
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
