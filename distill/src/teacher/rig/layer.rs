//! One group of layered art: what it follows, its depth, and its SVG text in any pose.

use super::{
    error::Fault,
    keys::Keys,
    shape::{Key, Path, weights},
};
use bunraku_core::pose::{Parameter, Pose};
use resvg::usvg::roxmltree::Node;
use std::{fmt::Write as _, ops::Range};

/// The rotations that move a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    /// Head, neck and body.
    Head,
    /// The head's motion at its upper end, none at its lower end.
    Neck,
    /// Body only.
    Body,
}

/// A group of the drawing.
#[derive(Debug)]
pub(super) struct Layer {
    /// Its id.
    pub name: String,
    /// What moves it.
    pub follows: Follows,
    /// Its depth in front of the middle of head or body, in radii: -1 behind, 1 in front.
    pub depth: f32,
    /// The group's text in pieces, each with the gap to fill after it.
    pieces: Vec<(String, Gap)>,
}

/// The part to fill in between two pieces of a layer's text.
#[derive(Debug)]
enum Gap {
    /// The outline of a path.
    Shape { path: Path, keys: Vec<Key> },
    /// The transform of an iris, or of an element that moves with one.
    Iris { id: String, iris: Iris },
    /// Nothing: the end.
    End,
}

/// How an iris moves.
#[derive(Clone, Copy, Debug)]
struct Iris {
    center: [f32; 2],
    /// The travel in picture units at the end of `iris_rotation_y` and `iris_rotation_x`.
    travel: [f32; 2],
    /// The size at the end of `iris_small`.
    small: f32,
    parameter: Parameter,
}

impl Layer {
    /// Reads a group; `None` if it has faults, which are added to `faults`.
    pub(super) fn read(group: Node<'_, '_>, keys: &Keys, faults: &mut Vec<Fault>) -> Option<Self> {
        let name = group.attribute("id").unwrap_or_default().to_string();
        let before = faults.len();
        let follows = follows(group, &name).map_err(|fault| faults.push(fault));
        let depth = number(group, &name, "data-depth", 0.0).map_err(|fault| faults.push(fault));
        let mut gaps = Vec::new();
        for node in group.descendants() {
            match gap(node, &name, keys) {
                Ok(found) => gaps.extend(found),
                Err(fault) => faults.push(fault),
            }
        }
        let (follows, depth) = (follows.ok()?, depth.ok()?);
        (faults.len() == before).then(|| Self { name, follows, depth, pieces: pieces(group, gaps) })
    }

    /// Appends the group's text in `pose` to `out`.
    pub(super) fn write(&self, pose: &Pose, out: &mut String) {
        for (piece, gap) in &self.pieces {
            out.push_str(piece);
            match gap {
                Gap::Shape { path, keys } => path.write(&weights(keys, pose).collect::<Vec<_>>(), out),
                Gap::Iris { iris, .. } => iris.write(pose, out),
                Gap::End => {}
            }
        }
    }

    /// The parameters that change the layer.
    pub(super) fn parameters(&self) -> impl Iterator<Item = Parameter> {
        self.pieces.iter().flat_map(|(_, gap)| match gap {
            Gap::Shape { keys, .. } => keys.iter().map(|key| key.parameter).collect(),
            Gap::Iris { iris, .. } => vec![Parameter::IrisRotationX, Parameter::IrisRotationY, iris.parameter],
            Gap::End => Vec::new(),
        })
    }

    /// Whether the layer has an iris with this id.
    pub(super) fn has_mover(&self, id: &str) -> bool {
        self.pieces.iter().any(|(_, gap)| matches!(gap, Gap::Iris { id: found, .. } if found == id))
    }
}

