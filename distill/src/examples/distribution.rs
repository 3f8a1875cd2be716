//! Draws random poses to train on if there is no dataset.
//!
//! THA4's own dataset is not published. The poses of a live puppet come from the converters
//! (`core/spec/face-to-pose.md`): at most a few shapes of eyebrows, eyes and mouth at once, often none or at full
//! strength, with both sides mostly alike; gaze, head and body anywhere, often at rest or at an end. The distribution
//! covers these poses, evenly enough that no parameter is learnt only near zero:
//!
//! - eyebrows, eyes and mouth: 0, 1, 2 or 3 of the groups, with probability 0.1, 0.45, 0.3, 0.15;
//! - a group's value: uniform over [-0.1, 1.1], clamped to [0, 1], so that either end has probability 1/12;
//! - a group of two sides: equal values with probability 0.6, one side alone 0.2, independent values 0.2;
//! - irises: small with probability 0.3, as a group;
//! - rotations: at rest with probability 0.1, else uniform over [-1.1, 1.1], clamped to [-1, 1];
//! - breathing: uniform over [-0.1, 1.1], clamped to [0, 1].

use super::Random;
use bunraku_core::pose::{Parameter, Pose};

/// A single parameter, or a pair of left and right.
type Group = (Parameter, Option<Parameter>);

const fn pair(left: Parameter, right: Parameter) -> Group {
    (left, Some(right))
}

const EYEBROWS: [Group; 6] = [
    pair(Parameter::EyebrowTroubledLeft, Parameter::EyebrowTroubledRight),
    pair(Parameter::EyebrowAngryLeft, Parameter::EyebrowAngryRight),
    pair(Parameter::EyebrowLoweredLeft, Parameter::EyebrowLoweredRight),
    pair(Parameter::EyebrowRaisedLeft, Parameter::EyebrowRaisedRight),
    pair(Parameter::EyebrowHappyLeft, Parameter::EyebrowHappyRight),
    pair(Parameter::EyebrowSeriousLeft, Parameter::EyebrowSeriousRight),
];

const EYES: [Group; 6] = [
    pair(Parameter::EyeWinkLeft, Parameter::EyeWinkRight),
    pair(Parameter::EyeHappyWinkLeft, Parameter::EyeHappyWinkRight),
    pair(Parameter::EyeSurprisedLeft, Parameter::EyeSurprisedRight),
    pair(Parameter::EyeRelaxedLeft, Parameter::EyeRelaxedRight),
    pair(Parameter::EyeUnimpressedLeft, Parameter::EyeUnimpressedRight),
    pair(Parameter::EyeRaisedLowerEyelidLeft, Parameter::EyeRaisedLowerEyelidRight),
];

const MOUTH: [Group; 9] = [
    (Parameter::MouthAaa, None),
    (Parameter::MouthIii, None),
    (Parameter::MouthUuu, None),
    (Parameter::MouthEee, None),
    (Parameter::MouthOoo, None),
    (Parameter::MouthDelta, None),
    pair(Parameter::MouthLoweredCornerLeft, Parameter::MouthLoweredCornerRight),
    pair(Parameter::MouthRaisedCornerLeft, Parameter::MouthRaisedCornerRight),
    (Parameter::MouthSmirk, None),
];

const IRISES: Group = pair(Parameter::IrisSmallLeft, Parameter::IrisSmallRight);

const ROTATIONS: [Parameter; 7] = [
    Parameter::IrisRotationX,
    Parameter::IrisRotationY,
    Parameter::HeadX,
    Parameter::HeadY,
    Parameter::NeckZ,
    Parameter::BodyY,
    Parameter::BodyZ,
];

/// A random pose from the distribution above, with every value in its parameter's range.
pub fn drawn_pose(random: &mut Random) -> Pose {
    let mut pose = Pose::default();
    for groups in [&EYEBROWS[..], &EYES, &MOUTH] {
        let order = random.permutation(groups.len());
        let count = active(random);
        for index in &order[..count] {
            set(&mut pose, groups[*index as usize], random);
        }
    }
    if random.chance(0.3) {
        set(&mut pose, IRISES, random);
    }
    for rotation in ROTATIONS {
        if !random.chance(0.1) {
            pose[rotation] = (random.unit() * 2.2 - 1.1).clamp(-1.0, 1.0);
        }
    }
    pose[Parameter::Breathing] = morph(random);
    pose
}

/// The number of groups of a kind that are not at rest.
fn active(random: &mut Random) -> usize {
    match random.unit() {
        u if u < 0.1 => 0,
        u if u < 0.55 => 1,
        u if u < 0.85 => 2,
        _ => 3,
    }
}

fn morph(random: &mut Random) -> f32 {
    (random.unit() * 1.2 - 0.1).clamp(0.0, 1.0)
}

fn set(pose: &mut Pose, (left, right): Group, random: &mut Random) {
    pose[left] = morph(random);
    let Some(right) = right else { return };
    match random.unit() {
        u if u < 0.6 => pose[right] = pose[left],
        u if u < 0.7 => {}
        u if u < 0.8 => (pose[left], pose[right]) = (0.0, pose[left]),
        _ => pose[right] = morph(random),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Use;
    use super::*;

    fn poses() -> Vec<Pose> {
        (0..4000).map(|index| drawn_pose(&mut Random::new(3, Use::Poses, index))).collect()
    }

    #[test]
    fn every_parameter_moves_within_its_range_and_reaches_its_ends() {
        let poses = poses();
        for parameter in Parameter::ALL {
            let values = || poses.iter().map(|pose| pose[parameter]);
            assert_eq!(values().fold(f32::INFINITY, f32::min), parameter.min(), "{parameter:?}");
            assert_eq!(values().fold(f32::NEG_INFINITY, f32::max), Parameter::MAX, "{parameter:?}");
            let moving = values().filter(|value| *value != 0.0).count();
            assert!(moving > 400, "{parameter:?} moves in {moving} of 4000");
        }
    }

    #[test]
    fn few_shapes_move_at_once_and_sides_are_mostly_alike() {
        let poses = poses();
        for groups in [&EYEBROWS[..], &EYES, &MOUTH] {
            let moving = |pose: &Pose| {
                let moves =
                    |(left, right): &&Group| pose[*left] != 0.0 || right.is_some_and(|right| pose[right] != 0.0);
                groups.iter().filter(moves).count()
            };
            assert!(poses.iter().all(|pose| moving(pose) <= 3));
            assert!(poses.iter().any(|pose| moving(pose) == 0) && poses.iter().any(|pose| moving(pose) == 3));
        }
        let winks =
            poses.iter().filter(|pose| pose[Parameter::EyeWinkLeft] > 0.0 || pose[Parameter::EyeWinkRight] > 0.0);
        let (alike, apart): (Vec<&Pose>, Vec<&Pose>) =
            winks.partition(|pose| pose[Parameter::EyeWinkLeft] == pose[Parameter::EyeWinkRight]);
        assert!(alike.len() > apart.len() && apart.len() > 100);
    }
}
