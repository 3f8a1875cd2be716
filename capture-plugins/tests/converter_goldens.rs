//! The profiles against the reference converters' own output (`core/spec/goldens.md`, `converters/*.json`).

use bunraku_capture::{find_profile, ifacialmocap, mediapipe};
use bunraku_core::{
    pose::{POSE_LEN, Parameter},
    profile::{PoseMapper, Profile, ProfileSettings, mouth},
    sample::{Blendshape, FaceSample},
};
use bunraku_test_support::shared;
use serde_json::Value;

const SECTIONS: [&str; 4] = ["default", "changed_args", "breathing", "odd_packets"];
const TOLERANCE: f64 = 1e-5;
const FITTED: [Parameter; 4] = [Parameter::MouthAaa, Parameter::MouthIii, Parameter::MouthUuu, Parameter::MouthOoo];

/// A golden file's cases that have a pose; `None` without the reference data.
fn cases(profile: Profile) -> Option<Vec<Value>> {
    let path = shared(format!("tha4/golden/converters/{}.json", profile.name))?;
    let text = std::fs::read_to_string(path).expect("a golden file can be read");
    let golden: Value = serde_json::from_str(&text).expect("a golden file is JSON");
    let all = SECTIONS.iter().filter_map(|section| golden[section].as_array()).flatten();
    let cases: Vec<_> = all.filter(|case| !case["pose"].is_null()).cloned().collect();
    assert!(!cases.is_empty(), "{}: no golden case has a pose", profile.name);
    Some(cases)
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn sample(profile: Profile, case: &Value) -> FaceSample {
    if profile == ifacialmocap::PROFILE {
        return sample_of_parsed(&case["parsed"]);
    }
    let flat: Vec<f64> = case["matrix_row_major"].as_array().expect("rows").iter().flat_map(row).collect();
    let line = serde_json::json!({"blendshapes": case["blendshapes"], "matrix": flat}).to_string();
    let info = find_profile(profile.name).expect("a known profile");
    (info.lines.parse)(line.as_bytes()).expect("a detection")
}

fn row(row: &Value) -> Vec<f64> {
    row.as_array().expect("a row").iter().map(number).collect()
}

/// Numbers that are not finite are written as strings in the goldens, and are skipped like any source's.
fn sample_of_parsed(parsed: &Value) -> FaceSample {
    let mut sample = FaceSample { tracked: true, ..FaceSample::default() };
    for shape in Blendshape::ALL {
        sample[shape] = parsed[shape.name()].as_f64().unwrap_or(0.0);
    }
    let bones = ["headBoneX", "headBoneY", "headBoneZ"];
    sample.head.rotation_deg = bones.map(|bone| number(&parsed[bone]).to_degrees());
    sample
}

fn settings(case: &Value, reference_quirks: bool) -> ProfileSettings {
    let mut settings: ProfileSettings = match &case["args"] {
        Value::Null => ProfileSettings::default(),
        args => serde_json::from_value(args.clone()).expect("the reference's arguments"),
    };
    settings.reference_quirks = reference_quirks;
    settings
}

/// The four fitted values as the exact weights make them, where the reference's optimiser stalled.
fn exact_mouth(case: &Value, settings: &ProfileSettings) -> Option<[f64; 4]> {
    if case["mouth"]["reference_converged"].as_bool() != Some(false) {
        return None;
    }
    let [aaa, iii, uuu, ooo]: [f64; 4] = row(&case["mouth"]["exact_weights"]).try_into().expect("four weights");
    let range = settings.mouth_funnel_max - settings.mouth_funnel_min;
    let funnel = number(&case["mouth"]["target"][2]);
    let wide = ((funnel - settings.mouth_funnel_min) / range).clamp(0.0, 1.0);
    let rounded = (uuu + ooo).clamp(0.0, 1.0);
    Some([aaa, iii, rounded * (1.0 - wide), rounded * wide])
}

fn expected(case: &Value, settings: &ProfileSettings) -> [f64; POSE_LEN] {
    let mut pose: [f64; POSE_LEN] = row(&case["pose"]).try_into().expect("45 numbers");
    for (parameter, value) in FITTED.into_iter().zip(exact_mouth(case, settings).into_iter().flatten()) {
        pose[parameter.index()] = value;
    }
    pose
}

/// The parameters whose value may differ from the golden's, and why.
fn excused(case: &Value) -> Vec<Parameter> {
    // Breathing has a clock; the mapper has none. `breathing.rs` tests it against the same goldens.
    let mut parameters = vec![Parameter::Breathing];
    if case["id"] == "ifacialmocap_odd_nan_inf" {
        // The reference lets NaN and infinity through to a closed eye; here they are skipped.
        parameters.extend([Parameter::EyeWinkLeft, Parameter::EyeHappyWinkLeft]);
        parameters.extend([Parameter::EyeWinkRight, Parameter::EyeHappyWinkRight]);
    }
    parameters
}

fn differing(profile: Profile, case: &Value, quirks: bool) -> Vec<Parameter> {
    let settings = settings(case, quirks);
    let expected = expected(case, &settings);
    let pose = PoseMapper::new(profile, settings).map(&sample(profile, case));
    let excused = excused(case);
    let all = Parameter::ALL.into_iter().filter(|parameter| !excused.contains(parameter));
    all.filter(|&parameter| {
        let tolerance = if FITTED.contains(&parameter) { 1e-4 } else { TOLERANCE };
        (f64::from(pose[parameter]) - expected[parameter.index()]).abs() > tolerance
    })
    .collect()
}

#[test]
fn golden_poses_match_with_quirks() {
    for profile in [ifacialmocap::PROFILE, mediapipe::PROFILE] {
        for case in cases(profile).into_iter().flatten() {
            assert_eq!(differing(profile, &case, true), [], "{}", case["id"]);
        }
    }
}

#[test]
fn golden_poses_differ_without_quirks_only_where_defects_are_mended() {
    let frown = [Parameter::MouthLoweredCornerLeft, Parameter::MouthLoweredCornerRight];
    let head = [Parameter::HeadX, Parameter::HeadY, Parameter::NeckZ, Parameter::BodyY, Parameter::BodyZ];
    let mut mended = 0;
    for (profile, allowed) in [(ifacialmocap::PROFILE, &frown[..]), (mediapipe::PROFILE, &head[..])] {
        let Some(cases) = cases(profile) else { return };
        for case in cases {
            let differing = differing(profile, &case, false);
            assert!(differing.iter().all(|parameter| allowed.contains(parameter)), "{}: {differing:?}", case["id"]);
            if profile == mediapipe::PROFILE && !differing.is_empty() {
                let offset =
                    ["head_x_offset", "head_y_offset", "head_z_offset"].map(|name| number(&case["args"][name]));
                assert_ne!(offset, [0.0; 3], "{}: {differing:?}", case["id"]);
            }
            mended += usize::from(!differing.is_empty());
        }
    }
    assert!(mended > 0, "the goldens show no defect of the reference");
}

#[test]
fn golden_mouth_fits_are_exact_and_no_worse_than_the_reference() {
    let mut fits = 0;
    for case in [ifacialmocap::PROFILE, mediapipe::PROFILE].into_iter().filter_map(cases).flatten() {
        let golden = &case["mouth"];
        if golden.is_null() {
            continue;
        }
        let target = row(&golden["target"]).try_into().expect("four measures");
        let weights = mouth::fit(target);
        let objective = mouth::objective(&weights, &target);
        assert!(objective <= number(&golden["reference_objective"]) + 1e-12, "{}", case["id"]);
        for (weight, exact) in weights.into_iter().zip(row(&golden["exact_weights"])) {
            assert!((weight - exact).abs() < 1e-9, "{}: {weights:?}", case["id"]);
        }
        fits += 1;
    }
    assert!(fits > 0 || cases(mediapipe::PROFILE).is_none(), "no golden has a mouth");
}
