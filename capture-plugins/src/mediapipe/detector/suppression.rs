//! Weighted non-maximum suppression, which merges the boxes of a face (`TRACKER.md` §3).

use super::{super::region::overlap, Detection, KEYPOINTS};

/// Boxes belong to one face if their intersection over union with its best box exceeds this.
const SAME_FACE: f64 = 0.5;

/// Merges `boxes` into `faces`, best first, leaving `boxes` empty. A face is the mean of its boxes, weighted by their
/// scores, and has the highest of them.
pub(super) fn merge_overlapping(boxes: &mut Vec<Detection>, faces: &mut Vec<Detection>) {
    faces.clear();
    boxes.sort_by(|a, b| b.score.total_cmp(&a.score));
    while let Some(&best) = boxes.first() {
        let same = |other: &Detection| overlap(best.corners, other.corners) > SAME_FACE;
        faces.push(mean(boxes.iter().filter(|other| same(other)), &best));
        let before = boxes.len();
        boxes.retain(|other| !same(other));
        // An empty box overlaps nothing, not even itself.
        if boxes.len() == before {
            boxes.remove(0);
        }
    }
}

/// The weighted mean of all boxes; `best` if there are none.
fn mean<'a>(boxes: impl Iterator<Item = &'a Detection>, best: &Detection) -> Detection {
    let (mut corners, mut keypoints, mut total) = ([0.0; 4], [[0.0; 2]; KEYPOINTS], 0.0);
    for detection in boxes {
        let score = detection.score;
        total += score;
        corners = std::array::from_fn(|i| corners[i] + score * detection.corners[i]);
        keypoints = std::array::from_fn(|k| {
            let [x, y] = detection.keypoints[k];
            [keypoints[k][0] + score * x, keypoints[k][1] + score * y]
        });
    }
    if total <= 0.0 {
        return *best;
    }
    Detection {
        score: best.score,
        corners: corners.map(|sum| sum / total),
        keypoints: keypoints.map(|sum| sum.map(|sum| sum / total)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(left: f64, score: f64) -> Detection {
        let corners = [left, 0.0, left + 1.0, 1.0];
        Detection { score, corners, keypoints: [[left, 0.5]; KEYPOINTS] }
    }

    fn merged(mut boxes: Vec<Detection>) -> Vec<Detection> {
        let mut faces = vec![at(9.0, 1.0)];
        merge_overlapping(&mut boxes, &mut faces);
        assert!(boxes.is_empty());
        faces
    }

    #[test]
    fn boxes_of_one_face_merge_and_two_faces_stay_two() {
        let faces = merged(vec![at(5.0, 0.6), at(0.1, 0.6), at(0.0, 0.9)]);
        let [first, second] = &faces[..] else { panic!("{faces:?}") };
        assert_eq!((first.score, second.score), (0.9, 0.6));
        assert!((first.corners[0] - 0.06 / 1.5).abs() < 1e-12 && (first.keypoints[3][0] - 0.04).abs() < 1e-12);
        assert_eq!(*second, at(5.0, 0.6));
    }

    /// The second overlaps the third, but only overlap with the best box counts.
    #[test]
    fn a_chain_of_overlapping_boxes_is_not_one_face() {
        let faces = merged(vec![at(0.0, 0.9), at(0.3, 0.8), at(0.6, 0.7)]);
        assert_eq!(faces.iter().map(|face| face.score).collect::<Vec<_>>(), [0.9, 0.7]);
    }

    #[test]
    fn empty_boxes_do_not_loop_forever() {
        let flat = Detection { corners: [0.5; 4], ..at(0.0, 0.8) };
        assert_eq!(merged(vec![flat, flat]), [flat, flat]);
        assert!(merged(Vec::new()).is_empty());
    }
}
