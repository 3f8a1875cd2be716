//! Helpers of the command's tests: a working folder to run in, and the output.

use bunraku_test_support::shared;
use image::{Rgb, RgbImage, Rgba, RgbaImage};
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};
use tempfile::TempDir;

/// The command, to be run in a folder.
pub(crate) fn distill(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bunraku-distill"));
    command.current_dir(folder);
    command
}

/// Its standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with a `config.yaml` of this text, a picture `a.png`, a mask by this name, and the folder `out`.
pub(crate) fn working_folder(config: &str, mask: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("out")).expect("created");
    let inside = |x: u32, y: u32| x.abs_diff(256) < 50 && y.abs_diff(144) < 30;
    let picture = RgbaImage::from_fn(512, 512, |x, y| Rgba([200, x as u8, y as u8, 255 * u8::from(inside(x, y))]));
    picture.save(at("a.png")).expect("written");
    let marked = RgbImage::from_fn(512, 512, |x, y| Rgb([255 * u8::from(inside(x, y)); 3]));
    marked.save(at(mask)).expect("written");
    fs::write(at("config.yaml"), config).expect("written");
    folder
}

/// A folder laid out as one of the original's configurations expects it, and the configuration's path in it; `None`, with
/// the test skipped, without the reference data.
pub(crate) fn seeds_folder(name: &str) -> Option<(TempDir, String)> {
    let seeds = shared("tha4")?;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let config = format!("distill_examples/{name}/config.yaml");
    fs::create_dir_all(data.join("distill_examples").join(name)).expect("created");
    fs::create_dir_all(data.join("images")).expect("created");
    fs::copy(seeds.join(&config), data.join(&config)).expect("copied");
    for picture in [format!("images/{name}.png"), format!("images/{name}_face_mask.png")] {
        fs::copy(seeds.join(&picture), data.join(&picture)).expect("copied");
    }
    Some((folder, format!("data/{config}")))
}
