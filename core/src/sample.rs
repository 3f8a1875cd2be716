//! A face sample: the face that a capture source saw at one moment.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Number of `ARKit` blendshapes.
pub const BLENDSHAPE_COUNT: usize = 52;

macro_rules! blendshapes {
    ($($variant:ident $name:literal,)*) => {
        /// An `ARKit` blendshape, in the order of `capture-plugins/src/ifacialmocap/PROTOCOL.md`. Left and right are the subject's own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(usize)]
        #[expect(missing_docs, reason = "the names are the documentation: ARKit's own")]
        pub enum Blendshape { $($variant,)* }

        impl Blendshape {
            /// All blendshapes.
            pub const ALL: [Self; BLENDSHAPE_COUNT] = [$(Self::$variant,)*];

            /// `ARKit`'s name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The blendshape of `ARKit`'s name `name`, or none.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

blendshapes! {
    EyeLookInLeft "eyeLookInLeft", EyeLookOutLeft "eyeLookOutLeft", EyeLookDownLeft "eyeLookDownLeft",
    EyeLookUpLeft "eyeLookUpLeft", EyeBlinkLeft "eyeBlinkLeft", EyeSquintLeft "eyeSquintLeft",
    EyeWideLeft "eyeWideLeft",
    EyeLookInRight "eyeLookInRight", EyeLookOutRight "eyeLookOutRight", EyeLookDownRight "eyeLookDownRight",
    EyeLookUpRight "eyeLookUpRight", EyeBlinkRight "eyeBlinkRight", EyeSquintRight "eyeSquintRight",
    EyeWideRight "eyeWideRight",
    BrowDownLeft "browDownLeft", BrowOuterUpLeft "browOuterUpLeft", BrowDownRight "browDownRight",
    BrowOuterUpRight "browOuterUpRight", BrowInnerUp "browInnerUp",
    NoseSneerLeft "noseSneerLeft", NoseSneerRight "noseSneerRight",
    CheekSquintLeft "cheekSquintLeft", CheekSquintRight "cheekSquintRight", CheekPuff "cheekPuff",
    MouthLeft "mouthLeft", MouthDimpleLeft "mouthDimpleLeft", MouthFrownLeft "mouthFrownLeft",
    MouthLowerDownLeft "mouthLowerDownLeft", MouthPressLeft "mouthPressLeft", MouthSmileLeft "mouthSmileLeft",
    MouthStretchLeft "mouthStretchLeft", MouthUpperUpLeft "mouthUpperUpLeft",
    MouthRight "mouthRight", MouthDimpleRight "mouthDimpleRight", MouthFrownRight "mouthFrownRight",
    MouthLowerDownRight "mouthLowerDownRight", MouthPressRight "mouthPressRight", MouthSmileRight "mouthSmileRight",
    MouthStretchRight "mouthStretchRight", MouthUpperUpRight "mouthUpperUpRight",
    MouthClose "mouthClose", MouthFunnel "mouthFunnel", MouthPucker "mouthPucker",
    MouthRollLower "mouthRollLower", MouthRollUpper "mouthRollUpper",
    MouthShrugLower "mouthShrugLower", MouthShrugUpper "mouthShrugUpper",
    JawLeft "jawLeft", JawRight "jawRight", JawForward "jawForward", JawOpen "jawOpen", TongueOut "tongueOut",
}

/// Where the head is and how it is turned.
///
/// Rotations are extrinsic x-y-z (R = Rz Ry Rx), in degrees, with the signs of iFacialMocap's head bone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Head {
    /// Rotation about x, y, z in degrees.
    pub rotation_deg: [f64; 3],
    /// Translation along x, y, z in centimetres.
    pub translation_cm: [f64; 3],
}

/// How both eyes are turned, in degrees about x, y, z.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Eyes {
    /// The subject's left eye.
    pub left_deg: [f64; 3],
    /// The subject's right eye.
    pub right_deg: [f64; 3],
}

/// The face that a capture source saw at one moment; a plain value, copied through a latest-value slot.
///
/// Numbers are kept in `f64`, as the reference converts them, and are not clamped: the profiles clamp the pose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaceSample {
    /// When it was captured: seconds on a monotonic clock of the source's own choice.
    pub time: f64,
    /// Whether a face was seen. When not, the other fields hold their last values.
    pub tracked: bool,
    /// The blendshapes, in the order of [`Blendshape::ALL`]; nominally 0 to 1. Index the sample to read one.
    pub blendshapes: [f64; BLENDSHAPE_COUNT],
    /// The head.
    pub head: Head,
    /// The eyes.
    pub eyes: Eyes,
}

impl Default for FaceSample {
    /// A neutral, untracked face at time 0.
    fn default() -> Self {
        Self {
            time: 0.0,
            tracked: false,
            blendshapes: [0.0; BLENDSHAPE_COUNT],
            head: Head::default(),
            eyes: Eyes::default(),
        }
    }
}

impl std::ops::Index<Blendshape> for FaceSample {
    type Output = f64;

    fn index(&self, shape: Blendshape) -> &f64 {
        &self.blendshapes[shape as usize]
    }
}

impl std::ops::IndexMut<Blendshape> for FaceSample {
    fn index_mut(&mut self, shape: Blendshape) -> &mut f64 {
        &mut self.blendshapes[shape as usize]
    }
}

impl FaceSample {
    /// A neutral face, seen at `time`.
    pub fn seen_at(time: f64) -> Self {
        Self { time, tracked: true, ..Self::default() }
    }

