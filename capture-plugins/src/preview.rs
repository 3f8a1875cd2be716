//! A small preview of the camera's picture, for the window.

use std::sync::{
    Arc, Mutex, PoisonError, TryLockError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// The greatest width of a preview in pixels.
const WIDEST: usize = 240;

/// A small picture with the landmarks found in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PreviewPicture {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// RGB pixels, row 0 at the top, no padding between rows.
    pub rgb: Vec<u8>,
    /// The face's landmarks as fractions of width and height from the upper left corner; empty without a face.
    pub points: Vec<[f32; 2]>,
}

impl PreviewPicture {
    /// Fills this picture with every n-th pixel of a `width` x `height` RGB picture, at most 240 wide, and clears the
    /// points. If `rgb` is too short, this picture becomes empty.
    pub fn shrink(&mut self, width: usize, height: usize, rgb: &[u8]) {
        self.points.clear();
        self.rgb.clear();
        let step = width.div_ceil(WIDEST).max(1);
        (self.width, self.height) = (width.div_ceil(step), height.div_ceil(step));
        if width == 0 || rgb.len() < 3 * width * height {
            (self.width, self.height) = (0, 0);
            return;
        }
        for row in rgb.chunks_exact(3 * width).step_by(step) {
            self.rgb.extend(row.as_chunks::<3>().0.iter().step_by(step).flatten());
        }
    }
}

/// The newest preview, shared between a camera source and the window; clones share it. While it is not wanted, it costs
/// the source one atomic load a frame.
#[derive(Clone, Debug, Default)]
pub struct Preview(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    wanted: AtomicBool,
    edition: AtomicU64,
    picture: Mutex<PreviewPicture>,
}

impl Preview {
    /// Turns the preview on or off; called by the window.
    pub fn set_wanted(&self, wanted: bool) {
        self.0.wanted.store(wanted, Ordering::Relaxed);
    }

    /// Whether the preview is on.
    pub fn is_wanted(&self) -> bool {
        self.0.wanted.load(Ordering::Relaxed)
    }

    /// Fills the picture with `draw` if the preview is on. Skipped while the window is reading: a source never waits.
    pub fn show(&self, draw: impl FnOnce(&mut PreviewPicture)) {
        if !self.is_wanted() {
            return;
        }
        let mut picture = match self.0.picture.try_lock() {
            Ok(picture) => picture,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        draw(&mut picture);
        drop(picture);
        self.0.edition.fetch_add(1, Ordering::Release);
    }

    /// A counter that grows with each picture.
    pub fn edition(&self) -> u64 {
        self.0.edition.load(Ordering::Acquire)
    }

    /// Calls `look` with the newest picture.
    pub fn look<T>(&self, look: impl FnOnce(&PreviewPicture) -> T) -> T {
        look(&self.0.picture.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_drawn_only_while_it_is_wanted() {
        let window = Preview::default();
        let source = window.clone();
        source.show(|_| panic!("the preview is off"));
        assert_eq!(window.edition(), 0);
        window.set_wanted(true);
        source.show(|picture| picture.shrink(2, 1, &[1, 2, 3, 4, 5, 6]));
        assert_eq!((window.edition(), window.look(|picture| picture.rgb.clone())), (1, vec![1, 2, 3, 4, 5, 6]));
    }

    #[test]
    fn a_large_picture_is_reduced_and_an_invalid_one_becomes_empty() {
        let mut picture = PreviewPicture::default();
        let wide: Vec<u8> = (0..641).flat_map(|x| [(x / 3) as u8; 3]).collect();
        picture.shrink(641, 1, &wide);
        assert_eq!((picture.width, picture.height, picture.rgb.len()), (214, 1, 642));
        assert_eq!(picture.rgb[3 * 100], 100);
        for (width, height) in [(0, 5), (5, 0), (700, 2)] {
            picture.shrink(width, height, &wide[..9]);
            assert_eq!(picture.rgb.len(), 3 * picture.width * picture.height, "{width} x {height}");
        }
    }
}
