//! The running puppet: its runtime, window, outputs, control service and configuration.

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
