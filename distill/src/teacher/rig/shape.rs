//! A path as commands and numbers, and its morphs for pose parameters.

use bunraku_core::pose::{Category, Parameter, Pose};
use kurbo::{BezPath, PathEl};

/// The largest sensible coordinate of a path in a picture of 512, in picture units; NaN is beyond it too.
const FARTHEST: f32 = 4096.0;

/// A path: the letters of its absolute commands, and all of their coordinates.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    /// `M`, `L`, `Q`, `C` or `Z`, one letter a command.
    pub commands: String,
    /// x and y in turn, in picture units.
    pub numbers: Vec<f32>,
}

/// The shape of a path at the end of a pose parameter's range.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// Which parameter.
    pub parameter: Parameter,
    /// The offset of each coordinate from rest.
    pub delta: Vec<f32>,
}

impl Path {
    /// Reads a `d` attribute; `None` if it is no path data, draws nothing, or has coordinates out of range.
    pub(super) fn read(d: &str) -> Option<Self> {
        let mut path = Self { commands: String::new(), numbers: Vec::new() };
        for element in BezPath::from_svg(d).ok()? {
            path.push(element);
        }
        let sane = path.numbers.iter().all(|value| value.abs() <= FARTHEST);
        (sane && !path.commands.is_empty()).then_some(path)
    }

    fn push(&mut self, element: PathEl) {
        let (command, points) = match element {
            PathEl::MoveTo(p) => ('M', vec![p]),
            PathEl::LineTo(p) => ('L', vec![p]),
            PathEl::QuadTo(p, q) => ('Q', vec![p, q]),
            PathEl::CurveTo(p, q, r) => ('C', vec![p, q, r]),
            PathEl::ClosePath => ('Z', vec![]),
        };
        self.commands.push(command);
        self.numbers.extend(points.iter().flat_map(|point| [point.x as f32, point.y as f32]));
    }

    /// Writes the `d` attribute of the path moved by `deltas`, each with its weight.
    pub(super) fn write(&self, deltas: &[(f32, &[f32])], out: &mut String) {
        use std::fmt::Write as _;
        let mut at = 0;
        for command in self.commands.chars() {
            out.push(command);
            for _ in 0..coordinates(command) {
                let moved: f32 = deltas.iter().map(|(weight, delta)| weight * delta[at]).sum();
                // Writing to a string cannot fail.
                let _ = write!(out, " {:.3}", self.numbers[at] + moved);
                at += 1;
            }
            out.push(' ');
        }
    }
}

fn coordinates(command: char) -> usize {
    match command {
        'M' | 'L' => 2,
        'Q' => 4,
        'C' => 6,
        _ => 0,
    }
}

/// The weight of each of `keys` in a pose, in their order.
///
/// The shapes of an eye close it in different ways, and those of a mouth open it in different ways. Together they would
/// overshoot, so weights that sum to more than 1 are scaled down to it. Brows and mouth corners add up.
pub(super) fn weights<'a>(keys: &'a [Key], pose: &'a Pose) -> impl Iterator<Item = (f32, &'a [f32])> {
    let value = |key: &Key| pose.0[key.parameter.index()];
    let shared: f32 = keys.iter().filter(|key| shares(key.parameter)).map(value).sum();
    let share = if shared > 1.0 { 1.0 / shared } else { 1.0 };
    keys.iter().filter_map(move |key| {
        let weight = value(key) * if shares(key.parameter) { share } else { 1.0 };
        (weight != 0.0).then_some((weight, key.delta.as_slice()))
    })
}

fn shares(parameter: Parameter) -> bool {
    parameter.category() == Category::Eye
        || parameter.category() == Category::Mouth && !parameter.name().contains("corner")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(parameter: Parameter, delta: f32) -> Key {
        Key { parameter, delta: vec![delta; 4] }
    }

    #[test]
    fn reads_what_drawing_programs_write() {
        let path = Path::read("m1,2l-4-6.5 C 0 0 1e1 1 2 2Z").expect("path data");
        assert_eq!(path.commands, "MLCZ");
        assert_eq!(path.numbers, [1.0, 2.0, -3.0, -4.5, 0.0, 0.0, 10.0, 1.0, 2.0, 2.0]);
    }

    #[test]
    fn refuses_what_is_no_path() {
        for d in ["", "M 1", "M 1 2 L NaN 3", "L 1 2", "M 1 2 L 1e9 0", "hello"] {
            assert_eq!(Path::read(d), None, "{d:?}");
        }
    }

    #[test]
    fn a_shape_is_reached_at_the_range_s_end() {
        let path = Path::read("M 1 2 L 3 4").expect("a line");
        let mut out = String::new();
        path.write(&[(1.0, &[1.0, 0.0, -1.0, 0.5])], &mut out);
        assert_eq!(Path::read(&out).expect("what was written").numbers, [2.0, 2.0, 2.0, 4.5]);
    }

    #[test]
    fn two_ways_to_close_an_eye_share_it_and_brows_add_up() {
        let eye = [key(Parameter::EyeWinkLeft, 1.0), key(Parameter::EyeHappyWinkLeft, 3.0)];
        let mut pose = Pose::default();
        pose.0[Parameter::EyeWinkLeft.index()] = 1.0;
        pose.0[Parameter::EyeHappyWinkLeft.index()] = 1.0;
        assert_eq!(weights(&eye, &pose).map(|(weight, delta)| weight * delta[0]).sum::<f32>(), 2.0);
        let brow = [key(Parameter::EyebrowRaisedLeft, 1.0), key(Parameter::EyebrowHappyLeft, 1.0)];
        pose.0[Parameter::EyebrowRaisedLeft.index()] = 1.0;
        pose.0[Parameter::EyebrowHappyLeft.index()] = 1.0;
        assert_eq!(weights(&brow, &pose).map(|(weight, delta)| weight * delta[0]).sum::<f32>(), 2.0);
    }
}
