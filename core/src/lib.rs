//! What a pose, a face sample, a capture source and a character model *are*.
//!
//! Data flows one way: a [`source::CaptureSource`] publishes [`sample::FaceSample`]s into a latest-value slot; the
//! switchboard decides which source is live and maps its samples to a [`pose::Pose`] by a profile; the performer adds
//! calibration, smoothing, breathing and blinking; a student (in the `bunraku` crate) draws the pose.
//!
//! No GPU, no window and no sockets live here.

pub mod archive;
pub mod blink;
mod bounds;
pub mod breathing;
pub mod calibration;
pub mod channel;
pub mod character;
pub mod color;
pub mod face_state;
pub mod files;
pub mod filter;
pub mod performer;
pub mod picture_file;
pub mod pose;
pub mod poses;
pub mod profile;
pub mod random;
pub mod rotation;
pub mod sample;
pub mod source;
pub mod suggest;
pub mod switchboard;
