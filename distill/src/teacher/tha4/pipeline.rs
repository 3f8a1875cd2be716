//! Runs the five networks in turn for one picture (`distill/spec/teacher.md`).

use bunraku_core::character::{CharacterImage, IMAGE_SIZE};

use super::{
    body::{Morphed, morph_body, upscale},
    face::{Combined, Decomposed, Eyebrows, FaceMorphed, combine, decompose, morph_face},
    layers::{FeatureMap as _, Layers},
    u_net::UNet,
};

/// The widths of the two U-Nets' time embeddings.
const TIME_WIDTHS: [usize; 2] = [64, 32];

/// All outputs of the full system.
pub struct Outputs<M> {
    /// The finished picture and its parts.
    pub upscaler: Morphed<M>,
    /// The resting picture with the face morphed, `[n, 4, 512, 512]`.
    pub face_morphed_full: M,
    /// The same at half the size.
    pub body_morpher: Morphed<M>,
    /// The outputs for the face.
    pub face: FaceOutputs<M>,
}

impl<M: Clone> Outputs<M> {
    /// All 33, in the original's order.
    pub fn into_all(self) -> Vec<M> {
        let mut all = Vec::from(self.upscaler.into_outputs());
        all.push(self.face_morphed_full);
        all.extend(self.body_morpher.into_outputs());
        all.extend(self.face.face_morpher.into_outputs());
        all.extend(self.face.eyebrow_morphing_combiner.into_outputs());
        all.extend(self.face.eyebrow_decomposer.into_outputs());
        all
    }
}

/// All outputs of the first three networks.
pub struct FaceOutputs<M> {
    /// The morphed face: 192 x 192.
    pub face_morpher: FaceMorphed<M>,
    /// The morphed eyebrows: 128 x 128.
    pub eyebrow_morphing_combiner: Combined<M>,
    /// The separated eyebrows: 128 x 128, the same for every pose.
    pub eyebrow_decomposer: Decomposed<M>,
}

/// The five networks and one picture.
pub(super) struct Pipeline<L: Layers> {
    combiner: L,
    face_morpher: L,
    body_morpher: UNet<L>,
    upscaler: UNet<L>,
    /// `[1, 4, 512, 512]`.
    image: L::Map,
    decomposed: Decomposed<L::Map>,
    eyebrows: Eyebrows<L::Map>,
}

impl<L: Layers> Pipeline<L> {
    /// Computes everything that depends on the picture alone.
    pub(super) fn new(
        [decomposer, combiner, face_morpher, body_morpher, upscaler]: [L; 5],
        image: &CharacterImage,
    ) -> Self {
        let image = combiner.picture(&image.planes, 4, [IMAGE_SIZE; 2]);
        let decomposed = decompose(&decomposer, &image.crop(64..192, 192..320));
        let eyebrows = Eyebrows::new(&combiner, &decomposed.background_layer, &decomposed.eyebrow_layer);
        let [body_width, upscaler_width] = TIME_WIDTHS;
        let (body_morpher, upscaler) = (UNet::new(body_morpher, body_width), UNet::new(upscaler, upscaler_width));
        Self { combiner, face_morpher, body_morpher, upscaler, image, decomposed, eyebrows }
    }

    /// Morphs the face for `n` poses `[n, 45]`.
    pub(super) fn face(&self, poses: &L::Vector, n: usize) -> FaceOutputs<L::Map> {
        let part = |range| self.combiner.part(poses, range);
        let combined = combine(&self.combiner, &self.eyebrows.expand(n), &part(0..12));
        let window = self.image.crop(32..224, 160..352).expand(n);
        let window = window.paste(&combined.eyebrow_image_no_combine_alpha, 32, 32);
        FaceOutputs {
            face_morpher: morph_face(&self.face_morpher, &window, &part(12..39)),
            eyebrow_morphing_combiner: combined,
            eyebrow_decomposer: self.decomposed.clone(),
        }
    }

    /// All outputs for `n` poses `[n, 45]`.
    pub(super) fn run(&self, poses: &L::Vector, n: usize) -> Outputs<L::Map> {
        let face = self.face(poses, n);
        let full = self.image.expand(n).paste(&face.face_morpher.output_image, 32, 160);
        let rotation = self.combiner.part(poses, 39..45);
        let body = morph_body(&self.body_morpher, &full.halve(), &rotation);
        let (coarse, coarse_grid) = (body.merged.enlarge(), body.grid_change.enlarge());
        let upscaler = upscale(&self.upscaler, &full, &coarse, &coarse_grid, &rotation);
        Outputs { upscaler, face_morphed_full: full, body_morpher: body, face }
    }
}
