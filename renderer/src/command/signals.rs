//! A clean stop on Ctrl-C and SIGTERM.

pub(crate) use bunraku_cli::stop_on_signal;
