//! The regions of a picture that are scored.

use bunraku_core::{
    character::{FACE_COLUMN, FACE_ROW, FACE_SIZE, IMAGE_SIZE},
    color::LEAST_ALPHA,
};

/// The character's pixels: those where either picture's alpha is above 1/512, the least that `bunraku render` shows.
/// Planes are `[4, pixels]` in [-1, 1].
///
/// # Panics
/// If the pictures differ in size.
pub fn character_pixels(truth: &[f32], prediction: &[f32]) -> Vec<bool> {
    assert_eq!(truth.len(), prediction.len(), "both pictures have one size");
    let alpha = |planes: &'_ [f32], index: usize| 0.5 * planes[planes.len() / 4 * 3 + index] + 0.5;
    (0..truth.len() / 4).map(|i| alpha(truth, i).max(alpha(prediction, i)) > LEAST_ALPHA).collect()
}

/// The face window's pixels in a 512 x 512 picture.
pub fn face_window() -> Vec<bool> {
    let inside = |start: usize, at: usize| (start..start + FACE_SIZE).contains(&at);
    (0..IMAGE_SIZE * IMAGE_SIZE)
        .map(|i| inside(FACE_ROW, i / IMAGE_SIZE) && inside(FACE_COLUMN, i % IMAGE_SIZE))
        .collect()
}

/// The pixels of a 512 x 512 picture that a face mask marks. `mask` is the mask's face window, `[128, 128]`, 0 or 1.
///
/// # Panics
/// If the mask has another size.
pub fn mask_pixels(mask: &[f32]) -> Vec<bool> {
    assert_eq!(mask.len(), FACE_SIZE * FACE_SIZE, "a face mask's window is {FACE_SIZE} x {FACE_SIZE}");
    let mut pixels = vec![false; IMAGE_SIZE * IMAGE_SIZE];
    for (index, _) in mask.iter().enumerate().filter(|(_, value)| **value > 0.0) {
        pixels[(FACE_ROW + index / FACE_SIZE) * IMAGE_SIZE + FACE_COLUMN + index % FACE_SIZE] = true;
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_counts_if_either_picture_shows_it() {
        let alpha = |a: f32| [0.0, 0.0, 0.0, 2.0 * a - 1.0];
        for (truth, prediction, seen) in [(0.0, 0.001, false), (0.0, 0.003, true), (0.5, 0.0, true), (0.0, 0.0, false)]
        {
            assert_eq!(character_pixels(&alpha(truth), &alpha(prediction)), [seen], "{truth} {prediction}");
        }
    }

    #[test]
    fn the_mask_lies_in_the_face_window() {
        let mut mask = vec![0.0; FACE_SIZE * FACE_SIZE];
        mask[3 * FACE_SIZE + 5] = 1.0;
        let pixels = mask_pixels(&mask);
        assert_eq!(pixels.iter().position(|marked| *marked), Some((80 + 3) * 512 + 192 + 5));
        assert!(pixels.iter().zip(face_window()).all(|(marked, face)| !marked || face));
        assert_eq!(face_window().iter().filter(|face| **face).count(), 128 * 128);
    }
}
