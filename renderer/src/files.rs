//! Files that are whole or not there: written under a temporary name beside the goal, then renamed.

use image::{
    ExtendedColorType, ImageEncoder as _,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use std::{
    io::{self, BufWriter, Write},
    path::Path,
};

/// Writes `path` through `write`; on failure nothing is left behind and an older file stays as it was.
///
/// # Errors
/// When the folder is not writable, the disk is full, or `write` fails.
pub fn write_whole(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".bunraku-").tempfile_in(folder)?;
    let mut buffered = BufWriter::new(&mut file);
    write(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    readable_by_others(file.as_file())?;
    file.persist(path)?;
    Ok(())
}

/// Temporary files are made for their owner only; a picture is for whoever may read the folder.
#[cfg(unix)]
fn readable_by_others(file: &std::fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_others(_: &std::fs::File) -> io::Result<()> {
    Ok(())
}

/// Writes 8-bit RGBA `pixels` with straight alpha as a PNG of `size` x `size`, compressed for speed.
///
/// # Errors
/// As [`write_whole`].
pub fn write_png(path: &Path, size: usize, pixels: &[u8]) -> io::Result<()> {
    write_whole(path, |to| {
        PngEncoder::new_with_quality(to, CompressionType::Fast, FilterType::Up)
            .write_image(pixels, size as u32, size as u32, ExtendedColorType::Rgba8)
            .map_err(io::Error::other)
    })
}

/// Writes float32 `values` of `shape` as NumPy's `.npy`, format 1.0, little-endian.
///
/// # Errors
/// When `to` cannot be written.
pub fn write_npy(to: &mut dyn Write, shape: &[usize], values: &[f32]) -> io::Result<()> {
    let dimensions: String = shape.iter().map(|edge| format!("{edge}, ")).collect();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({dimensions}), }}");
    // Magic, version and length take 10 bytes; all of it ends with a newline on a multiple of 64.
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    to.write_all(b"\x93NUMPY\x01\x00")?;
    to.write_all(&(length as u16).to_le_bytes())?;
    to.write_all(format!("{header:<width$}\n", width = length - 1).as_bytes())?;
    values.iter().try_for_each(|value| to.write_all(&value.to_le_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_older_file_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.bin");
        write_whole(&path, |to| to.write_all(b"old")).expect("written");
        write_whole(&path, |to| to.write_all(b"new").and(Err(io::Error::other("disk full")))).expect_err("it failed");
        assert_eq!(std::fs::read(&path).expect("still there"), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 1);
    }

    #[test]
    fn npy_headers_are_padded_to_64_bytes_and_name_the_shape() {
        let mut bytes = Vec::new();
        write_npy(&mut bytes, &[4, 2, 2], &[1.0; 16]).expect("a vector takes all");
        assert_eq!(bytes.len(), 128 + 64);
        let header = String::from_utf8_lossy(&bytes[10..128]);
        assert!(header.contains("'shape': (4, 2, 2, )") && header.ends_with('\n'), "{header}");
        assert_eq!(bytes[128..132], 1.0_f32.to_le_bytes());
    }
}
