//! All that would keep a distillation from training, found before it starts.

use crate::{
    backend::{Accelerator, CPU_DEVICES, Cpu, TrainingBackend, Work},
    config::{
        CHARACTER_IMAGE, ConfigPaths, DistillerConfig, FACE_MASK, NUM_GPUS, POSE_DATASET, PREFIX, RECIPE, TEACHER,
    },
    examples::PoseDataset,
    files::{CONFIG_LIMIT, PICTURE_LIMIT, read, reason},
    perceptual::PerceptualLoss,
    picture::{self, Flaw},
    recipe::{self, FAST, REFERENCE},
    teacher::{
        is_layered_art,
        rig::{Portrait, Rig},
        tha4::{self, Module, WeightsProblem},
    },
};
use burn_flex::FlexDevice;
use serde::Serialize;
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// What to do about layered art.
const ART: &str = "distill/src/teacher/rig/README.md says how art is layered";

/// What a check has found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The configuration that was checked.
    pub config: PathBuf,
    /// Whether training can start as far as the configuration goes: no finding is an error.
    pub ok: bool,
    /// Whether none of the teacher's networks is there: training can be tried with numbers in their place, but what is
    /// learnt is no character.
    pub teacher_made_up: bool,
    /// Everything found, errors and warnings.
    pub findings: Vec<Finding>,
}

/// What counts in place of what the configuration says.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The recipe.
    pub recipe: Option<PathBuf>,
    /// On what it is trained.
    pub backend: Option<Accelerator>,
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file or folder at fault, as the configuration names it.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: String,
    /// What to do.
    pub help: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Training is impossible.
    Error,
    /// Worth knowing.
    Warning,
}

impl fmt::Display for Finding {
    /// `error: path: what` and a `help:` line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: {}: {}\nhelp: {}", self.path.display(), self.what, self.help)
    }
}

/// Checks the configuration in the file `config`, and the files it names, relative to `folder`, the working folder; with
/// what counts `instead`.
pub fn check(config: &Path, folder: &Path, overrides: &Overrides) -> Report {
    let mut findings = Findings { folder, teacher_made_up: false, list: Vec::new() };
    if let Some(text) = findings.text(config) {
        let mut paths = match DistillerConfig::parse(&text) {
            Ok(parsed) => {
                findings.devices(config, overrides.backend.unwrap_or(parsed.backend), parsed.num_gpus);
                parsed.paths()
            }
            Err(invalid) => {
                for error in invalid.errors {
                    findings.error(config, &error, error.help());
                }
                *invalid.paths
            }
        };
        paths.recipe = overrides.recipe.clone().or(paths.recipe);
        findings.files(&paths);
        findings.training(&paths);
    }
    let ok = findings.list.iter().all(|finding| finding.severity != Severity::Error);
    Report { config: config.to_owned(), ok, teacher_made_up: findings.teacher_made_up, findings: findings.list }
}

/// Asks for devices, and does nothing with them.
struct DeviceProbe;

impl Work for DeviceProbe {
    type Output = ();

    fn run<B: TrainingBackend>(self, _devices: Vec<B::Device>) {}
}

struct Findings<'a> {
    folder: &'a Path,
    teacher_made_up: bool,
    list: Vec<Finding>,
}

