//! Reads layered art from an SVG file: its groups, back to front, and their shapes.

use super::{
    error::{Fault, RigError},
    keys::{KEYS, Keys},
    layer::Layer,
};
use crate::{
    digest::sha256,
    files::{read, reason},
};
use bunraku_core::{
    character::IMAGE_SIZE,
    files::ReadError,
    pose::{Category, Parameter},
};
use resvg::usvg::roxmltree::{Document, Node, ParsingOptions};
use std::{collections::HashSet, path::Path};

/// The largest SVG file in bytes: a hundred times a detailed character's.
pub const LIMIT: u64 = 8 << 20;

/// The groups that every rig needs, for the 39 parameters of the face and the six of the body.
pub const REQUIRED: [&str; 7] = ["body", "face", "mouth", "eye_left", "eye_right", "eyebrow_left", "eyebrow_right"];

/// Layered art that has been checked to be complete.
#[derive(Debug)]
pub struct Art {
    /// Back to front.
    pub(super) layers: Vec<Layer>,
    /// The root element and definitions, for drawing one layer by itself.
    pub(super) head: String,
    /// The SHA-256 of the whole text, in hexadecimal digits.
    pub(super) sha256: String,
}

impl Art {
    /// Reads a file.
    ///
    /// # Errors
    /// All faults of the file, each with the name of its group.
    pub fn open(path: &Path) -> Result<Self, RigError> {
        let named = |faults| RigError { what: path.display().to_string(), faults };
        let text = text(path).map_err(|fault| named(vec![fault]))?;
        Self::parse(&text).map_err(named)
    }

    /// Reads the text of an SVG file.
    ///
    /// # Errors
    /// All faults of the text.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        if text.len() as u64 > LIMIT {
            return Err(vec![Fault::TooLarge { limit: LIMIT }]);
        }
        let options = ParsingOptions { allow_dtd: false, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text, options).map_err(|e| vec![Fault::Svg(e.to_string())])?;
        let root = document.root_element();
        let mut faults: Vec<_> = size(root).into_iter().collect();
        faults.extend(structure(root));
        let keys = Keys::read(root, &mut faults);
        let layers = groups(root).filter_map(|group| Layer::read(group, &keys, &mut faults)).collect();
        let art = Self { layers, head: head(root), sha256: sha256(text.as_bytes()) };
        faults.extend(unmoved(&art.layers));
        if faults.is_empty() { Ok(art) } else { Err(faults) }
    }
}

/// A file's text.
fn text(path: &Path) -> Result<String, Fault> {
    let bytes = read(path, LIMIT).map_err(|error| match error {
        ReadError::TooLarge { limit } => Fault::TooLarge { limit },
        error => Fault::Unreadable(reason(&error)),
    })?;
    String::from_utf8(bytes).map_err(|_| Fault::Unreadable("is not UTF-8 text".to_owned()))
}

fn size(root: Node<'_, '_>) -> Option<Fault> {
    let value = |name| root.attribute(name).unwrap_or_default().to_string();
    let edge = IMAGE_SIZE.to_string();
    let right = |name| value(name) == edge || value(name) == format!("{edge}px");
    let view: Vec<f32> = value("viewBox").split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
    let wrong = !right("width") || !right("height") || view != [0.0, 0.0, IMAGE_SIZE as f32, IMAGE_SIZE as f32];
    wrong.then(|| Fault::Size { width: value("width"), height: value("height"), view_box: value("viewBox") })
}

/// The layers' elements: direct children `<g id=…>`, except the shapes.
fn groups<'a, 'i>(root: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    root.children().filter(|node| is_group(*node) && node.attribute("id") != Some(KEYS))
}

fn is_group(node: Node<'_, '_>) -> bool {
    node.has_tag_name(("http://www.w3.org/2000/svg", "g")) && node.attribute("id").is_some()
}

/// Elements that draw nothing by themselves and are allowed beside the layers.
const SILENT: [&str; 5] = ["defs", "style", "title", "desc", "metadata"];

fn structure(root: Node<'_, '_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for element in root.children().filter(Node::is_element) {
        let foreign = element.tag_name().namespace() != Some("http://www.w3.org/2000/svg");
        if !foreign && !is_group(element) && !SILENT.contains(&element.tag_name().name()) {
            faults.push(Fault::Loose(element.tag_name().name().to_string()));
        }
    }
    let mut seen = HashSet::new();
    let ids = root.descendants().filter_map(|node| node.attribute("id"));
    faults.extend(ids.filter(|id| !seen.insert(*id)).map(|id| Fault::Twice(id.to_string())));
    let present: HashSet<_> = groups(root).filter_map(|group| group.attribute("id")).collect();
    faults.extend(REQUIRED.into_iter().filter(|name| !present.contains(name)).map(Fault::MissingGroup));
    faults
}

/// The root's start tag and all definitions: what a layer needs to be drawn on its own.
fn head(root: Node<'_, '_>) -> String {
    let text = root.document().input_text();
    let inside = root.first_child().map_or(root.range().end, |child| child.range().start);
    let mut head = text[root.range().start..inside].to_string();
    for element in root.children().filter(|node| matches!(node.tag_name().name(), "defs" | "style")) {
        head.push_str(&text[element.range()]);
    }
    head
}

/// The face parameters that move nothing in `layers`.
fn unmoved(layers: &[Layer]) -> Vec<Fault> {
    let moved: Vec<_> = layers.iter().flat_map(Layer::parameters).collect();
    let drawn =
        |parameter: &Parameter| matches!(parameter.category(), Category::Eyebrow | Category::Eye | Category::Mouth);
    let shapes = Parameter::ALL.into_iter().filter(drawn).filter(|parameter| !moved.contains(parameter));
    let irises = ["iris_left", "iris_right"];
    let missing = irises.into_iter().filter(|id| !layers.iter().any(|layer| layer.has_mover(id)));
    shapes.map(|parameter| Fault::NoShape(parameter.name())).chain(missing.map(Fault::NoIris)).collect()
}
