//! Face samples, poses, capture sources and character models, and the way from a sample to a pose.
#![doc = include_str!("../README.md")]

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
pub mod mapping;
mod mirror;
pub mod mixer;
pub mod performer;
pub mod picture_file;
pub mod pose;
pub mod poses;
pub mod profile;
pub mod random;
pub mod rotation;
pub mod sample;
mod smoothing;
pub mod source;
pub mod suggest;
mod untrusted;
pub mod yaml;