impl Findings<'_> {
    fn add(&mut self, severity: Severity, path: &Path, what: impl fmt::Display, help: impl Into<String>) {
        let what = what.to_string();
        self.list.push(Finding { severity, path: path.to_owned(), what, help: help.into() });
    }

    fn error(&mut self, path: &Path, what: impl fmt::Display, help: impl Into<String>) {
        self.add(Severity::Error, path, what, help);
    }

    /// The configuration's text.
    fn text(&mut self, config: &Path) -> Option<String> {
        let text = read(config, CONFIG_LIMIT).map_err(|error| reason(&error));
        let text = text.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned()));
        text.map_err(|why| self.error(config, why, "give the path of a distiller's config.yaml")).ok()
    }

    /// What it is to be trained on, of which there may be less than is wished.
    fn devices(&mut self, config: &Path, backend: Accelerator, wished: u64) {
        let wished = usize::try_from(wished).unwrap_or(usize::MAX);
        match backend.resolve() {
            Ok(Accelerator::Cpu) if wished > CPU_DEVICES => {
                let what = format!("asks for {wished} devices, but on the CPU there are at most {CPU_DEVICES}");
                self.add(Severity::Warning, config, what, format!("set `{NUM_GPUS}` to {CPU_DEVICES} or less"));
            }
            Ok(Accelerator::Cpu) => {}
            found => {
                if let Err(error) = found.and_then(|found| found.run(wished, DeviceProbe)) {
                    self.error(config, error, "`backend: cpu`, or `train --backend cpu`, works everywhere");
                }
            }
        }
    }

    fn files(&mut self, paths: &ConfigPaths) {
        if let Some(prefix) = &paths.prefix {
            self.output_folder(prefix);
        }
        if let Some(path) = &paths.character_image {
            self.png(path, CHARACTER_IMAGE, picture::character_flaws);
        }
        if let Some(path) = &paths.face_mask {
            self.png(path, FACE_MASK, picture::mask_flaws);
        }
    }

    fn output_folder(&mut self, prefix: &Path) {
        let full = self.folder.join(prefix);
        if !full.exists() {
            let what = format!("there is no such folder ({PREFIX})");
            self.error(prefix, what, "create it, or run from the folder that the path is relative to");
        } else if !full.is_dir() {
            self.error(prefix, format!("is not a folder ({PREFIX})"), "name a folder for what the training writes");
        }
    }

    fn png(&mut self, path: &Path, field: &str, flaws: fn(&[u8]) -> Vec<Flaw>) {
        if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
            self.error(path, format!("the name does not end in .png ({field})"), "give a PNG picture");
        }
        match read(&self.folder.join(path), PICTURE_LIMIT) {
            Err(error) => {
                let what = format!("{} ({field})", reason(&error));
                self.error(path, what, "name a PNG picture, or run from the folder that the path is relative to");
            }
            Ok(bytes) => {
                for flaw in flaws(&bytes) {
                    let severity = if flaw.is_fatal() { Severity::Error } else { Severity::Warning };
                    self.add(severity, path, &flaw, flaw.help());
                }
            }
        }
    }

    /// What training needs beside the pictures. Teacher and poses may well come later, and there is a way without.
    fn training(&mut self, paths: &ConfigPaths) {
        match &paths.teacher {
            Some(art) if is_layered_art(art) => self.art(art, paths),
            Some(folder) => self.weights(folder),
            None => {}
        }
        if let Some(path) = &paths.pose_dataset {
            self.poses(path);
        }
        if let Some(path) = &paths.recipe {
            self.recipe(path);
        }
    }

    fn poses(&mut self, path: &Path) {
        match PoseDataset::open(&self.folder.join(path)) {
            Ok(Some(_)) => {}
            Ok(None) => {
                let help = format!("put a tensor of poses [N, 45] there, or have poses drawn ({POSE_DATASET})");
                self.add(Severity::Warning, path, "the pose dataset is absent", help);
            }
            Err(error) => {
                let help = "save a tensor [N, 45] with torch.save, or take the file away to have poses drawn";
                self.error(path, format!("{error} ({POSE_DATASET})"), help);
            }
        }
    }

    /// Without any of the five files the formula stands in; with some of them nothing does.
    fn weights(&mut self, folder: &Path) {
        let help = format!("put the THA4 teacher's networks there before training ({TEACHER})");
        let all = Module::ALL.map(|module| folder.join(format!("{}.pt", module.name())));
        let (there, absent): (Vec<_>, Vec<_>) = all.into_iter().partition(|path| self.folder.join(path).exists());
        self.teacher_made_up = there.is_empty();
        let severity = if self.teacher_made_up { Severity::Warning } else { Severity::Error };
        for path in &absent {
            self.add(severity, path, "these weights of the teacher are absent", &*help);
        }
        for WeightsProblem { path, fault } in tha4::examine(&self.folder.join(folder)) {
            let path = folder.join(path.file_name().unwrap_or_default());
            self.error(&path, fault, format!("take the file that THA4 publishes under this name ({TEACHER})"));
        }
    }

    fn art(&mut self, path: &Path, paths: &ConfigPaths) {
        match Rig::open(&self.folder.join(path)) {
            Ok(rig) => self.portrait(path, &rig, paths),
            Err(error) => error.faults.into_iter().for_each(|fault| self.error(path, fault, ART)),
        }
    }

    /// What is drawn from the art where no file is given.
    fn portrait(&mut self, path: &Path, rig: &Rig, paths: &ConfigPaths) {
        let Portrait { picture, mask } = match rig.portrait() {
            Ok(portrait) => portrait,
            Err(error) => return self.error(path, error, ART),
        };
        let picture = paths.character_image.is_none().then(|| picture::character_flaws(&picture));
        let mask = paths.face_mask.is_none().then(|| picture::mask_flaws(&mask));
        for (what, flaw) in picture
            .into_iter()
            .flatten()
            .map(|flaw| ("the resting picture", flaw))
            .chain(mask.into_iter().flatten().map(|flaw| ("the face mask", flaw)))
        {
            let severity = if flaw.is_fatal() { Severity::Error } else { Severity::Warning };
            self.add(severity, path, format!("{what} that it draws {flaw}"), ART);
        }
    }

    fn recipe(&mut self, path: &Path) {
        match recipe::open(path, self.folder) {
            Ok(recipe) => recipe.perceptual.iter().for_each(|term| self.perceptual(&term.weights)),
            Err(error) => {
                let help = format!("name one of the recipes {REFERENCE} and {FAST}, or a recipe's file ({RECIPE})");
                self.error(path, error, help);
            }
        }
    }

    /// The network of a loss that the recipe asks for, without which nothing can be trained.
    fn perceptual(&mut self, path: &Path) {
        let network = PerceptualLoss::<Cpu>::load(&self.folder.join(path), &FlexDevice);
        for wrong in network.err().into_iter().flat_map(|error| error.wrong) {
            let help =
                "give torchvision's vgg16 weights as the recipe's `perceptual.weights`, or leave `perceptual` out";
            self.error(path, wrong, help);
        }
    }
}
