//! Decodes the detector's outputs, which are relative to anchors, into boxes.

use super::{Detection, INPUT, KEYPOINTS};

/// The number of anchors: two in each cell of a 16 x 16 grid, then six in each cell of an 8 x 8 grid.
pub(super) const ANCHORS: usize = 2 * 16 * 16 + 6 * 8 * 8;
/// Numbers in each box: centre, size and keypoints.
pub(super) const REGRESSORS: usize = 4 + 2 * KEYPOINTS;

/// Boxes with a lower score are ignored.
const MIN_SCORE: f64 = 0.5;
/// Logits are clamped to this.
const LOGIT_LIMIT: f64 = 100.0;

/// The centres of all anchors, in the order of the network's outputs, as fractions of its input.
pub(super) struct Anchors(Vec<[f64; 2]>);

impl Anchors {
    /// Lays out both grids, row by row, with the anchors of a cell together.
    pub(super) fn new() -> Self {
        let grid = |cells: usize, anchors: usize| {
            (0..cells * cells * anchors).map(move |index| {
                let (x, y) = (index / anchors % cells, index / anchors / cells);
                [x, y].map(|cell| (cell as f64 + 0.5) / cells as f64)
            })
        };
        Self(grid(16, 2).chain(grid(8, 6)).collect())
    }

    /// The boxes with a sufficient score.
    pub(super) fn decode<'a>(
        &'a self,
        regressors: &'a [f32],
        logits: &'a [f32],
    ) -> impl Iterator<Item = Detection> + 'a {
        let boxes = self.0.iter().zip(regressors.as_chunks::<REGRESSORS>().0).zip(logits);
        boxes.filter_map(|((anchor, numbers), logit)| {
            let score = 1.0 / (1.0 + (-f64::from(*logit).clamp(-LOGIT_LIMIT, LOGIT_LIMIT)).exp());
            (score >= MIN_SCORE).then(|| decode(*anchor, numbers, score)).flatten()
        })
    }
}

/// The box of one anchor; `None` if it has a negative size or a non-finite number.
fn decode(anchor: [f64; 2], numbers: &[f32; REGRESSORS], score: f64) -> Option<Detection> {
    let number = |index: usize| f64::from(numbers[index]) / INPUT as f64;
    let point = |index: usize| [number(index) + anchor[0], number(index + 1) + anchor[1]];
    let ([x, y], [width, height]) = (point(0), [number(2), number(3)]);
    let usable = width >= 0.0 && height >= 0.0 && numbers.iter().all(|number| number.is_finite());
    usable.then(|| Detection {
        score,
        corners: [x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0],
        keypoints: std::array::from_fn(|keypoint| point(4 + 2 * keypoint)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_laid_out_row_by_row() {
        let Anchors(anchors) = Anchors::new();
        assert_eq!(anchors.len(), ANCHORS);
        assert_eq!((anchors[0], anchors[1], anchors[2]), ([1.0 / 32.0; 2], [1.0 / 32.0; 2], [3.0 / 32.0, 1.0 / 32.0]));
        assert_eq!((anchors[32], anchors[512]), ([1.0 / 32.0, 3.0 / 32.0], [1.0 / 16.0; 2]));
        assert_eq!(anchors[895], [15.0 / 16.0; 2]);
    }

    #[test]
    fn only_valid_boxes_with_a_sufficient_score_are_decoded() {
        let anchors = Anchors::new();
        let mut logits = vec![-5.0; ANCHORS];
        let mut regressors = vec![0.0; ANCHORS * REGRESSORS];
        for (index, (logit, width)) in
            [(2.0, 64.0), (-0.1, 64.0), (9.0, -1.0), (f32::NAN, 64.0), (1.0, f32::NAN)].into_iter().enumerate()
        {
            logits[index] = logit;
            regressors[index * REGRESSORS..][..6].copy_from_slice(&[12.8, 0.0, width, 32.0, 0.0, 12.8]);
        }
        let found: Vec<Detection> = anchors.decode(&regressors, &logits).collect();
        let [face] = &found[..] else { panic!("{found:?}") };
        let x = 1.0 / 32.0 + 0.1;
        assert!((face.corners[0] - (x - 0.25)).abs() < 1e-6 && (face.corners[3] - (1.0 / 32.0 + 0.125)).abs() < 1e-6);
        assert!((face.score - 0.880_797).abs() < 1e-6 && (face.keypoints[0][1] - x).abs() < 1e-6);
    }
}
