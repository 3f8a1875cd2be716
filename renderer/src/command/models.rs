//! `bunraku models`: installs and lists the tracking models that a webcam needs.

use super::help::{Help as _, Helped, stdout};
use anyhow::Context as _;
use bunraku_capture::mediapipe::models::{
    DownloadError, DownloadHooks, FileState, InstalledFile, Inventory, ModelsError, OFFICIAL_ADDRESS, folder,
    install_file, install_url, inventory,
};
use bunraku_cli::{progress, stop_on_signal};
use clap::Subcommand;
use indicatif::ProgressBar;
use std::{
    fmt::{self, Display},
    io::{ErrorKind, Write as _},
    path::Path,
    process::ExitCode,
};

/// Shown under `--help`.
const EXAMPLE: &str = "\
Examples:
  bunraku models install
  bunraku models install Downloads/face_landmarker.task
  bunraku models list";

/// Install or list the tracking models that a webcam needs
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Download the official bundle or read FILE, check it, and install it in your data folder
    ///
    /// An interrupted download resumes where it stopped.
    #[command(after_help = EXAMPLE)]
    Install {
        /// A file, or a URL that begins with http:// or https://
        #[arg(value_name = "FILE|URL", default_value = OFFICIAL_ADDRESS)]
        from: String,
    },
    /// List the installed files, their folder, and whether they are intact
    #[command(after_help = EXAMPLE)]
    List {
        /// Print one line of JSON, for programs
        #[arg(long)]
        json: bool,
    },
}

/// Installs or lists the models.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let folder = folder().help("set XDG_DATA_HOME to a writable folder")?;
    let text = match &args.action {
        Action::Install { from } => {
            install(from, &folder)?;
            format!("{}\nThe webcam is ready to use.\n", Listing(&inventory(&folder)))
        }
        Action::List { json: true } => format!("{}\n", serde_json::json!(inventory(&folder))),
        Action::List { json: false } => Listing(&inventory(&folder)).to_string(),
    };
    stdout().write_all(text.as_bytes()).context("cannot print the models")?;
    Ok(ExitCode::SUCCESS)
}

fn install(from: &str, folder: &Path) -> anyhow::Result<()> {
    let installed = if is_address(from) {
        let stop = stop_on_signal()?;
        let bar = progress_bar();
        let mut progress = |bytes: u64, total: Option<u64>| {
            bar.update(|state| {
                state.set_pos(bytes);
                state.set_len(total.unwrap_or(bytes));
            });
        };
        let installed = install_url(from, folder, DownloadHooks { progress: &mut progress, stop: &stop });
        bar.finish_and_clear();
        installed
    } else {
        install_file(Path::new(from), folder)
    };
    installed.map_err(|error| {
        let help = way_out(&error);
        Helped::new(error, help).into()
    })
}

fn is_address(from: &str) -> bool {
    let scheme = from.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|scheme| scheme == "http" || scheme == "https")
}

fn progress_bar() -> ProgressBar {
    ProgressBar::new(0).with_style(progress::style("{bar:30} {bytes} of {total_bytes}, {eta} left"))
}

/// What to do if the models cannot be installed.
fn way_out(error: &ModelsError) -> String {
    match error {
        ModelsError::Read { source, .. } if source.kind() == ErrorKind::NotFound => {
            "check the path, or run `bunraku models install` without one to download the bundle".to_owned()
        }
        ModelsError::Write { .. } | ModelsError::Download(DownloadError::Write { .. }) => {
            "free 20 MB, or set XDG_DATA_HOME to a writable folder".to_owned()
        }
        ModelsError::Hash { .. } => format!("download it again from {OFFICIAL_ADDRESS}"),
        ModelsError::Download(
            DownloadError::Stopped { .. } | DownloadError::Broken { .. } | DownloadError::Busy { .. },
        ) => "run the same command again".to_owned(),
        ModelsError::Download(_) => format!(
            "check your connection; or download {OFFICIAL_ADDRESS} elsewhere and run `bunraku models install FILE`"
        ),
        _ => String::new(),
    }
}

/// An inventory as text.
struct Listing<'a>(&'a Inventory);

impl Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inventory { folder, usable, source, files } = self.0;
        match source {
            Some(source) => writeln!(f, "tracking models in {}, from {source}", folder.display())?,
            None => writeln!(f, "no tracking models are installed in {}", folder.display())?,
        }
        if source.is_some() || files.iter().any(|file| file.state != FileState::Missing) {
            files.iter().try_for_each(|file| line(f, file))?;
        }
        if *usable { Ok(()) } else { writeln!(f, "what to do: bunraku models install") }
    }
}

fn line(f: &mut fmt::Formatter<'_>, file: &InstalledFile) -> fmt::Result {
    let state = match file.state {
        FileState::Whole => "whole",
        FileState::Damaged => "damaged",
        FileState::Missing => "missing",
    };
    let bytes = file.bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
    writeln!(f, "  {state:8} {:28} {bytes:>8}  {}", file.name, file.sha256.as_deref().unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_files_are_told_apart() {
        assert!(is_address(OFFICIAL_ADDRESS) && is_address("HTTP://127.0.0.1:1/x"));
        for file in ["face_landmarker.task", "C:\\x.task", "C:/x.task", "ftp://x", "/x"] {
            assert!(!is_address(file), "{file}");
        }
    }

    #[test]
    fn a_listing_gives_the_state_of_each_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let shown = |folder: &Path| Listing(&inventory(folder)).to_string();
        let none = shown(folder.path());
        assert!(none.starts_with("no tracking models are installed in "), "{none}");
        assert!(none.ends_with("what to do: bunraku models install\n") && !none.contains("onnx"), "{none}");
        std::fs::write(folder.path().join("face_detector.onnx"), "?").expect("written");
        let odd = shown(folder.path());
        assert!(
            odd.contains("damaged  face_detector.onnx") && odd.contains("missing  face_geometry.binarypb"),
            "{odd}"
        );
    }
}
