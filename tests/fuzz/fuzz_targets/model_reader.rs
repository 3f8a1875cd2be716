//! Everything that reads a character model's files, and the poses of a data set: no bytes may make it panic, hang or take much memory.

#![no_main]

use bunraku_core::character::{BodyMorpher, CharacterImage, FaceMorpher, FileNames, Tensor, Weights};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(weights) = Weights::read(bytes) {
        let _ = FaceMorpher::from_weights(&weights);
        let _ = BodyMorpher::from_weights(&weights);
    }
    let _ = Tensor::read_torch(bytes);
    let _ = FileNames::parse(bytes);
    let _ = CharacterImage::from_png(bytes);
});
