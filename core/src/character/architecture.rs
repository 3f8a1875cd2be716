//! The shapes of a student's two networks, as stacks of per-pixel linear layers (`core/spec/student.md`).

/// A 1x1 convolution, that is a linear layer applied to each pixel: `y = W x + b`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// Number of input channels.
    pub inputs: usize,
    /// Number of output channels.
    pub outputs: usize,
    /// `[outputs, inputs]`, row-major.
    pub weight: Vec<f32>,
    /// `[outputs]`.
    pub bias: Vec<f32>,
}

/// The face morpher: sine layers `y = sin(30 (W x + b))`, then a linear one to 4 channels.
///
/// Inputs of the first layer: position x, y, then pose parameters 0 to 38. Evaluated on the 128 x 128 face window.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceMorpher {
    /// At least one; the published students have eight of width 128.
    pub sine: Vec<Linear>,
    /// To the 4 channels of the picture's convention.
    pub last: Linear,
}

/// The body morpher: three levels of sine layers on grids of 128, 256 and 512, then a linear layer to 7 channels
/// (grid change x, y; alpha; colour change RGBA).
///
/// Inputs of a level's first layer: the features of the level below, upsampled (none at level 0), then position x, y,
/// then all 45 pose parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct BodyMorpher {
    /// The sine layers of each of the three levels, at least one each; the published students have three.
    pub levels: [Vec<Linear>; 3],
    /// To the 7 channels above.
    pub last: Linear,
}

impl Linear {
    /// Number of weights and biases.
    pub fn parameters(&self) -> usize {
        self.weight.len() + self.bias.len()
    }
}

impl FaceMorpher {
    /// All layers, from first to last.
    pub fn layers(&self) -> impl Iterator<Item = &Linear> {
        self.sine.iter().chain([&self.last])
    }
}

impl BodyMorpher {
    /// All layers, from the lowest level's first to last.
    pub fn layers(&self) -> impl Iterator<Item = &Linear> {
        self.levels.iter().flatten().chain([&self.last])
    }
}
