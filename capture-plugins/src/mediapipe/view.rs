//! A borrowed picture: the tracker's view of RGB pixels.

use bunraku_core::picture_file;

/// The greatest accepted width and height of a picture in pixels.
pub const LARGEST_EDGE: usize = picture_file::LARGEST_EDGE as usize;

/// 8-bit RGB pixels, row 0 at the top, rows `stride` bytes apart.
#[derive(Clone, Copy)]
pub struct Rgb8View<'a> {
    width: usize,
    height: usize,
    stride: usize,
    data: &'a [u8],
}

/// Why bytes are not a valid picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// The picture has no pixels.
    #[error("the picture is {width} x {height}: it has no pixels")]
    Empty {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },
    /// The picture is wider or higher than [`LARGEST_EDGE`].
    #[error("the picture is {width} x {height}: at most {LARGEST_EDGE} pixels a side can be tracked")]
    TooLarge {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },
    /// The rows overlap.
    #[error("the picture's rows are {stride} bytes apart; {width} pixels of RGB need {}", 3 * .width)]
    Stride {
        /// Width in pixels.
        width: usize,
        /// Bytes from one row to the next.
        stride: usize,
    },
    /// Bytes are missing.
    #[error("the picture has {found} bytes, but its size needs {needed}")]
    Short {
        /// Bytes found.
        found: usize,
        /// Bytes needed.
        needed: usize,
    },
}

impl<'a> Rgb8View<'a> {
    /// A picture of `width` x `height` pixels whose rows are `stride` bytes apart; the last row may end with its pixels.
    ///
    /// # Errors
    /// The picture is empty or larger than [`LARGEST_EDGE`], its rows overlap, or bytes are missing.
    pub fn new(width: usize, height: usize, stride: usize, data: &'a [u8]) -> Result<Self, ViewError> {
        if width == 0 || height == 0 {
            return Err(ViewError::Empty { width, height });
        }
        if width.max(height) > LARGEST_EDGE {
            return Err(ViewError::TooLarge { width, height });
        }
        if stride < 3 * width {
            return Err(ViewError::Stride { width, stride });
        }
        let needed = stride.saturating_mul(height - 1).saturating_add(3 * width);
        if data.len() < needed {
            return Err(ViewError::Short { found: data.len(), needed });
        }
        Ok(Self { width, height, stride, data })
    }

    /// A picture without padding between rows.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn packed(width: usize, height: usize, data: &'a [u8]) -> Result<Self, ViewError> {
        Self::new(width, height, width.saturating_mul(3), data)
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Bytes from one row to the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The bytes of all rows.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The pixel at column `x` of row `y`.
    ///
    /// # Panics
    /// If the position is outside the picture.
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        let at = y * self.stride + 3 * x;
        [self.data[at], self.data[at + 1], self.data[at + 2]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_pictures_are_refused_with_their_reason() {
        let view = |width, height, stride, bytes| Rgb8View::new(width, height, stride, &vec![0; bytes]).map(|_| ());
        assert_eq!(view(0, 0, 0, 0), Err(ViewError::Empty { width: 0, height: 0 }));
        assert_eq!(view(1 << 20, 1, 3 << 20, 0), Err(ViewError::TooLarge { width: 1 << 20, height: 1 }));
        assert_eq!(view(4, 2, 11, 24), Err(ViewError::Stride { width: 4, stride: 11 }));
        assert_eq!(view(4, 2, 12, 23), Err(ViewError::Short { found: 23, needed: 24 }));
        assert_eq!(view(4, 2, usize::MAX, 23), Err(ViewError::Short { found: 23, needed: usize::MAX }));
        assert_eq!(view(4, 2, 16, 28), Ok(()));
    }

    #[test]
    fn pixels_are_found_in_padded_rows() {
        let data: Vec<u8> = (0..20).collect();
        let view = Rgb8View::new(2, 2, 10, &data).expect("a picture");
        assert_eq!(view.pixel(1, 1), [13, 14, 15]);
    }
}
