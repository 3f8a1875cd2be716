//! The 45 THA pose parameters: names, groups, order and ranges (`core/spec/pose-parameters.md`).

use crate::channel::Channel;
use serde::{Deserialize, Serialize};

/// Number of pose parameters of a THA student.
pub const POSE_LEN: usize = 45;

/// Number of leading parameters that the face morpher reads (`core/spec/student.md`).
pub const FACE_POSE_LEN: usize = 39;

/// What a pose parameter moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// Eyebrow shapes.
    Eyebrow,
    /// Eyelid shapes.
    Eye,
    /// Size of the iris.
    IrisMorph,
    /// Mouth shapes.
    Mouth,
    /// Direction of the gaze.
    IrisRotation,
    /// Head and neck.
    FaceRotation,
    /// Torso.
    BodyRotation,
    /// The chest's rise.
    Breathing,
}

macro_rules! parameters {
    ($($variant:ident $name:literal $category:ident $min:literal;)*) => {
        /// A pose parameter; its discriminant is its index in a [`Pose`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(usize)]
        #[expect(missing_docs, reason = "the names are the documentation: THA's own")]
        pub enum Parameter { $($variant,)* }

        impl Parameter {
            /// All parameters, in the order of the student's input.
            pub const ALL: [Self; POSE_LEN] = [$(Self::$variant,)*];

            /// THA's name: the group, with `_left` or `_right` (the subject's own) where it has two sides.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What the parameter moves.
            pub const fn category(self) -> Category {
                match self { $(Self::$variant => Category::$category,)* }
            }

            /// Least value, inclusive: 0, or -1 for rotations.
            pub const fn min(self) -> f32 {
                match self { $(Self::$variant => $min,)* }
            }
        }
    };
}

parameters! {
    EyebrowTroubledLeft "eyebrow_troubled_left" Eyebrow 0.0;
    EyebrowTroubledRight "eyebrow_troubled_right" Eyebrow 0.0;
    EyebrowAngryLeft "eyebrow_angry_left" Eyebrow 0.0;
    EyebrowAngryRight "eyebrow_angry_right" Eyebrow 0.0;
    EyebrowLoweredLeft "eyebrow_lowered_left" Eyebrow 0.0;
    EyebrowLoweredRight "eyebrow_lowered_right" Eyebrow 0.0;
    EyebrowRaisedLeft "eyebrow_raised_left" Eyebrow 0.0;
    EyebrowRaisedRight "eyebrow_raised_right" Eyebrow 0.0;
    EyebrowHappyLeft "eyebrow_happy_left" Eyebrow 0.0;
    EyebrowHappyRight "eyebrow_happy_right" Eyebrow 0.0;
    EyebrowSeriousLeft "eyebrow_serious_left" Eyebrow 0.0;
    EyebrowSeriousRight "eyebrow_serious_right" Eyebrow 0.0;
    EyeWinkLeft "eye_wink_left" Eye 0.0;
    EyeWinkRight "eye_wink_right" Eye 0.0;
    EyeHappyWinkLeft "eye_happy_wink_left" Eye 0.0;
    EyeHappyWinkRight "eye_happy_wink_right" Eye 0.0;
    EyeSurprisedLeft "eye_surprised_left" Eye 0.0;
    EyeSurprisedRight "eye_surprised_right" Eye 0.0;
    EyeRelaxedLeft "eye_relaxed_left" Eye 0.0;
    EyeRelaxedRight "eye_relaxed_right" Eye 0.0;
    EyeUnimpressedLeft "eye_unimpressed_left" Eye 0.0;
    EyeUnimpressedRight "eye_unimpressed_right" Eye 0.0;
    EyeRaisedLowerEyelidLeft "eye_raised_lower_eyelid_left" Eye 0.0;
    EyeRaisedLowerEyelidRight "eye_raised_lower_eyelid_right" Eye 0.0;
    IrisSmallLeft "iris_small_left" IrisMorph 0.0;
    IrisSmallRight "iris_small_right" IrisMorph 0.0;
    MouthAaa "mouth_aaa" Mouth 0.0;
    MouthIii "mouth_iii" Mouth 0.0;
    MouthUuu "mouth_uuu" Mouth 0.0;
    MouthEee "mouth_eee" Mouth 0.0;
    MouthOoo "mouth_ooo" Mouth 0.0;
    MouthDelta "mouth_delta" Mouth 0.0;
    MouthLoweredCornerLeft "mouth_lowered_corner_left" Mouth 0.0;
    MouthLoweredCornerRight "mouth_lowered_corner_right" Mouth 0.0;
    MouthRaisedCornerLeft "mouth_raised_corner_left" Mouth 0.0;
    MouthRaisedCornerRight "mouth_raised_corner_right" Mouth 0.0;
    MouthSmirk "mouth_smirk" Mouth 0.0;
    IrisRotationX "iris_rotation_x" IrisRotation -1.0;
    IrisRotationY "iris_rotation_y" IrisRotation -1.0;
    HeadX "head_x" FaceRotation -1.0;
    HeadY "head_y" FaceRotation -1.0;
    NeckZ "neck_z" FaceRotation -1.0;
    BodyY "body_y" BodyRotation -1.0;
    BodyZ "body_z" BodyRotation -1.0;
    Breathing "breathing" Breathing 0.0;
}

