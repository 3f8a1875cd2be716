//! The names of a configuration's fields and their defaults.

/// All fields: the original's in the order of `distill/spec/distiller.md`, then ours.
pub const FIELDS: [&str; 17] = [
    PREFIX,
    CHARACTER_IMAGE,
    FACE_MASK,
    FACE.seeds[0],
    FACE.seeds[1],
    FACE.sample_interval,
    FACE.batch_size,
    BODY.seeds[0],
    BODY.seeds[1],
    BODY.sample_interval,
    BODY.batch_size,
    NUM_CPU_WORKERS,
    NUM_GPUS,
    RECIPE,
    TEACHER,
    POSE_DATASET,
    BACKEND,
];

/// The fields of one network's training.
#[derive(Clone, Copy)]
pub(super) struct TrainingFields {
    pub(super) seeds: [&'static str; 2],
    pub(super) sample_interval: &'static str,
    pub(super) batch_size: &'static str,
}

pub(super) const FACE: TrainingFields = TrainingFields {
    seeds: ["face_morpher_random_seed_0", "face_morpher_random_seed_1"],
    sample_interval: "face_morpher_num_training_examples_per_sample_output",
    batch_size: "face_morpher_batch_size",
};

pub(super) const BODY: TrainingFields = TrainingFields {
    seeds: ["body_morpher_random_seed_0", "body_morpher_random_seed_1"],
    sample_interval: "body_morpher_num_training_examples_per_sample_output",
    batch_size: "body_morpher_batch_size",
};

pub(crate) const PREFIX: &str = "prefix";
pub(crate) const CHARACTER_IMAGE: &str = "character_image_file_name";
pub(crate) const FACE_MASK: &str = "face_mask_image_file_name";
pub(super) const NUM_CPU_WORKERS: &str = "num_cpu_workers";
pub(crate) const NUM_GPUS: &str = "num_gpus";
pub(crate) const RECIPE: &str = "recipe";
pub(crate) const TEACHER: &str = "teacher";
pub(crate) const POSE_DATASET: &str = "pose_dataset";
pub(super) const BACKEND: &str = "backend";

/// The default teacher: the folder where the original keeps THA4's weights.
pub const DEFAULT_TEACHER: &str = "data/tha4";
/// Where the original keeps its poses.
pub(super) const DEFAULT_POSE_DATASET: &str = "data/pose_dataset.pt";

/// The possible numbers of examples between two sample outputs; `null` writes none.
pub(super) const SAMPLE_OUTPUT_INTERVALS: [u64; 3] = [10_000, 100_000, 1_000_000];

/// The default seeds.
pub(super) const FACE_SEEDS: [u64; 2] = [12_771_885_812_175_595_441, 14_367_217_090_963_479_175];
pub(super) const BODY_SEEDS: [u64; 2] = [2_892_221_210_020_292_507, 9_998_918_537_095_922_080];
