//! Makes characters: teachers, students in training, and how good they are.
#![doc = include_str!("../README.md")]

pub mod backend;
pub mod bench;
pub mod check;
pub mod checkpoint;
pub mod config;
mod digest;
pub mod eval;
pub mod examples;
pub mod files;
pub mod loss;
pub mod ops;
pub mod parallel;
pub mod perceptual;
mod picture;
pub mod recipe;
pub mod report;
pub mod source_images;
pub mod student;
pub mod teacher;
pub mod trainer;