impl Parameter {
    /// Greatest value, inclusive; the same for every parameter.
    pub const MAX: f32 = 1.0;

    /// The parameters that have two sides, left and right.
    pub const SIDES: [(Self, Self); 15] = [
        (Self::EyebrowTroubledLeft, Self::EyebrowTroubledRight),
        (Self::EyebrowAngryLeft, Self::EyebrowAngryRight),
        (Self::EyebrowLoweredLeft, Self::EyebrowLoweredRight),
        (Self::EyebrowRaisedLeft, Self::EyebrowRaisedRight),
        (Self::EyebrowHappyLeft, Self::EyebrowHappyRight),
        (Self::EyebrowSeriousLeft, Self::EyebrowSeriousRight),
        (Self::EyeWinkLeft, Self::EyeWinkRight),
        (Self::EyeHappyWinkLeft, Self::EyeHappyWinkRight),
        (Self::EyeSurprisedLeft, Self::EyeSurprisedRight),
        (Self::EyeRelaxedLeft, Self::EyeRelaxedRight),
        (Self::EyeUnimpressedLeft, Self::EyeUnimpressedRight),
        (Self::EyeRaisedLowerEyelidLeft, Self::EyeRaisedLowerEyelidRight),
        (Self::IrisSmallLeft, Self::IrisSmallRight),
        (Self::MouthLoweredCornerLeft, Self::MouthLoweredCornerRight),
        (Self::MouthRaisedCornerLeft, Self::MouthRaisedCornerRight),
    ];

    /// The parameters that turn or lean sideways; the sign tells to which side.
    pub const SIDEWAYS: [Self; 5] = [Self::IrisRotationY, Self::HeadY, Self::NeckZ, Self::BodyY, Self::BodyZ];

    /// Index in a [`Pose`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The channel of the face that it belongs to.
    pub const fn channel(self) -> Channel {
        match self.category() {
            Category::Eyebrow => Channel::Brows,
            Category::Eye | Category::IrisMorph => Channel::Eyes,
            Category::Mouth => Channel::Mouth,
            Category::IrisRotation => Channel::Gaze,
            Category::FaceRotation => Channel::Head,
            Category::BodyRotation | Category::Breathing => Channel::Torso,
        }
    }

    /// The parameter of THA's name `name`, or none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| parameter.name() == name)
    }

    /// `value` moved into the parameter's range; NaN becomes 0, which is in every range.
    pub fn clamp(self, value: f32) -> f32 {
        if value.is_nan() { 0.0 } else { value.clamp(self.min(), Self::MAX) }
    }
}

/// One value for each of the 45 pose parameters, in the student's order. The rest pose is all zeros.
///
/// A pose may leave the parameters' ranges (a student takes any finite number); [`Pose::clamped`] brings it back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pose(#[serde(with = "pose_array")] pub [f32; POSE_LEN]);

impl Default for Pose {
    fn default() -> Self {
        Self([0.0; POSE_LEN])
    }
}

