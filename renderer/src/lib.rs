//! The running puppet: runtime, window, outputs, control service, configuration.
#![doc = include_str!("../README.md")]

pub mod backdrop;
pub mod character;
pub mod config;
pub mod control;
pub mod convert;
pub mod formats;
pub mod outputs;
pub mod runtime;
pub mod settings;
pub mod window;
