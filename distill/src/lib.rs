//! From one picture to a student: what the `bunraku-distill` command is made of.
//!
//! A distillation is described by a [`config::DistillerConfig`], the `config.yaml` of the THA4 distiller. [`check`]
//! says all that would keep it from training: what is wrong with the configuration, the picture and the face mask, which
//! are a character's [`likeness`].
//! A [`teacher::Teacher`] shows poses ([`examples`]), the student learns them as a [`recipe`] says; [`snapshot`]s keep where
//! it is; a [`report`] and an [`eval`]uation say how well it went.

pub mod backend;
pub mod bench;
pub mod check;
pub mod config;
mod digest;
pub mod eval;
pub mod examples;
pub mod files;
pub mod likeness;
pub mod loss;
pub mod ops;
pub mod parallel;
pub mod perceptual;
mod picture;
pub mod recipe;
pub mod report;
pub mod snapshot;
pub mod student;
pub mod teacher;
pub mod trainer;
