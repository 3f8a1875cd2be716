//! Student engines and what is built around them to bring a character to life.

pub mod character;
pub mod config;
pub mod control;
pub mod convert;
pub mod formats;
pub mod settings;
pub mod show;
pub mod stage;
