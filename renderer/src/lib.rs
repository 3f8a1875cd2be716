//! Student engines and what is built around them to bring a character to life.

pub mod bench;
pub mod character;
pub mod command_line;
pub mod config;
pub mod control;
pub mod convert;
pub mod engine;
pub mod formats;
pub mod poses;
pub mod settings;
pub mod show;
pub mod stage;
