//! What can be wrong with layered art, told all at once and by the name of the group it is in.

/// Why an SVG file cannot be rigged: every fault that was found.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {}", list(.faults))]
pub struct RigError {
    /// The file, for people.
    pub what: String,
    /// At least one.
    pub faults: Vec<Fault>,
}

/// One thing that is wrong with layered art.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The file cannot be opened or read.
    #[error("{0}")]
    Unreadable(String),
    /// Larger than any drawing needs to be.
    #[error(
        "is larger than {limit} bytes, up to which layered art is read: simplify its paths, and leave out embedded pictures"
    )]
    TooLarge {
        /// [`super::art::LIMIT`].
        limit: u64,
    },
    /// Not XML, or XML that usvg refuses.
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
    /// A group every rig needs is not there.
    #[error("the group <g id={0:?}> is missing; every rig needs it, as a direct child of <svg>")]
    MissingGroup(&'static str),
    /// Two groups of the same name.
    #[error("the name {0:?} is used twice")]
    Twice(String),
    /// Something visible outside of any group.
    #[error(
        "<{0}> stands outside of a group with an id; whatever is visible belongs into a direct child <g id=…> of <svg>"
    )]
    Loose(String),
    /// Nothing of a group can be seen.
    #[error(
        "group {0:?} is empty: nothing in it can be seen at rest or with any of its shapes. It may refer to its own elements and to <defs>, not to other groups"
    )]
    EmptyLayer(String),
    /// An attribute of a group that cannot be understood.
    #[error("group {group:?}: {attribute}={value:?} is not understood: {want}")]
    Attribute {
        /// The group's name.
        group: String,
        /// Which one.
        attribute: &'static str,
        /// What it says.
        value: String,
        /// What it should say.
        want: &'static str,
    },
    /// A shape for a parameter that does not exist.
    #[error("shape {shape:?}: there is no pose parameter {parameter:?}{}", .nearest.as_ref().map(|n| format!("; did you mean {n:?}?")).unwrap_or_default())]
    UnknownParameter {
        /// The shape's id.
        shape: String,
        /// The part after `@`.
        parameter: String,
        /// The closest known name.
        nearest: Option<String>,
    },
    /// A shape for a path that does not exist.
    #[error("shape {shape:?}: no path with id {path:?} stands in any group{}", .nearest.as_ref().map(|n| format!("; did you mean {n:?}?")).unwrap_or_default())]
    UnknownPath {
        /// The shape's id.
        shape: String,
        /// The part before `@`.
        path: String,
        /// The closest known name.
        nearest: Option<String>,
    },
    /// Path data that cannot be read.
    #[error("path {0:?}: its d attribute is not readable path data with coordinates within the picture")]
    Path(String),
    /// A shape that its path cannot turn into.
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
    /// Nothing would move for a parameter.
    #[error("nothing is drawn for the pose parameter {0:?}: add a <path id=\"PATH@{0}\"> to the group \"keys\"")]
    NoShape(&'static str),
    /// No iris for a side.
    #[error(
        "no <g id={0:?} data-center=… data-travel=… data-small=…>: it moves with iris_rotation_x, iris_rotation_y and iris_small"
    )]
    NoIris(&'static str),
}

fn list(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
