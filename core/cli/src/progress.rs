//! Progress of long work, shown on standard error where that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of `steps` steps, headed by what is being done, such as `drawing`.
pub fn bar(steps: usize, doing: &'static str) -> ProgressBar {
    ProgressBar::new(steps as u64).with_style(style("{msg} {wide_bar} {pos}/{len}")).with_message(doing)
}

/// A style by indicatif's template, or its default if the template is wrong.
pub fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
