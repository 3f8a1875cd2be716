//! The camera's picture with the points of the face, mirrored.

use bunraku_capture::{Preview, PreviewPicture};
use egui::{Color32, ColorImage, Context, Pos2, Rect, RichText, Sense, TextureHandle, TextureOptions, Ui, pos2, vec2};

const POINT: Color32 = Color32::from_rgb(140, 230, 160);
const FAINT: Color32 = Color32::from_rgb(170, 172, 182);

/// Radius of a point, in points of the screen.
const RADIUS: f32 = 0.75;

/// The camera's picture as egui draws it.
#[derive(Default)]
pub(super) struct Mirror {
    /// None while nothing was seen; then there is nothing but a word to show.
    texture: Option<TextureHandle>,
    edition: u64,
    points: Vec<Pos2>,
    wanted: bool,
}

impl Mirror {
    /// Takes the newest picture of `preview`; without one, drops the last picture.
    pub(super) fn take(&mut self, context: &Context, preview: Option<&Preview>) {
        let Some(preview) = preview else {
            *self = Self::default();
            return;
        };
        self.wanted = true;
        let edition = preview.edition();
        if self.edition != edition {
            self.edition = edition;
            preview.look(|picture| self.copy(context, picture));
        }
    }

    fn copy(&mut self, context: &Context, picture: &PreviewPicture) {
        self.points.clear();
        self.points.extend(picture.points.iter().map(|&[x, y]| pos2(x, y)));
        let image = ColorImage::from_rgb([picture.width, picture.height], &picture.rgb);
        match &mut self.texture {
            _ if picture.rgb.is_empty() => self.texture = None,
            Some(texture) => texture.set(image, TextureOptions::LINEAR),
            None => self.texture = Some(context.load_texture("camera", image, TextureOptions::LINEAR)),
        }
    }

    /// Lays the picture out, if it is to be shown.
    pub(super) fn show(&self, ui: &mut Ui) {
        let Some(texture) = &self.texture else {
            if self.wanted {
                ui.label(RichText::new("no picture of a webcam yet").color(FAINT));
            }
            return;
        };
        let (place, _) = ui.allocate_exact_size(texture.size_vec2(), Sense::hover());
        // Left and right are swapped, as in a mirror.
        let mirrored = Rect::from_min_max(pos2(1.0, 0.0), pos2(0.0, 1.0));
        let painter = ui.painter_at(place);
        painter.image(texture.id(), place, mirrored, Color32::WHITE);
        for point in &self.points {
            painter.circle_filled(place.min + vec2(1.0 - point.x, point.y) * place.size(), RADIUS, POINT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_taken_while_wanted_and_forgotten_after() {
        let (context, preview) = (Context::default(), Preview::default());
        let mut mirror = Mirror::default();
        preview.set_wanted(true);
        preview.show(|picture| {
            picture.shrink(2, 1, &[255; 6]);
            picture.points.push([0.5, 0.5]);
        });
        mirror.take(&context, Some(&preview));
        assert_eq!(mirror.texture.as_ref().map(TextureHandle::size), Some([2, 1]));
        assert_eq!(mirror.points, [pos2(0.5, 0.5)]);
        mirror.take(&context, None);
        assert!(mirror.texture.is_none() && mirror.points.is_empty() && !mirror.wanted);
    }
}
