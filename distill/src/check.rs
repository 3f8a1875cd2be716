//! Finds everything that would keep a distillation from training, before it starts.

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

/// The help for problems with layered art.
const ART: &str = "distill/src/teacher/rig/README.md explains how to layer art";

/// The result of a check.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The configuration that was checked.
    pub config: PathBuf,
    /// Whether training can start: no finding is an error.
    pub ok: bool,
    /// Whether all of the teacher's networks are missing: training still runs, on made-up weights, but learns no
    /// character.
    pub teacher_made_up: bool,
    /// All errors and warnings.
    pub findings: Vec<Finding>,
}

/// Values that override the configuration's.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The recipe.
    pub recipe: Option<PathBuf>,
    /// The backend.
    pub backend: Option<Accelerator>,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its severity.
    pub severity: Severity,
    /// The file or folder with the problem, as the configuration names it.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: String,
    /// What to do.
    pub help: String,
}

/// The severity of a finding.
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

/// Checks the configuration in the file `config` with `overrides`, and the files it names, relative to the working
/// folder `folder`.
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

/// Opens devices and does nothing with them.
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
        text.map_err(|why| self.error(config, why, "pass the path of a distiller's config.yaml")).ok()
    }

    /// Whether the requested devices are there.
    fn devices(&mut self, config: &Path, backend: Accelerator, wished: u64) {
        let wished = usize::try_from(wished).unwrap_or(usize::MAX);
        match backend.resolve() {
            Ok(Accelerator::Cpu) if wished > CPU_DEVICES => {
                let what = format!("asks for {wished} devices, but the CPU has at most {CPU_DEVICES}");
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
            let what = format!("no such folder ({PREFIX})");
            self.error(prefix, what, "create it, or run the command from the folder the path is relative to");
        } else if !full.is_dir() {
            self.error(prefix, format!("is not a folder ({PREFIX})"), "name a folder for the training's output");
        }
    }

    fn png(&mut self, path: &Path, field: &str, flaws: fn(&[u8]) -> Vec<Flaw>) {
        if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
            self.error(path, format!("its name does not end in .png ({field})"), "name a PNG picture");
        }
        match read(&self.folder.join(path), PICTURE_LIMIT) {
            Err(error) => {
                let what = format!("{} ({field})", reason(&error));
                self.error(
                    path,
                    what,
                    "name a PNG picture, or run the command from the folder the path is relative to",
                );
            }
            Ok(bytes) => {
                for flaw in flaws(&bytes) {
                    let severity = if flaw.is_fatal() { Severity::Error } else { Severity::Warning };
                    self.add(severity, path, &flaw, flaw.help());
                }
            }
        }
    }

    /// What training needs besides the pictures. Teacher and poses may be missing: there are defaults.
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
                let help = format!("put a tensor of poses [N, 45] there, or train on random poses ({POSE_DATASET})");
                self.add(Severity::Warning, path, "the pose dataset is missing", help);
            }
            Err(error) => {
                let help = "save a tensor [N, 45] with torch.save, or remove the file to train on random poses";
                self.error(path, format!("{error} ({POSE_DATASET})"), help);
            }
        }
    }

    /// Without any of the five files formula weights stand in; with only some of them training is impossible.
    fn weights(&mut self, folder: &Path) {
        let help = format!("put the THA4 teacher's networks there before training ({TEACHER})");
        let all = Module::ALL.map(|module| folder.join(format!("{}.pt", module.name())));
        let (there, absent): (Vec<_>, Vec<_>) = all.into_iter().partition(|path| self.folder.join(path).exists());
        self.teacher_made_up = there.is_empty();
        let severity = if self.teacher_made_up { Severity::Warning } else { Severity::Error };
        for path in &absent {
            self.add(severity, path, "the teacher's weights are missing", &*help);
        }
        for WeightsProblem { path, fault } in tha4::examine(&self.folder.join(folder)) {
            let path = folder.join(path.file_name().unwrap_or_default());
            self.error(&path, fault, format!("use the file that THA4 publishes under this name ({TEACHER})"));
        }
    }

    fn art(&mut self, path: &Path, paths: &ConfigPaths) {
        match Rig::open(&self.folder.join(path)) {
            Ok(rig) => self.portrait(path, &rig, paths),
            Err(error) => error.faults.into_iter().for_each(|fault| self.error(path, fault, ART)),
        }
    }

    /// The pictures drawn from the art if the configuration names no files.
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
            self.add(severity, path, format!("{what} drawn from it {flaw}"), ART);
        }
    }

    fn recipe(&mut self, path: &Path) {
        match recipe::open(path, self.folder) {
            Ok(recipe) => recipe.perceptual.iter().for_each(|term| self.perceptual(&term.weights)),
            Err(error) => {
                let help = format!("name the recipe {REFERENCE} or {FAST}, or a recipe file ({RECIPE})");
                self.error(path, error, help);
            }
        }
    }

    /// The weights of the perceptual loss that the recipe asks for.
    fn perceptual(&mut self, path: &Path) {
        let network = PerceptualLoss::<Cpu>::load(&self.folder.join(path), &FlexDevice);
        for wrong in network.err().into_iter().flat_map(|error| error.wrong) {
            let help =
                "set the recipe's `perceptual.weights` to torchvision's vgg16 weights, or leave `perceptual` out";
            self.error(path, wrong, help);
        }
    }
}
