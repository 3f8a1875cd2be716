//! A frame in CPU memory as the window uploads it: eight bits a channel.

use bunraku_core::color;
use bunraku_engine::CpuFrame;

/// A square RGBA picture: premultiplied in linear light, then each colour sRGB-encoded; alpha as it is.
///
/// Kept this way dark edges keep their precision, and a texture unit that decodes sRGB filters it rightly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Picture {
    /// Edge in pixels; 0 before the first frame.
    pub(super) size: usize,
    /// `4 * size * size` bytes; row, then column, then R, G, B, A.
    pub(super) rgba: Vec<u8>,
}

impl Picture {
    /// Converts an engine's frame. Allocates only when the size changes.
    pub(super) fn take(&mut self, frame: &CpuFrame) {
        self.size = frame.size;
        self.rgba.resize(frame.planes.len(), 0);
        color::encode_reference(&frame.planes, &mut self.rgba);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_becomes_encoded_premultiplied_pixels() {
        // Opaque white, half-transparent white, nothing, not a number.
        let colour = [1.0, 0.0, -1.0, f32::NAN];
        let alpha = colour;
        let planes = [colour, colour, colour, alpha].concat();
        let mut picture = Picture::default();
        picture.take(&CpuFrame { size: 2, planes });
        let white = [255; 4];
        let half = [188, 188, 188, 128];
        assert_eq!(picture, Picture { size: 2, rgba: [white, half, [0; 4], [0; 4]].concat() });
    }
}
