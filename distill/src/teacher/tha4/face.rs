//! The three networks that move the face (`distill/spec/teacher.md`).

use super::{
    encoder_decoder::{decode, encode},
    layers::{FeatureMap as _, Layers},
};

/// The eyebrow decomposer's output.
#[derive(Clone)]
pub struct Decomposed<M> {
    /// The eyebrows and their surroundings.
    pub eyebrow_layer: M,
    /// The opacity of the picture in it, `[n, 1, 128, 128]`.
    pub eyebrow_layer_alpha: M,
    /// The colours elsewhere.
    pub eyebrow_layer_color_change: M,
    /// The face without eyebrows.
    pub background_layer: M,
    /// The opacity of the painted colours, `[n, 1, 128, 128]`.
    pub background_layer_alpha: M,
    /// The painted colours.
    pub background_layer_color_change: M,
}

impl<M> Decomposed<M> {
    /// All outputs, in the original's order.
    pub fn into_outputs(self) -> [M; 6] {
        [
            self.eyebrow_layer,
            self.eyebrow_layer_alpha,
            self.eyebrow_layer_color_change,
            self.background_layer,
            self.background_layer_alpha,
            self.background_layer_color_change,
        ]
    }
}

/// Decomposes the eyebrow window, `[n, 4, 128, 128]`.
pub(super) fn decompose<L: Layers>(layers: &L, image: &L::Map) -> Decomposed<L::Map> {
    let features = decode(layers, "body.", &encode(layers, "body.", image), None);
    let keys = [
        "background_layer_alpha.0",
        "eyebrow_layer_alpha.0",
        "background_layer_color_change.0",
        "eyebrow_layer_color_change.0",
    ];
    let heads = layers.convs(&keys, &features);
    let alphas = heads.channels(0..2).sigmoid();
    let (background_layer_alpha, eyebrow_layer_alpha) = (alphas.channels(0..1), alphas.channels(1..2));
    let colours = heads.channels(2..10).tanh();
    let (background_layer_color_change, eyebrow_layer_color_change) = (colours.channels(0..4), colours.channels(4..8));
    // The background paints over the picture; the eyebrow layer keeps the picture where its alpha is 1.
    Decomposed {
        eyebrow_layer: eyebrow_layer_alpha.blend(image, &eyebrow_layer_color_change),
        eyebrow_layer_alpha,
        eyebrow_layer_color_change,
        background_layer: background_layer_alpha.blend(&background_layer_color_change, image),
        background_layer_alpha,
        background_layer_color_change,
    }
}

/// The eyebrow morphing combiner's output.
pub struct Combined<M> {
    /// The eyebrows over the background by `combine_alpha`.
    pub eyebrow_image: M,
    /// A learnt alpha, `[n, 1, 128, 128]`.
    pub combine_alpha: M,
    /// The eyebrows over the background by their own alpha: what the pipeline uses.
    pub eyebrow_image_no_combine_alpha: M,
    /// The eyebrows, warped and painted.
    pub morphed_eyebrow_layer: M,
    /// The opacity of the painted colours.
    pub morphed_eyebrow_layer_alpha: M,
    /// The painted colours.
    pub morphed_eyebrow_layer_color_change: M,
    /// The eyebrows, warped.
    pub warped_eyebrow_layer: M,
    /// The grid change, `[n, 2, 128, 128]`.
    pub morphed_eyebrow_layer_grid_change: M,
}

impl<M> Combined<M> {
    /// All outputs, in the original's order.
    pub fn into_outputs(self) -> [M; 8] {
        [
            self.eyebrow_image,
            self.combine_alpha,
            self.eyebrow_image_no_combine_alpha,
            self.morphed_eyebrow_layer,
            self.morphed_eyebrow_layer_alpha,
            self.morphed_eyebrow_layer_color_change,
            self.warped_eyebrow_layer,
            self.morphed_eyebrow_layer_grid_change,
        ]
    }
}

/// The combiner's inputs that depend on the picture alone.
pub(super) struct Eyebrows<M> {
    background: M,
    eyebrow: M,
    features: M,
}

impl<M: super::layers::FeatureMap> Eyebrows<M> {
    /// From the decomposer's two layers, `[n, 4, 128, 128]`.
    pub(super) fn new<L: Layers<Map = M>>(combiner: &L, background: &M, eyebrow: &M) -> Self {
        let features = encode(combiner, "body.", &background.concat(eyebrow));
        Self { background: background.clone(), eyebrow: eyebrow.clone(), features }
    }

    /// As batch `n`.
    pub(super) fn expand(&self, n: usize) -> Self {
        let Self { background, eyebrow, features } = self;
        Self { background: background.expand(n), eyebrow: eyebrow.expand(n), features: features.expand(n) }
    }
}