impl Iris {
    /// `iris_rotation_y` looks to the subject's right (the picture's left), `iris_rotation_x` up, as in THA4.
    fn write(&self, pose: &Pose, out: &mut String) {
        let value = |parameter: Parameter| pose.0[parameter.index()];
        let [x, y] = self.center;
        let to = [
            x - self.travel[0] * value(Parameter::IrisRotationY),
            y - self.travel[1] * value(Parameter::IrisRotationX),
        ];
        let size = 1.0 + (self.small - 1.0) * value(self.parameter);
        // Writing to a string cannot fail.
        let _ = write!(out, " transform=\"translate({} {}) scale({size}) translate({} {})\"", to[0], to[1], -x, -y);
    }
}

fn follows(group: Node<'_, '_>, name: &str) -> Result<Follows, Fault> {
    match group.attribute("data-follows") {
        Some("head") => Ok(Follows::Head),
        Some("neck") => Ok(Follows::Neck),
        Some("body") => Ok(Follows::Body),
        other => Err(Fault::Attribute {
            group: name.to_string(),
            attribute: "data-follows",
            value: other.unwrap_or_default().to_string(),
            want: "\"head\", \"neck\" or \"body\"",
        }),
    }
}

fn number(node: Node<'_, '_>, group: &str, attribute: &'static str, otherwise: f32) -> Result<f32, Fault> {
    let Some(text) = node.attribute(attribute) else { return Ok(otherwise) };
    text.parse().ok().filter(|value: &f32| value.abs() <= 1.0).ok_or_else(|| Fault::Attribute {
        group: group.to_string(),
        attribute,
        value: text.to_string(),
        want: "a number from -1 to 1",
    })
}

fn pair(node: Node<'_, '_>, group: &str, attribute: &'static str) -> Result<[f32; 2], Fault> {
    let text = node.attribute(attribute).unwrap_or_default();
    let numbers: Vec<f32> = text.split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
    <[f32; 2]>::try_from(numbers).ok().filter(|pair| pair.iter().all(|value| value.abs() <= 512.0)).ok_or_else(|| {
        Fault::Attribute {
            group: group.to_string(),
            attribute,
            value: text.to_string(),
            want: "two numbers, x and y, in picture units",
        }
    })
}

/// The part of an element that depends on the pose, and its place in the text.
fn gap(node: Node<'_, '_>, group: &str, keys: &Keys) -> Result<Option<(Range<usize>, Gap)>, Fault> {
    let id = node.attribute("id").unwrap_or_default();
    if !keys.of(id).is_empty() {
        let drawn = node.attribute_node("d").and_then(|d| Some((d.range_value(), Path::read(d.value())?)));
        let (range, path) = drawn.ok_or_else(|| Fault::Path(id.to_string()))?;
        return Ok(Some((range, Gap::Shape { path, keys: keys.of(id).to_vec() })));
    }
    let leader = node.attribute("data-moves-with").unwrap_or(id);
    let parameter = match leader {
        "iris_left" => Parameter::IrisSmallLeft,
        "iris_right" => Parameter::IrisSmallRight,
        _ => return Ok(None),
    };
    let source = node.document().descendants().find(|other| other.attribute("id") == Some(leader)).unwrap_or(node);
    let iris = Iris {
        center: pair(source, group, "data-center")?,
        travel: pair(source, group, "data-travel")?,
        small: number(source, group, "data-small", 0.3)?,
        parameter,
    };
    let tag = &node.document().input_text()[node.range()];
    let at = node.range().start + tag.find([' ', '\n', '\r', '\t', '/', '>']).unwrap_or_default();
    Ok(Some((at..at, Gap::Iris { id: id.to_string(), iris })))
}

fn pieces(group: Node<'_, '_>, gaps: Vec<(Range<usize>, Gap)>) -> Vec<(String, Gap)> {
    let text = group.document().input_text();
    let mut from = group.range().start;
    let mut pieces = Vec::new();
    for (range, gap) in gaps {
        pieces.push((text[from..range.start].to_string(), gap));
        from = range.end;
    }
    pieces.push((text[from..group.range().end].to_string(), Gap::End));
    pieces
}
