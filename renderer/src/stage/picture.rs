//! A frame as the window takes it: eight bits a channel.

use super::srgb::Srgb;
use crate::engine::Frame;

/// A square RGBA picture: premultiplied in linear light, then each colour sRGB-encoded; alpha as it is.
///
/// Kept this way dark edges keep their precision, and a texture unit that decodes sRGB filters it rightly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Edge in pixels; 0 before the first frame.
    pub size: usize,
    /// `4 * size * size` bytes; row, then column, then R, G, B, A.
    pub rgba: Vec<u8>,
}

impl Picture {
    /// Takes over an engine's frame. Allocates only when the size changes.
    pub fn take(&mut self, frame: &Frame) {
        let count = frame.size * frame.size;
        self.size = frame.size;
        self.rgba.resize(4 * count, 0);
        let (red, rest) = frame.planes.split_at(count);
        let (green, rest) = rest.split_at(count);
        let (blue, alpha) = rest.split_at(count);
        let srgb = Srgb::get();
        let colours = red.iter().zip(green).zip(blue);
        for (pixel, (((&r, &g), &b), &a)) in self.rgba.as_chunks_mut::<4>().0.iter_mut().zip(colours.zip(alpha)) {
            let alpha = unit(a);
            // A student may leave colour above alpha, which would glow over any background.
            *pixel = [r, g, b, a].map(|value| srgb.encode(unit(value).min(alpha)));
            pixel[3] = (alpha * 255.0).round_ties_even() as u8;
        }
    }
}

/// From the networks' [-1, 1] to [0, 1]; what is not a number becomes 0.
fn unit(value: f32) -> f32 {
    if value > -1.0 { (value * 0.5 + 0.5).min(1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_becomes_encoded_premultiplied_pixels() {
        // Four pixels: opaque white, half-transparent white, colour above its alpha, not a number.
        let colour = [1.0, 0.0, 1.0, f32::NAN];
        let alpha = [1.0, 0.0, -1.0, f32::NAN];
        let planes = [colour, colour, colour, alpha].concat();
        let mut picture = Picture::default();
        picture.take(&Frame { size: 2, planes });
        let white = [255; 4];
        let half = [188, 188, 188, 128];
        assert_eq!(picture, Picture { size: 2, rgba: [white, half, [0; 4], [0; 4]].concat() });
    }
}
