//! Adjusts the brightness and gamma of frames, by settings and automatically.
//!
//! The automatic adjustment measures the mean luma of the face in every frame. While it is outside a wide band, gamma
//! moves slowly until it is inside again; a well-lit face is not changed at all. Without a face the whole frame is
//! measured and only ever brightened, since a face may be too dark to be found.

use super::super::{Region, frames::RgbFrame};

/// The band of mean luma (0 to 1) in which nothing changes.
const BAND: [f64; 2] = [0.25, 0.75];

/// A frame darker than this comes from a covered lens, not a dark room.
const COVERED: f64 = 0.02;

/// The time constant of the adjustment in seconds: after this time gamma has gone 63 % of the way.
const TIME_CONSTANT: f64 = 2.0;

/// The range of the automatic gamma.
const AUTO: [f64; 2] = [0.3, 3.0];

/// The relative change of gamma below which the table is not rebuilt.
const WORTHWHILE: f64 = 0.02;

/// Every this many-th pixel is measured, in each direction.
const STEP: usize = 4;

/// Changes the brightness and gamma of frames.
pub(super) struct Light {
    brightness: f64,
    gamma: f64,
    /// The automatic factor on top of `gamma`, if enabled.
    auto: Option<f64>,
    table: [u8; 256],
    /// The gamma for which the table was built.
    made_for: f64,
    /// Whether the table changes nothing.
    plain: bool,
}

impl Light {
    /// Values are within the bounds of [`super::MediaPipeSettings`].
    pub(super) fn new(brightness: f64, gamma: f64, auto: bool) -> Self {
        let mut light =
            Self { brightness, gamma, auto: auto.then_some(1.0), table: [0; 256], made_for: 0.0, plain: true };
        light.make_table(gamma);
        light
    }

    fn make_table(&mut self, gamma: f64) {
        for (value, out) in self.table.iter_mut().enumerate() {
            *out =
                (255.0 * ((value as f64 / 255.0).powf(1.0 / gamma) + self.brightness)).round().clamp(0.0, 255.0) as u8;
        }
        self.plain = self.table.iter().enumerate().all(|(value, &out)| value == usize::from(out));
        self.made_for = gamma;
    }

    /// Applies the present settings to a frame.
    pub(super) fn apply(&self, frame: &mut RgbFrame) {
        if !self.plain {
            for value in &mut frame.data {
                *value = self.table[usize::from(*value)];
            }
        }
    }

    /// Adapts to an adjusted frame, `seconds` after the previous one, and to the region of its face.
    pub(super) fn learn(&mut self, frame: &RgbFrame, face: Option<&Region>, seconds: f64) {
        let Some(auto) = self.auto else { return };
        let Some(luma) = mean_luma(frame, face) else { return };
        let [low, high] = BAND;
        let wanted = if luma < low { low } else { high };
        // Without a face, a bright frame may be a bright wall; only an earlier brightening is undone.
        let may_darken = face.is_some() || auto > 1.0;
        let (too_dark, too_bright) = ((COVERED..low).contains(&luma), luma > high && luma < 1.0 && may_darken);
        if !too_dark && !too_bright {
            return;
        }
        // Dividing the exponent by this ratio would take a mean of `luma` to `wanted`.
        let ratio = luma.ln() / wanted.ln();
        let part = 1.0 - (-seconds.clamp(0.0, 1.0) / TIME_CONSTANT).exp();
        let least = if face.is_some() { AUTO[0] } else { AUTO[0].max(auto.min(1.0)) };
        let auto = (auto * ratio.powf(part)).clamp(least, AUTO[1]);
        self.auto = Some(auto);
        let gamma = self.gamma * auto;
        if (gamma / self.made_for - 1.0).abs() > WORTHWHILE {
            self.make_table(gamma);
        }
    }
}

