//! Writes the seeds that the fuzz targets start from, made from this project's own sample characters, and from the
//! official bundle of the tracking models, if there is one in the reference data.
//! `cargo run --release --features seeds --bin seeds` puts them under `corpus/<target>/`.

use std::{error::Error, fs, path::Path};

use bunraku_core::{
    archive::Archive,
    character::sample::{TINY, Widths, character},
    sample::{Blendshape, FaceSample},
};
use bunraku_distill::checkpoint::{Checkpoint, CheckpointStore, Progress};

/// The least student there can be, so that most of a file is structure.
const LEAST: Widths<'_> = Widths { face: &[1], body: [&[1], &[1], &[1]] };

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    model_reader(&corpus.join("model_reader"))?;
    packet(&corpus.join("packet"))?;
    sample_line(&corpus.join("sample_line"))?;
    snapshot(&corpus)?;
    task_reader(&corpus.join("task_reader"))?;
    videos(&corpus)
}

/// A JPEG picture of 8 x 8 grey pixels: one block of nothing but its mean.
const JPEG: &[&[u8]] = &[
    &[0xff, 0xd8, 0xff, 0xdb, 0, 67, 0],
    &[1; 64],
    &[0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0],
    &[0xff, 0xc4, 0, 20, 0x00, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10],
    &[0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    &[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x60, 0x0f, 0xff, 0xd9],
];

fn videos(corpus: &Path) -> Result<(), Box<dyn Error>> {
    let (jpeg, y4m) = (corpus.join("motion_jpeg"), corpus.join("y4m"));
    fs::create_dir_all(&jpeg)?;
    fs::write(jpeg.join("two"), [JPEG.concat(), JPEG.concat()].concat())?;
    fs::create_dir_all(&y4m)?;
    for colour in ["420jpeg", "422", "444", "mono"] {
        fs::write(y4m.join(colour), format!("YUV4MPEG2 W4 H2 F30:1 C{colour}\nFRAME\n{}", "0".repeat(24)))?;
    }
    Ok(())
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

fn packet(folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for (version, separator) in [("v1", '-'), ("v2", '&')] {
        let fields = Blendshape::ALL.map(|shape| {
            let short = shape.name().replace("Left", "_L").replace("Right", "_R");
            format!("{short}{separator}{}|", shape as usize)
        });
        let bones = "trackingStatus&1|=head#1,-2.5,3,0.1,0,-0.6|rightEye#1,2,3|leftEye#-1,2,1e1|";
        fs::write(folder.join(version), fields.concat() + bones)?;
    }
    Ok(())
}

/// A store keeps its snapshots in a folder that is called as the target is.
fn snapshot(corpus: &Path) -> Result<(), Box<dyn Error>> {
    let model = character(1, LEAST);
    let ingredients = [("picture".to_owned(), "a hash".to_owned())].into();
    let progress = Progress { examples: 8, ..Progress::new(ingredients) };
    CheckpointStore::new(corpus).save(&Checkpoint { progress, tensors: model.face.to_weights().0 })?;
    Ok(())
}

fn sample_line(folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("full"), serde_json::to_vec(&FaceSample::seen_at(1.5).to_update())?)?;
    fs::write(
        folder.join("part"),
        r#"{"time": 2, "blendshapes": {"jawOpen": 0.5}, "head": {"rotation_deg": [1, 2, 3]}}"#,
    )?;
    Ok(())
}

/// The bundle, and what is in it one by one; without the bundle, nothing.
fn task_reader(folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let Some(bundle) = bunraku_test_support::shared("mediapipe/face_landmarker.task") else { return Ok(()) };
    let bundle = fs::read(bundle)?;
    let archive = Archive::open(&bundle)?;
    for name in archive.names() {
        fs::write(folder.join(name), archive.read(name)?)?;
    }
    fs::write(folder.join("face_landmarker.task"), &bundle)?;
    Ok(())
}
