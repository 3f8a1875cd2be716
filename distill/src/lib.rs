//! From one picture to a student: what the `bunraku-distill` command is made of.
//!
//! A distillation is described by a [`config::DistillerConfig`], the `config.yaml` of the THA4 distiller. [`check`]
//! says all that would keep it from training: what is wrong with the configuration, the picture and the face mask.
//! A [`teacher::Teacher`] shows poses, the student learns them.

pub mod check;
pub mod config;
mod picture;
pub mod teacher;