    /// Whether every value but the time is bit-equal to `other`'s: a source whose samples stay equal is frozen.
    pub fn same_face(&self, other: &Self) -> bool {
        Self { time: 0.0, ..*self } == Self { time: 0.0, ..*other }
    }

    /// Applies `update`; absent parts keep their value, numbers that are not finite are skipped.
    ///
    /// Returns how many fields were skipped (a non-finite number, or an unknown blendshape).
    pub fn apply(&mut self, update: &SampleUpdate) -> usize {
        let mut skipped = 0;
        let mut put = |slot: &mut f64, value: f64| {
            if value.is_finite() {
                *slot = value;
            } else {
                skipped += 1;
            }
        };
        if let Some(time) = update.time {
            put(&mut self.time, time);
        }
        let mut put_all = |slots: &mut [f64; 3], values: Option<[f64; 3]>| {
            for (slot, value) in slots.iter_mut().zip(values.into_iter().flatten()) {
                put(slot, value);
            }
        };
        if let Some(head) = &update.head {
            put_all(&mut self.head.rotation_deg, head.rotation_deg);
            put_all(&mut self.head.translation_cm, head.translation_cm);
        }
        if let Some(eyes) = &update.eyes {
            put_all(&mut self.eyes.left_deg, eyes.left_deg);
            put_all(&mut self.eyes.right_deg, eyes.right_deg);
        }
        let mut unknown = 0;
        for (name, &value) in &update.blendshapes {
            match Blendshape::from_name(name) {
                Some(shape) => put(&mut self.blendshapes[shape as usize], value),
                None => unknown += 1,
            }
        }
        self.tracked = update.tracked.unwrap_or(self.tracked);
        skipped + unknown
    }

    /// The sample as a complete line of a recording.
    pub fn to_update(&self) -> SampleUpdate {
        SampleUpdate {
            time: Some(self.time),
            tracked: Some(self.tracked),
            blendshapes: Blendshape::ALL.into_iter().map(|shape| (shape.name().to_owned(), self[shape])).collect(),
            head: Some(HeadUpdate {
                rotation_deg: Some(self.head.rotation_deg),
                translation_cm: Some(self.head.translation_cm),
            }),
            eyes: Some(EyesUpdate { left_deg: Some(self.eyes.left_deg), right_deg: Some(self.eyes.right_deg) }),
        }
    }
}

/// A face sample as a line of JSON: as in recordings, `process` sources and the control service.
///
/// Every part may be absent and then keeps its last value ([`FaceSample::apply`]).
/// Unknown fields are ignored, since newer programs may send more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SampleUpdate {
    /// Seconds on the source's monotonic clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<f64>,
    /// Whether a face was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracked: Option<bool>,
    /// Blendshapes by `ARKit` name, nominally 0 to 1.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub blendshapes: BTreeMap<String, f64>,
    /// The head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<HeadUpdate>,
    /// The eyes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eyes: Option<EyesUpdate>,
}

/// The head's part of a [`SampleUpdate`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeadUpdate {
    /// See [`Head::rotation_deg`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_deg: Option<[f64; 3]>,
    /// See [`Head::translation_cm`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub translation_cm: Option<[f64; 3]>,
}

/// The eyes' part of a [`SampleUpdate`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EyesUpdate {
    /// See [`Eyes::left_deg`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_deg: Option<[f64; 3]>,
    /// See [`Eyes::right_deg`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right_deg: Option<[f64; 3]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_parts_keep_their_last_value() {
        let mut sample = FaceSample::default();
        let line =
            r#"{"time": 1.5, "tracked": true, "blendshapes": {"jawOpen": 0.5}, "head": {"rotation_deg": [1, 2, 3]}}"#;
        assert_eq!(sample.apply(&serde_json::from_str(line).expect("a sample line")), 0);
        assert_eq!(
            sample.apply(&serde_json::from_str(r#"{"blendshapes": {"cheekPuff": 1}}"#).expect("a sample line")),
            0
        );
        assert_eq!(sample[Blendshape::JawOpen], 0.5);
        assert_eq!(sample[Blendshape::CheekPuff], 1.0);
        assert_eq!(sample.head.rotation_deg, [1.0, 2.0, 3.0]);
        assert!(sample.tracked);
    }

    #[test]
    fn numbers_that_are_not_finite_and_unknown_names_are_counted() {
        let mut sample = FaceSample::default();
        sample[Blendshape::JawOpen] = 0.25;
        let mut update = SampleUpdate { time: Some(f64::NAN), ..SampleUpdate::default() };
        update.blendshapes.insert("jawOpen".to_owned(), f64::INFINITY);
        update.blendshapes.insert("nonsense".to_owned(), 1.0);
        assert_eq!(sample.apply(&update), 3);
        assert_eq!(sample[Blendshape::JawOpen], 0.25);
    }

    #[test]
    fn a_recorded_line_reads_back_to_the_same_sample() {
        let mut sample = FaceSample { time: 2.0, tracked: true, ..FaceSample::default() };
        sample[Blendshape::MouthFunnel] = 0.125;
        sample.eyes.right_deg = [1.0, -2.0, 0.5];
        let line = serde_json::to_string(&sample.to_update()).expect("a sample serialises");
        let mut back = FaceSample::default();
        back.apply(&serde_json::from_str(&line).expect("our own line"));
        assert_eq!(back, sample);
    }
}
