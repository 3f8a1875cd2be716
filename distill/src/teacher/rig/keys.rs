//! The group "keys": the shapes that paths take at the end of a pose parameter's range.

use super::{
    error::Fault,
    shape::{Key, Path},
};
use bunraku_core::{pose::Parameter, suggest::nearest};
use resvg::usvg::roxmltree::Node;
use std::collections::BTreeMap;

/// The id of the group of shapes, which is never drawn.
pub(super) const KEYS: &str = "keys";

/// Shapes by the id of their path.
#[derive(Debug, Default)]
pub(super) struct Keys(BTreeMap<String, Vec<Key>>);

impl Keys {
    /// Reads the shapes, `<path id="PATH@PARAMETER" d="…"/>`, and adds their faults.
    pub(super) fn read(root: Node<'_, '_>, faults: &mut Vec<Fault>) -> Self {
        let group = root.children().find(|node| node.attribute("id") == Some(KEYS));
        let mut keys = Self::default();
        let drawn: BTreeMap<_, _> = root
            .children()
            .filter(|child| child.attribute("id") != Some(KEYS))
            .flat_map(|child| child.descendants())
            .filter(|node| node.tag_name().name() == "path")
            .filter_map(|node| Some((node.attribute("id")?, node)))
            .collect();
        for shape in group.iter().flat_map(Node::descendants).filter(|node| node.tag_name().name() == "path") {
            match key(shape, &drawn) {
                Ok((path, key)) => keys.0.entry(path).or_default().push(key),
                Err(fault) => faults.push(fault),
            }
        }
        keys
    }

    /// The shapes of one path.
    pub(super) fn of(&self, path: &str) -> &[Key] {
        self.0.get(path).map_or(&[], Vec::as_slice)
    }
}

fn key(shape: Node<'_, '_>, drawn: &BTreeMap<&str, Node<'_, '_>>) -> Result<(String, Key), Fault> {
    let id = shape.attribute("id").unwrap_or_default().to_string();
    let (path, name) = id.split_once('@').unwrap_or((&id, ""));
    let parameter = Parameter::from_name(name).ok_or_else(|| Fault::UnknownParameter {
        shape: id.clone(),
        parameter: name.to_string(),
        nearest: nearest(name, Parameter::ALL.map(Parameter::name)).map(str::to_string),
    })?;
    let rest = drawn.get(path).ok_or_else(|| Fault::UnknownPath {
        shape: id.clone(),
        path: path.to_string(),
        nearest: nearest(path, drawn.keys().copied()).map(str::to_string),
    })?;
    let read = |node: Node<'_, '_>, id: &str| {
        Path::read(node.attribute("d").unwrap_or_default()).ok_or_else(|| Fault::Path(id.to_string()))
    };
    let (from, to) = (read(*rest, path)?, read(shape, &id)?);
    if from.commands != to.commands {
        let path = path.to_string();
        return Err(Fault::OtherCommands { shape: id, path, got: to.commands, want: from.commands });
    }
    let delta = to.numbers.iter().zip(&from.numbers).map(|(to, from)| to - from).collect();
    Ok((path.to_string(), Key { parameter, delta }))
}