/// Moves the eyebrows; `pose` has the 12 eyebrow parameters.
pub(super) fn combine<L: Layers>(layers: &L, eyebrows: &Eyebrows<L::Map>, pose: &L::Vector) -> Combined<L::Map> {
    let Eyebrows { background, eyebrow, features } = eyebrows;
    let features = decode(layers, "body.", features, Some(pose));
    let keys = [
        "morphed_eyebrow_layer_grid_change",
        "morphed_eyebrow_layer_alpha.0",
        "combine_alpha.0",
        "morphed_eyebrow_layer_color_change.0",
    ];
    let heads = layers.convs(&keys, &features);
    let morphed_eyebrow_layer_grid_change = heads.channels(0..2);
    let alphas = heads.channels(2..4).sigmoid();
    let (morphed_eyebrow_layer_alpha, combine_alpha) = (alphas.channels(0..1), alphas.channels(1..2));
    let morphed_eyebrow_layer_color_change = heads.channels(4..8).tanh();
    let warped_eyebrow_layer = eyebrow.warp(&morphed_eyebrow_layer_grid_change);
    let morphed = morphed_eyebrow_layer_alpha.blend(&morphed_eyebrow_layer_color_change, &warped_eyebrow_layer);
    // Colours are blended; the background's alpha stays.
    let over = |alpha: &L::Map| {
        alpha.blend(&morphed.channels(0..3), &background.channels(0..3)).concat(&background.channels(3..4))
    };
    Combined {
        eyebrow_image: over(&combine_alpha),
        combine_alpha,
        eyebrow_image_no_combine_alpha: over(&morphed.channels(3..4).to_unit()),
        morphed_eyebrow_layer: morphed,
        morphed_eyebrow_layer_alpha,
        morphed_eyebrow_layer_color_change,
        warped_eyebrow_layer,
        morphed_eyebrow_layer_grid_change,
    }
}

/// The face morpher's output.
pub struct FaceMorphed<M> {
    /// The face, `[n, 4, 192, 192]`.
    pub output_image: M,
    /// The opacity of the eyes' colours.
    pub eye_alpha: M,
    /// The eyes' colours.
    pub eye_color_change: M,
    /// The face before the eyes are painted.
    pub iris_mouth_image_1: M,
    /// The opacity of the colours of irises and mouth.
    pub iris_mouth_alpha: M,
    /// The colours of irises and mouth.
    pub iris_mouth_color_change: M,
    /// The face with irises and mouth warped, before painting.
    pub iris_mouth_image_0: M,
    /// The grid change, `[n, 2, 192, 192]`.
    pub iris_mouth_grid_change: M,
}

impl<M> FaceMorphed<M> {
    /// All outputs, in the original's order.
    pub fn into_outputs(self) -> [M; 8] {
        [
            self.output_image,
            self.eye_alpha,
            self.eye_color_change,
            self.iris_mouth_image_1,
            self.iris_mouth_alpha,
            self.iris_mouth_color_change,
            self.iris_mouth_image_0,
            self.iris_mouth_grid_change,
        ]
    }
}

/// Moves eyes and mouth of the face window, `[n, 4, 192, 192]`; `pose` has the 27 parameters of the face.
pub(super) fn morph_face<L: Layers>(layers: &L, image: &L::Map, pose: &L::Vector) -> FaceMorphed<L::Map> {
    let features = decode(layers, "", &encode(layers, "", image), Some(pose));
    let keys = [
        "iris_mouth_grid_change",
        "iris_mouth_alpha.0",
        "eye_alpha.0",
        "iris_mouth_color_change.0",
        "eye_color_change.0",
    ];
    let heads = layers.convs(&keys, &features);
    let iris_mouth_grid_change = heads.channels(0..2);
    let alphas = heads.channels(2..4).sigmoid();
    let (iris_mouth_alpha, eye_alpha) = (alphas.channels(0..1), alphas.channels(1..2));
    let colours = heads.channels(4..12).tanh();
    let (iris_mouth_color_change, eye_color_change) = (colours.channels(0..4), colours.channels(4..8));
    let iris_mouth_image_0 = image.warp(&iris_mouth_grid_change);
    let iris_mouth_image_1 = iris_mouth_alpha.blend(&iris_mouth_color_change, &iris_mouth_image_0);
    FaceMorphed {
        output_image: eye_alpha.blend(&eye_color_change, &iris_mouth_image_1),
        eye_alpha,
        eye_color_change,
        iris_mouth_image_1,
        iris_mouth_alpha,
        iris_mouth_color_change,
        iris_mouth_image_0,
        iris_mouth_grid_change,
    }
}
