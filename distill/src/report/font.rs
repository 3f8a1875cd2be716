//! The font of plots and contact sheets, embedded so that no font has to be installed.

use plotters::style::{FontStyle, register_font};
use std::sync::Once;

/// The family name that the font is registered under.
pub(crate) const FONT: &str = "sans-serif";

/// The ASCII characters of DejaVu Sans; `font/LICENSE.txt` has its licence.
const DEJAVU_SANS: &[u8] = include_bytes!("font/DejaVuSans-ascii.ttf");

/// Registers the font with plotters. Call it before drawing any text.
pub(crate) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        register_font(FONT, FontStyle::Normal, DEJAVU_SANS)
            .unwrap_or_else(|_| unreachable!("the embedded font is valid"));
    });
}