impl std::ops::Index<Parameter> for Pose {
    type Output = f32;

    fn index(&self, parameter: Parameter) -> &f32 {
        &self.0[parameter.index()]
    }
}

impl std::ops::IndexMut<Parameter> for Pose {
    fn index_mut(&mut self, parameter: Parameter) -> &mut f32 {
        &mut self.0[parameter.index()]
    }
}

impl Pose {
    /// The pose with every value moved into its parameter's range.
    #[must_use]
    pub fn clamped(mut self) -> Self {
        for parameter in Parameter::ALL {
            self[parameter] = parameter.clamp(self[parameter]);
        }
        self
    }

    /// The pose a fraction `t` of the way from `self` to `other`: `t` = 0 is `self`, 1 is `other`.
    #[must_use]
    pub fn lerp(&self, other: &Self, t: f32) -> Self {
        let mut out = *self;
        for (value, target) in out.0.iter_mut().zip(&other.0) {
            *value += (target - *value) * t;
        }
        out
    }

    /// The pose as a mirror shows it: left and right change places, and sideways turns are reversed.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        let mut out = *self;
        for (left, right) in Parameter::SIDES {
            (out[left], out[right]) = (self[right], self[left]);
        }
        for parameter in Parameter::SIDEWAYS {
            out[parameter] = -self[parameter];
        }
        out
    }

    /// Whether every value is a finite number.
    pub fn is_finite(&self) -> bool {
        self.0.iter().all(|value| value.is_finite())
    }
}

/// Serde reads arrays of up to 32 items only: the 45 numbers go through a slice. Errors give a wrong count.
mod pose_array {
    use super::POSE_LEN;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(values: &[f32; POSE_LEN], to: S) -> Result<S::Ok, S::Error> {
        values.as_slice().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[f32; POSE_LEN], D::Error> {
        let values = Vec::<f32>::deserialize(from)?;
        let count = values.len();
        values.try_into().map_err(|_| D::Error::custom(format!("a pose has {POSE_LEN} numbers, this one has {count}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_by_their_names() {
        for (index, parameter) in Parameter::ALL.into_iter().enumerate() {
            assert_eq!(parameter.index(), index);
            assert_eq!(Parameter::from_name(parameter.name()), Some(parameter));
        }
        assert_eq!(Parameter::from_name("head_w"), None);
    }

    #[test]
    fn clamping_brings_any_number_into_range() {
        let mut pose = Pose([7.0; POSE_LEN]);
        pose[Parameter::HeadX] = f32::NAN;
        pose[Parameter::NeckZ] = f32::NEG_INFINITY;
        let pose = pose.clamped();
        assert_eq!(pose[Parameter::HeadX], 0.0);
        assert_eq!(pose[Parameter::NeckZ], -1.0);
        assert_eq!(pose[Parameter::MouthAaa], 1.0);
    }

    #[test]
    fn mirroring_swaps_sides_and_reverses_turns() {
        let mut pose = Pose::default();
        pose[Parameter::EyeWinkLeft] = 0.75;
        pose[Parameter::HeadX] = 0.5;
        pose[Parameter::HeadY] = 0.25;
        let mirrored = pose.mirrored();
        assert_eq!(mirrored[Parameter::EyeWinkRight], 0.75);
        assert_eq!(mirrored[Parameter::EyeWinkLeft], 0.0);
        assert_eq!((mirrored[Parameter::HeadX], mirrored[Parameter::HeadY]), (0.5, -0.25));
        assert_eq!(mirrored.mirrored(), pose);
        let sided = Parameter::ALL.into_iter().filter(|parameter| parameter.name().ends_with("_left"));
        assert!(sided.eq(Parameter::SIDES.into_iter().map(|(left, _)| left)));
    }

    #[test]
    fn a_pose_of_44_numbers_is_refused_with_the_count() {
        let text = serde_json::to_string(&vec![0.0_f32; 44]).expect("numbers serialise");
        let error = serde_json::from_str::<Pose>(&text).expect_err("44 is not 45").to_string();
        assert!(error.contains("45") && error.contains("44"), "{error}");
    }
}
