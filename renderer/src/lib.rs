//! Student engines and what is built around them to bring a character to life.

pub mod engine;
pub mod settings;
pub mod stage;
