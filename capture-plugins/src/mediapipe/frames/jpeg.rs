//! Decodes JPEG, as pictures and as frames of cameras and videos.

use super::{super::view::LARGEST_EDGE, RgbFrame};
use std::io::Cursor;
use zune_jpeg::{
    JpegDecoder,
    errors::DecodeErrors,
    zune_core::{colorspace::ColorSpace, options::DecoderOptions},
};

/// Decodes a JPEG picture into `frame`, except its name.
///
/// # Errors
/// The bytes are not a valid JPEG picture, or it is wider or higher than [`LARGEST_EDGE`].
pub fn decode_jpeg(bytes: &[u8], frame: &mut RgbFrame) -> Result<(), DecodeErrors> {
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_max_width(LARGEST_EDGE)
        .set_max_height(LARGEST_EDGE);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    decoder.decode_headers()?;
    let (width, height) = decoder.dimensions().ok_or(DecodeErrors::FormatStatic("it has no size"))?;
    decoder.decode_into(frame.resize(width, height))
}
