//! What the commands share on the command line.
#![doc = include_str!("../README.md")]

pub mod examples;
mod exit;
mod help;
mod json;
mod logs;
mod output;
pub mod progress;
mod signals;
mod text_file;

pub use exit::exit_code;
pub use help::{Help, Helped};
pub use json::{print_json, write_json_line};
pub use logs::start_logs;
pub use output::{Stdout, say, stdout};
pub use signals::{on_stop_signal, stop_on_signal};
pub use text_file::{ensure_regular, read_text};
