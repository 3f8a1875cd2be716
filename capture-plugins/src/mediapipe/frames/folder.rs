//! Reads a folder of pictures in the natural order of their names.

use super::{FrameError, FrameInfo, FrameSource, RgbFrame, jpeg::decode_jpeg};
use bunraku_core::picture_file;
use std::{
    cmp::Ordering,
    fs,
    io::{self, Cursor, Read as _},
    path::{Path, PathBuf},
    time::Instant,
};

/// The PNG and JPEG pictures of a folder, in the natural order of their names (2 before 10).
pub struct FolderSource {
    folder: PathBuf,
    /// File names, sorted.
    names: Vec<String>,
    next: usize,
    /// A buffer for file contents.
    file: Vec<u8>,
}

impl FolderSource {
    /// Lists the pictures of `folder`.
    ///
    /// # Errors
    /// The folder cannot be read or contains no picture.
    pub fn open(folder: &Path) -> Result<Self, FrameError> {
        let cannot = |source| FrameError::Read { path: folder.to_owned(), source };
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(cannot)? {
            let name = entry.map_err(cannot)?.file_name().to_string_lossy().into_owned();
            if is_picture(&name) {
                names.push(name);
            }
        }
        if names.is_empty() {
            return Err(FrameError::NoPictures { path: folder.to_owned() });
        }
        names.sort_by(|a, b| natural_order(a, b));
        Ok(Self { folder: folder.to_owned(), names, next: 0, file: Vec::new() })
    }

    /// How many pictures there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Always false: a folder without pictures cannot be opened.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl FrameSource for FolderSource {
    fn describe(&self) -> String {
        format!("the {} pictures of {}", self.names.len(), self.folder.display())
    }

    fn rate(&self) -> Option<f64> {
        None
    }

    fn next(&mut self, into: &mut RgbFrame) -> Result<Option<FrameInfo>, FrameError> {
        let Some(name) = self.names.get(self.next) else { return Ok(None) };
        let index = self.next as u64;
        self.next += 1;
        into.name.clone_from(name);
        let path = self.folder.join(name);
        let bytes = read_into(&path, &mut self.file).map_err(|source| FrameError::Read { path, source })?;
        let captured = Instant::now();
        decode(bytes, into).map_err(|why| FrameError::Decode { name: name.clone(), why })?;
        Ok(Some(FrameInfo { index, captured }))
    }
}

/// The greatest accepted file size in bytes: that of an uncompressed picture of 40 megapixels.
const PICTURE_LIMIT: u64 = 160 << 20;

/// Reads a regular file of bounded size. A pipe is not opened, since reading it might never end.
fn read_into<'a>(path: &Path, buffer: &'a mut Vec<u8>) -> io::Result<&'a [u8]> {
    buffer.clear();
    if !path.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    fs::File::open(path)?.take(PICTURE_LIMIT + 1).read_to_end(buffer)?;
    if buffer.len() as u64 > PICTURE_LIMIT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {PICTURE_LIMIT} bytes")));
    }
    Ok(buffer)
}

/// Decodes a PNG or JPEG picture, detected from its bytes; transparency is ignored.
fn decode(bytes: &[u8], into: &mut RgbFrame) -> Result<(), String> {
    if bytes.starts_with(&[0xff, 0xd8]) {
        return decode_jpeg(bytes, into).map_err(|error| error.to_string());
    }
    let picture = picture_file::decoder(Cursor::new(bytes)).and_then(picture_file::decode);
    let picture = picture.map_err(|error| error.to_string())?.into_rgb8();
    let (width, height) = picture.dimensions();
    into.resize(width as usize, height as usize).copy_from_slice(&picture);
    Ok(())
}

fn is_picture(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    // Skip hidden files, such as those that other programs leave behind.
    !name.starts_with('.') && ["png", "jpg", "jpeg"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Compares names naturally: runs of digits compare as numbers.
fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (text_a, rest_a) = split_run(left);
        let (text_b, rest_b) = split_run(right);
        let order = compare_runs(text_a, text_b);
        if order != Ordering::Equal || text_a.is_empty() {
            // Order names that differ only in leading zeros.
            return order.then_with(|| a.cmp(b));
        }
        (left, right) = (rest_a, rest_b);
    }
}

/// The first run of digits or non-digits, and the rest.
fn split_run(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    text.split_at(text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len()))
}

fn compare_runs(a: &str, b: &str) -> Ordering {
    if [a, b].iter().all(|run| run.starts_with(|c: char| c.is_ascii_digit())) {
        let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
        return a.len().cmp(&b.len()).then_with(|| a.cmp(b));
    }
    a.cmp(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, RgbImage};

    fn png(colour: [u8; 3]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_pixel(3, 2, image::Rgb(colour)).write_to(&mut bytes, ImageFormat::Png).expect("encoded");
        bytes.into_inner()
    }

    #[test]
    fn names_are_in_natural_order() {
        let mut names = ["f10.png", "f9.png", "f09.png", "f2b.png", "f2a3.png", "a.png", "f.png", "f100.png"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(names, ["a.png", "f2a3.png", "f2b.png", "f09.png", "f9.png", "f10.png", "f100.png", "f.png"]);
    }

    #[test]
    fn pictures_are_read_in_order_to_the_end() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, red) in [("p10.png", 10), ("p9.PNG", 9), (".hidden.png", 1)] {
            fs::write(folder.path().join(name), png([red, 2, 3])).expect("written");
        }
        fs::write(folder.path().join("notes.txt"), "no picture").expect("written");
        let mut source = FolderSource::open(folder.path()).expect("two pictures");
        let mut frame = RgbFrame::default();
        for (index, (name, red)) in [("p9.PNG", 9), ("p10.png", 10)].into_iter().enumerate() {
            let info = source.next(&mut frame).expect("read").expect("a picture");
            assert_eq!((info.index, frame.name.as_str()), (index as u64, name));
            assert_eq!(frame.view().expect("a picture").pixel(2, 1), [red, 2, 3]);
        }
        assert!(source.next(&mut frame).expect("the end").is_none());
    }

    #[test]
    fn a_damaged_picture_is_named_and_the_next_is_still_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("1.png"), &png([1, 2, 3])[..40]).expect("written");
        fs::write(folder.path().join("2.jpg"), [0xff, 0xd8, 0xff]).expect("written");
        fs::write(folder.path().join("3.jpg"), png([4, 5, 6])).expect("written");
        let mut source = FolderSource::open(folder.path()).expect("pictures");
        let mut frame = RgbFrame::default();
        for name in ["1.png", "2.jpg"] {
            let error = source.next(&mut frame).expect_err("damaged").to_string();
            assert!(error.contains(name), "{error}");
        }
        assert!(source.next(&mut frame).expect("whatever its name").is_some());
    }

    #[test]
    fn an_empty_folder_and_a_missing_one_give_different_errors() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(matches!(FolderSource::open(folder.path()), Err(FrameError::NoPictures { .. })));
        assert!(matches!(FolderSource::open(&folder.path().join("none")), Err(FrameError::Read { .. })));
    }
}
