//! Writes the seeds that the fuzz targets start from, made from this project's own sample characters:
//! `cargo run --bin seeds` puts them under `corpus/<target>/`.

use std::{error::Error, fs, path::Path};

use bunraku_core::character::sample::{TINY, Widths, character};

/// The least student there can be, so that most of a file is structure.
const LEAST: Widths<'_> = Widths { face: &[1], body: [&[1], &[1], &[1]] };

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    model_reader(&corpus.join("model_reader"))
}

fn model_reader(folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for (size, widths) in [("least", LEAST), ("tiny", TINY)] {
        let model = character(1, widths);
        for (part, weights) in [("face", model.face.to_weights()), ("body", model.body.to_weights())] {
            fs::write(folder.join(format!("{size}-{part}.pt")), weights.to_torch()?)?;
            fs::write(folder.join(format!("{size}-{part}.safetensors")), weights.to_safetensors()?)?;
        }
        fs::write(folder.join("picture.png"), model.image.to_png()?)?;
    }
    let yaml = "character_image_file_name: a.png\nface_morpher_file_name: b.pt\nbody_morpher_file_name: c.pt\n";
    fs::write(folder.join("settings.yaml"), yaml)?;
    Ok(())
}
