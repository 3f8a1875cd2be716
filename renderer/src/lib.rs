#![doc = include_str!("../README.md")]

pub mod character;
pub mod config;
pub mod control;
pub mod convert;
pub mod formats;
pub mod settings;
pub mod show;
pub mod stage;