/// The mean luma (0 to 1) of the face's part of a frame, or of the whole frame; `None` without pixels.
fn mean_luma(frame: &RgbFrame, face: Option<&Region>) -> Option<f64> {
    let (width, height) = (frame.width, frame.height);
    // The tracker's region is 1.5 times as large as the face.
    let span = |centre: f64, extent: f64, edge: usize| {
        let at = |fraction: f64| (fraction.clamp(0.0, 1.0) * edge as f64) as usize;
        (at(centre - extent / 3.0), at(centre + extent / 3.0))
    };
    let (columns, rows) = face
        .map_or(((0, width), (0, height)), |face| (span(face.x, face.width, width), span(face.y, face.height, height)));
    let (mut sum, mut count) = (0_u64, 0_u64);
    for y in (rows.0..rows.1).step_by(STEP) {
        let row = frame.data.get(3 * (y * width + columns.0)..3 * (y * width + columns.1))?;
        for &[r, g, b] in row.as_chunks::<3>().0.iter().step_by(STEP) {
            // BT.601, in 1/256.
            sum += 77 * u64::from(r) + 150 * u64::from(g) + 29 * u64::from(b);
            count += 1;
        }
    }
    (count > 0).then(|| sum as f64 / (256.0 * 255.0 * count as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grey frame with a face of another grey in the middle.
    fn frame(background: u8, face: u8) -> RgbFrame {
        let mut frame = RgbFrame::default();
        frame.resize(40, 40).fill(background);
        for y in 10..30 {
            frame.data[3 * (40 * y + 10)..3 * (40 * y + 30)].fill(face);
        }
        frame
    }

    const FACE: Region = Region { x: 0.5, y: 0.5, width: 0.75, height: 0.75, rotation: 0.0 };

    /// The face's grey after ten seconds of the same frame.
    fn settled(light: &mut Light, background: u8, face: u8, region: Option<&Region>) -> u8 {
        let mut shown = frame(background, face);
        for _ in 0..300 {
            shown = frame(background, face);
            light.apply(&mut shown);
            light.learn(&shown, region, 1.0 / 30.0);
        }
        shown.data[3 * (40 * 20 + 20)]
    }

    #[test]
    fn dark_faces_are_brightened_and_pale_ones_darkened_on_any_background() {
        let dark = settled(&mut Light::new(0.0, 1.0, true), 255, 25, Some(&FACE));
        assert!((58..=70).contains(&dark), "{dark}");
        let pale = settled(&mut Light::new(0.0, 1.0, true), 0, 230, Some(&FACE));
        assert!((185..=205).contains(&pale), "{pale}");
    }

    #[test]
    fn a_well_lit_face_and_a_covered_lens_are_not_changed() {
        for (background, face, region) in [(0, 120, Some(&FACE)), (0, 0, None), (255, 255, None), (200, 200, None)] {
            assert_eq!(settled(&mut Light::new(0.0, 1.0, true), background, face, region), face);
        }
    }

    #[test]
    fn a_dark_frame_without_a_face_is_brightened() {
        assert!(settled(&mut Light::new(0.0, 1.0, true), 12, 12, None) > 55);
        assert_eq!(settled(&mut Light::new(0.0, 1.0, false), 12, 12, None), 12, "switched off");
    }

    #[test]
    fn brightening_is_undone_when_the_lights_go_on_even_without_a_face() {
        let mut light = Light::new(0.0, 1.0, true);
        settled(&mut light, 12, 12, None);
        let bright = settled(&mut light, 200, 200, None);
        assert!((195..=206).contains(&bright), "{bright}");
    }

    #[test]
    fn fixed_settings_stay_fixed() {
        assert_eq!(settled(&mut Light::new(0.2, 1.0, false), 100, 100, Some(&FACE)), 151);
        assert_eq!(settled(&mut Light::new(0.0, 2.0, false), 64, 64, Some(&FACE)), 128);
        assert_eq!(settled(&mut Light::new(1.0, 1.0, false), 3, 3, None), 255);
    }

    #[test]
    fn a_frame_without_pixels_changes_nothing() {
        let mut light = Light::new(0.0, 1.0, true);
        light.learn(&RgbFrame::default(), None, 0.1);
        light.learn(&RgbFrame { width: 9, height: 9, ..RgbFrame::default() }, Some(&FACE), 0.1);
        assert_eq!(light.auto, Some(1.0));
    }
}
