//! The overlay's panel: figures, sources, notices, keys.

use super::{
    Overlay,
    figures::{SourceLine, Tone},
    mirror::Mirror,
};
use crate::window::keys;
use egui::{Align2, Area, Color32, CornerRadius, Frame, Grid, Id, Margin, Order, Rect, RichText, Ui};

const INK: Color32 = Color32::from_rgb(235, 235, 240);
const FAINT: Color32 = Color32::from_rgb(170, 172, 182);
const WARNING: Color32 = Color32::from_rgb(255, 196, 110);
const ALIVE: Color32 = Color32::from_rgb(140, 230, 160);

/// Distance of the panel from the window's corner, and the widest it becomes, in points.
const GAP: f32 = 8.0;
const WIDEST: f32 = 420.0;

/// What came of laying the panel out.
pub(super) struct Shown {
    /// Where the panel is, in points.
    pub(super) place: Rect,
    /// The source whose line was clicked.
    pub(super) chosen: Option<usize>,
}

/// Lays the panel out.
pub(super) fn show(context: &egui::Context, overlay: &Overlay, mirror: &Mirror) -> Shown {
    let widest = (context.content_rect().width() - 4.0 * GAP).min(WIDEST);
    let area =
        Area::new(Id::new("panel")).order(Order::Foreground).anchor(Align2::LEFT_BOTTOM, [GAP, -GAP]).fade_in(false);
    let shown = area.show(context, |ui| {
        ui.set_max_width(widest);
        frame().show(ui, |ui| contents(ui, overlay, mirror)).inner
    });
    Shown { place: shown.response.rect, chosen: shown.inner }
}

fn frame() -> Frame {
    Frame {
        fill: Color32::from_rgba_premultiplied(14, 14, 18, 205),
        corner_radius: CornerRadius::same(6),
        inner_margin: Margin::same(8),
        ..Frame::NONE
    }
}

fn contents(ui: &mut Ui, overlay: &Overlay, mirror: &Mirror) -> Option<usize> {
    mirror.show(ui);
    let figures = &overlay.figures;
    ui.label(RichText::new(&figures.rates).color(INK).strong());
    ui.label(RichText::new(&figures.character).color(FAINT));
    let mut chosen = None;
    for (index, source) in figures.sources.iter().enumerate() {
        if source_line(ui, source) {
            chosen = Some(index);
        }
    }
    for (_, notice) in &overlay.notices {
        ui.label(RichText::new(notice).color(WARNING));
    }
    if overlay.help {
        key_help(ui);
    } else {
        ui.label(RichText::new("?  keys      H  hide this").color(FAINT));
    }
    chosen
}

/// One source; true if it was clicked.
fn source_line(ui: &mut Ui, source: &SourceLine) -> bool {
    let color = match source.tone {
        Tone::Trouble => WARNING,
        Tone::Live => ALIVE,
        Tone::Quiet => FAINT,
    };
    let text = RichText::new(&source.text).color(color);
    ui.add(egui::Label::new(text).sense(egui::Sense::click()).selectable(false)).clicked()
}

fn key_help(ui: &mut Ui) {
    Grid::new("keys").num_columns(2).spacing([12.0, 2.0]).show(ui, |ui| {
        for (key, what) in keys::HELP {
            ui.label(RichText::new(key).color(INK).strong());
            ui.label(RichText::new(what).color(FAINT));
            ui.end_row();
        }
    });
}
