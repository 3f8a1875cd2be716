//! What a camera sees, small, for its person to look at.

use std::sync::{
    Arc, Mutex, PoisonError, TryLockError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// The widest a preview's picture is, in pixels.
const WIDEST: usize = 240;

/// A small picture with the points found in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PreviewPicture {
    /// Pixels from left to right.
    pub width: usize,
    /// Pixels from top to bottom.
    pub height: usize,
    /// R, G and B of each pixel, row 0 at the top, rows without a gap.
    pub rgb: Vec<u8>,
    /// Points of the face in widths and heights of the picture, from its upper left; none without a face.
    pub points: Vec<[f32; 2]>,
}

impl PreviewPicture {
    /// Takes every n-th pixel of a picture of `width` x `height` RGB pixels, so that it is at most 240 wide, and forgets
    /// the points. A picture that lacks bytes leaves it empty.
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

/// The newest preview, shared between a camera's source and the window. Clones share it. While nobody wants it, it costs
/// the source a look at a flag.
#[derive(Clone, Debug, Default)]
pub struct Preview(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    wanted: AtomicBool,
    edition: AtomicU64,
    picture: Mutex<PreviewPicture>,
}

impl Preview {
    /// The window says whether anyone looks.
    pub fn set_wanted(&self, wanted: bool) {
        self.0.wanted.store(wanted, Ordering::Relaxed);
    }

    /// Whether anyone looks.
    pub fn is_wanted(&self) -> bool {
        self.0.wanted.load(Ordering::Relaxed)
    }

    /// Has `draw` fill the picture if anyone looks. It is left out while the window reads, for a source waits for nobody.
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

    /// Grows with each picture.
    pub fn edition(&self) -> u64 {
        self.0.edition.load(Ordering::Acquire)
    }

    /// Looks at the newest picture.
    pub fn look<T>(&self, look: impl FnOnce(&PreviewPicture) -> T) -> T {
        look(&self.0.picture.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_drawn_only_for_somebody() {
        let window = Preview::default();
        let source = window.clone();
        source.show(|_| panic!("nobody looks"));
        assert_eq!(window.edition(), 0);
        window.set_wanted(true);
        source.show(|picture| picture.shrink(2, 1, &[1, 2, 3, 4, 5, 6]));
        assert_eq!((window.edition(), window.look(|picture| picture.rgb.clone())), (1, vec![1, 2, 3, 4, 5, 6]));
    }

    #[test]
    fn a_large_picture_becomes_small_and_an_impossible_one_empty() {
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
