//! Pictures and arrays as the bytes of files; `bunraku_core::files` writes them whole or not at all.

use image::{
    ExtendedColorType, ImageEncoder as _, ImageError,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};

/// Makes `file` a PNG of `size` x `size` 8-bit RGBA `pixels` with straight alpha, compressed for speed.
///
/// # Errors
/// When the encoder fails.
///
/// # Panics
/// When the number of pixels is another one.
pub fn encode_png(size: usize, pixels: &[u8], file: &mut Vec<u8>) -> Result<(), ImageError> {
    file.clear();
    PngEncoder::new_with_quality(file, CompressionType::Fast, FilterType::Up).write_image(
        pixels,
        size as u32,
        size as u32,
        ExtendedColorType::Rgba8,
    )
}

/// Makes `file` NumPy's `.npy` (format 1.0, little-endian float32) of `values` with the given `shape`.
pub fn encode_npy(shape: &[usize], values: &[f32], file: &mut Vec<u8>) {
    let edges: Vec<String> = shape.iter().map(ToString::to_string).collect();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({},), }}", edges.join(", "));
    // Magic, version and length take 10 bytes; all of it ends with a newline on a multiple of 64.
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    file.clear();
    file.extend(b"\x93NUMPY\x01\x00");
    file.extend((length as u16).to_le_bytes());
    file.extend(format!("{header:<width$}\n", width = length - 1).as_bytes());
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npy_headers_are_padded_to_64_bytes_and_name_the_shape() {
        let mut bytes = Vec::new();
        encode_npy(&[4, 2, 2], &[1.0; 16], &mut bytes);
        assert_eq!(bytes.len(), 128 + 64);
        let header = String::from_utf8_lossy(&bytes[10..128]);
        assert!(header.contains("'shape': (4, 2, 2,)") && header.ends_with('\n'), "{header}");
        assert_eq!(bytes[128..132], 1.0_f32.to_le_bytes());
    }

    #[test]
    fn a_png_reads_back_to_its_pixels() {
        let pixels: Vec<u8> = (0..16 * 16 * 4).map(|i| (i * 31 % 256) as u8).collect();
        let mut file = vec![1, 2, 3];
        encode_png(16, &pixels, &mut file).expect("16 x 16 pixels");
        let image = image::load_from_memory_with_format(&file, image::ImageFormat::Png).expect("a PNG");
        assert_eq!(image.to_rgba8().into_raw(), pixels);
    }
}
