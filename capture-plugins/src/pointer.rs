//! The mouse pointer over the puppet's window, as sources see it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The newest position of the mouse pointer, shared without locks between the window and the sources.
///
/// Clones share one position. Coordinates are normalised to the window: `x` from -1 (left edge) to 1 (right edge), `y`
/// from -1 (bottom edge) to 1 (top edge).
#[derive(Clone, Debug)]
pub struct Pointer(Arc<AtomicU64>);

/// Stands for a pointer outside the window: the bits of a pair of NaNs.
const OUTSIDE: u64 = u64::MAX;

impl Default for Pointer {
    /// A pointer outside the window.
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(OUTSIDE)))
    }
}

impl Pointer {
    /// Records a new position; the window calls this when the pointer moves.
    ///
    /// Positions beyond the edges, as during a drag, are clamped to them; non-finite ones are ignored.
    pub fn moved_to(&self, x: f32, y: f32) {
        if x.is_finite() && y.is_finite() {
            let (x, y) = (x.clamp(-1.0, 1.0), y.clamp(-1.0, 1.0));
            self.0.store(u64::from(x.to_bits()) << 32 | u64::from(y.to_bits()), Ordering::Relaxed);
        }
    }

    /// Records that the pointer has left the window.
    pub fn left(&self) {
        self.0.store(OUTSIDE, Ordering::Relaxed);
    }

    /// The position `[x, y]`, each from -1 to 1, or `None` while the pointer is outside the window.
    pub fn position(&self) -> Option<[f32; 2]> {
        let bits = self.0.load(Ordering::Relaxed);
        (bits != OUTSIDE).then(|| [f32::from_bits((bits >> 32) as u32), f32::from_bits(bits as u32)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_newest_position() {
        let window = Pointer::default();
        let source = window.clone();
        assert_eq!(source.position(), None);
        window.moved_to(0.25, -3.0);
        assert_eq!(source.position(), Some([0.25, -1.0]));
        window.moved_to(f32::NAN, 0.0);
        assert_eq!(source.position(), Some([0.25, -1.0]));
        window.left();
        assert_eq!(source.position(), None);
    }
}
