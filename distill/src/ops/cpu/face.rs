//! The face's two terms at a tile's positions, and their gradient (`distill/spec/distiller.md`).

use super::{body::sign, entry::Place, head::Head};

/// Channels of the face.
const COLORS: usize = 4;

/// The face's targets for `n` poses: planes of the block's window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FacePictures<'a> {
    /// `[n, 4, height, width]`.
    pub(crate) face: &'a [f32],
    /// `[height, width]`.
    pub(crate) mask: &'a [f32],
}

/// Sums a band's terms and leaves their gradient in the exit.
#[derive(Clone, Debug)]
pub(super) struct FaceHead<'a> {
    pub(super) pictures: FacePictures<'a>,
    /// The factor of an absolute difference in each term: the term's weight divided by the number of differences.
    pub(super) factors: [f32; 2],
    /// Sums of the weighted terms: full, and inside the mask.
    pub(super) terms: [f64; 2],
}

impl Head for FaceHead<'_> {
    fn position(&mut self, example: usize, place: Place, index: usize, exit: &mut [f32]) {
        let FacePictures { face, mask } = self.pictures;
        let (area, pixel) = (place.window.len(), place.row * place.window.width + place.column + index);
        let [full, eye_mouth] = self.factors;
        let eye_mouth = eye_mouth * mask[pixel].abs();
        for (channel, value) in exit.iter_mut().enumerate() {
            let difference = *value - face[(example * COLORS + channel) * area + pixel];
            self.terms[0] += f64::from(difference.abs() * full);
            self.terms[1] += f64::from(difference.abs() * eye_mouth);
            *value = sign(difference) * (full + eye_mouth);
        }
    }
}
