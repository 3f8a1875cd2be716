//! The letters of plots and sheets: the overlay's own, so that nothing need be installed to draw them.

use plotters::style::{FontStyle, register_font};
use std::sync::Once;

/// The name that the letters are registered under.
pub(crate) const FONT: &str = "sans-serif";

/// Makes the letters known; before anything is written with them.
pub(crate) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT)
            .unwrap_or_else(|_| unreachable!("the font is part of the program"));
    });
}
