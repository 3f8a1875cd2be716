//! Brightness and gamma of pictures, by hand and by themselves.
//!
//! Automatic: the mean luma of the face is measured in every picture. Where it lies outside a wide band, gamma moves
//! slowly until it lies inside again; a face that is lit well is left as it is, to the bit. Without a face the whole
//! picture counts, and only towards brighter: the face may be there and too dark to be found.

use super::super::{Region, frames::RgbFrame};

/// The band of the mean luma, of 1, in which nothing is changed.
const BAND: [f64; 2] = [0.25, 0.75];

/// A picture darker than this is a covered lens, not a dark room.
const COVERED: f64 = 0.02;

/// Seconds in which gamma goes 63 % of its way.
const SLOWNESS: f64 = 2.0;

/// The range of gamma that is found by itself.
const AUTO: [f64; 2] = [0.3, 3.0];

/// A change of gamma by less than this part is not worth another table.
const WORTHWHILE: f64 = 0.02;

/// Pixels between those that are measured, each way.
const STEP: usize = 4;

/// Changes the light of pictures.
pub(super) struct Light {
    brightness: f64,
    gamma: f64,
    /// What is found by itself on top of `gamma`, if it is to be found.
    auto: Option<f64>,
    table: [u8; 256],
    /// The gamma of the table.
    made_for: f64,
    /// Whether the table changes nothing.
    plain: bool,
}

impl Light {
    /// With settings as [`super::MediaPipeSettings`] bounds them.
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

    /// Changes a picture, or leaves it as it is.
    pub(super) fn apply(&self, frame: &mut RgbFrame) {
        if !self.plain {
            for value in &mut frame.data {
                *value = self.table[usize::from(*value)];
            }
        }
    }

    /// Learns from a picture that was changed, `seconds` after the one before, and from where its face is.
    pub(super) fn learn(&mut self, frame: &RgbFrame, face: Option<&Region>, seconds: f64) {
        let Some(auto) = self.auto else { return };
        let Some(luma) = mean_luma(frame, face) else { return };
        let [low, high] = BAND;
        let wanted = if luma < low { low } else { high };
        // Without a face a bright picture may be a bright wall; but what was brightened itself is taken back.
        let may_darken = face.is_some() || auto > 1.0;
        let (too_dark, too_bright) = ((COVERED..low).contains(&luma), luma > high && luma < 1.0 && may_darken);
        if !too_dark && !too_bright {
            return;
        }
        // A mean of `luma` would become `wanted` with an exponent so many times as small.
        let ratio = luma.ln() / wanted.ln();
        let part = 1.0 - (-seconds.clamp(0.0, 1.0) / SLOWNESS).exp();
        let least = if face.is_some() { AUTO[0] } else { AUTO[0].max(auto.min(1.0)) };
        let auto = (auto * ratio.powf(part)).clamp(least, AUTO[1]);
        self.auto = Some(auto);
        let gamma = self.gamma * auto;
        if (gamma / self.made_for - 1.0).abs() > WORTHWHILE {
            self.make_table(gamma);
        }
    }
}

/// Mean luma, 0 to 1, of the face's part of a picture, or of all of it; none of no pixels.
fn mean_luma(frame: &RgbFrame, face: Option<&Region>) -> Option<f64> {
    let (width, height) = (frame.width, frame.height);
    // The tracker's region is half as large again as the face.
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

    /// A picture of one grey with a face of another in its middle.
    fn picture(background: u8, face: u8) -> RgbFrame {
        let mut frame = RgbFrame::default();
        frame.resize(40, 40).fill(background);
        for y in 10..30 {
            frame.data[3 * (40 * y + 10)..3 * (40 * y + 30)].fill(face);
        }
        frame
    }

    const FACE: Region = Region { x: 0.5, y: 0.5, width: 0.75, height: 0.75, rotation: 0.0 };

    /// The face's grey after ten seconds of the same picture.
    fn settled(light: &mut Light, background: u8, face: u8, region: Option<&Region>) -> u8 {
        let mut shown = picture(background, face);
        for _ in 0..300 {
            shown = picture(background, face);
            light.apply(&mut shown);
            light.learn(&shown, region, 1.0 / 30.0);
        }
        shown.data[3 * (40 * 20 + 20)]
    }

    #[test]
    fn a_dark_face_becomes_bright_and_a_pale_one_darker_whatever_is_behind() {
        let dark = settled(&mut Light::new(0.0, 1.0, true), 255, 25, Some(&FACE));
        assert!((58..=70).contains(&dark), "{dark}");
        let pale = settled(&mut Light::new(0.0, 1.0, true), 0, 230, Some(&FACE));
        assert!((185..=205).contains(&pale), "{pale}");
    }

    #[test]
    fn a_well_lit_face_and_a_covered_lens_are_left_alone() {
        for (background, face, region) in [(0, 120, Some(&FACE)), (0, 0, None), (255, 255, None), (200, 200, None)] {
            assert_eq!(settled(&mut Light::new(0.0, 1.0, true), background, face, region), face);
        }
    }

    #[test]
    fn a_dark_room_brightens_until_a_face_can_be_found() {
        assert!(settled(&mut Light::new(0.0, 1.0, true), 12, 12, None) > 55);
        assert_eq!(settled(&mut Light::new(0.0, 1.0, false), 12, 12, None), 12, "switched off");
    }

    #[test]
    fn when_the_lights_go_on_what_was_brightened_is_taken_back_even_without_a_face() {
        let mut light = Light::new(0.0, 1.0, true);
        settled(&mut light, 12, 12, None);
        let bright = settled(&mut light, 200, 200, None);
        assert!((195..=206).contains(&bright), "{bright}");
    }

    #[test]
    fn what_is_set_by_hand_stays() {
        assert_eq!(settled(&mut Light::new(0.2, 1.0, false), 100, 100, Some(&FACE)), 151);
        assert_eq!(settled(&mut Light::new(0.0, 2.0, false), 64, 64, Some(&FACE)), 128);
        assert_eq!(settled(&mut Light::new(1.0, 1.0, false), 3, 3, None), 255);
    }

    #[test]
    fn a_picture_without_pixels_teaches_nothing() {
        let mut light = Light::new(0.0, 1.0, true);
        light.learn(&RgbFrame::default(), None, 0.1);
        light.learn(&RgbFrame { width: 9, height: 9, ..RgbFrame::default() }, Some(&FACE), 0.1);
        assert_eq!(light.auto, Some(1.0));
    }
}
