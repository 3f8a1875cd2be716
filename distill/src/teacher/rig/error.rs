//! The faults of layered art, all reported at once and by the name of their group.

use bunraku_core::suggest::did_you_mean;

/// Why an SVG file cannot be rigged: all faults found.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {}", list(.faults))]
pub struct RigError {
    /// The file, for messages.
    pub what: String,
    /// At least one.
    pub faults: Vec<Fault>,
}

/// A fault of layered art.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The file cannot be opened or read.
    #[error("{0}")]
    Unreadable(String),
    /// Too large.
    #[error(
        "is larger than {limit} bytes, the limit for layered art: simplify its paths, and remove embedded pictures"
    )]
    TooLarge {
        /// [`super::art::LIMIT`].
        limit: u64,
    },
    /// Not XML, or XML that usvg rejects.
    #[error("not a readable SVG: {0}")]
    Svg(String),
    /// The picture is not 512 x 512.
    #[error(
        "the picture must be 512 x 512 with viewBox=\"0 0 512 512\", this one has width {width:?}, height {height:?}, viewBox {view_box:?}"
    )]
    Size {
        /// As written.
        width: String,
        /// As written.
        height: String,
        /// As written.
        view_box: String,
    },
    /// A required group is missing.
    #[error("the group <g id={0:?}> is missing; every rig needs it as a direct child of <svg>")]
    MissingGroup(&'static str),
    /// Two groups of the same name.
    #[error("the name {0:?} is used twice")]
    Twice(String),
    /// A visible element outside any group.
    #[error("<{0}> is outside any group with an id; put everything visible into a direct child <g id=…> of <svg>")]
    Loose(String),
    /// A group without anything visible.
    #[error(
        "group {0:?} is empty: nothing in it is visible, at rest or with any of its shapes. It can refer to its own elements and to <defs>, but not to other groups"
    )]
    EmptyLayer(String),
    /// An invalid attribute of a group.
    #[error("group {group:?}: {attribute}={value:?} is invalid: expected {want}")]
    Attribute {
        /// The group's name.
        group: String,
        /// The attribute.
        attribute: &'static str,
        /// Its value.
        value: String,
        /// The expected value.
        want: &'static str,
    },
    /// A shape for a parameter that does not exist.
    #[error("shape {shape:?}: there is no pose parameter {parameter:?}{}", did_you_mean(.nearest.as_deref()))]
    UnknownParameter {
        /// The shape's id.
        shape: String,
        /// The part after `@`.
        parameter: String,
        /// The closest known name.
        nearest: Option<String>,
    },
    /// A shape for a path that does not exist.
    #[error("shape {shape:?}: no group has a path with the id {path:?}{}", did_you_mean(.nearest.as_deref()))]
    UnknownPath {
        /// The shape's id.
        shape: String,
        /// The part before `@`.
        path: String,
        /// The closest known name.
        nearest: Option<String>,
    },
    /// Unreadable path data.
    #[error("path {0:?}: its d attribute is not valid path data with coordinates inside the picture")]
    Path(String),
    /// A shape with other commands than its path.
    #[error(
        "shape {shape:?}: its commands ({got}) are not those of {path:?} ({want}); draw it by moving the points of a copy, without adding or removing any"
    )]
    OtherCommands {
        /// The shape's id.
        shape: String,
        /// The path at rest.
        path: String,
        /// Commands of the shape.
        got: String,
        /// Commands of the path.
        want: String,
    },
    /// A parameter without a shape.
    #[error("the pose parameter {0:?} has no shape: add a <path id=\"PATH@{0}\"> to the group \"keys\"")]
    NoShape(&'static str),
    /// An eye without an iris.
    #[error(
        "no <g id={0:?} data-center=… data-travel=… data-small=…>: it moves with iris_rotation_x, iris_rotation_y and iris_small"
    )]
    NoIris(&'static str),
}

fn list(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
