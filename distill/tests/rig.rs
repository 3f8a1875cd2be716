//! Layered art: our own character and a very different one move in every parameter, and broken art is reported by the
//! name of the broken part.

use bunraku_core::{
    character::CharacterImage,
    pose::{Category, Parameter, Pose},
};
use bunraku_distill::{
    examples::face_mask,
    teacher::rig::{Art, Fault, LIMIT, Rig},
};

const KOHAKU: &str = include_str!("../../data/characters/kohaku/art.svg");
const ROBOT: &str = include_str!("fixtures/robot.svg");

fn rig(text: &str) -> Rig {
    Rig::new(Art::parse(text).expect("whole art")).expect("visible layers")
}

fn at(parameter: Parameter, value: f32) -> Pose {
    let mut pose = Pose::default();
    pose.0[parameter.index()] = value;
    pose
}

/// Pixels whose colour differs visibly.
fn changed(a: &[f32], b: &[f32]) -> usize {
    let pixels = a.len() / 4;
    let unlike = |i: &usize| (0..4).any(|c| (a[c * pixels + i] - b[c * pixels + i]).abs() > 0.05);
    (0..pixels).filter(unlike).count()
}

fn faults(text: &str) -> Vec<Fault> {
    Art::parse(text).and_then(|art| Rig::new(art).map(|_| ())).expect_err("broken art")
}

#[test]
fn every_parameter_is_seen_at_both_ends_of_its_range() {
    for art in [KOHAKU, ROBOT] {
        let rig = rig(art);
        let rest = rig.rest().planes;
        for parameter in Parameter::ALL {
            for end in [parameter.min(), 1.0].into_iter().filter(|end| *end != 0.0) {
                let pixels = changed(&rig.pose(&at(parameter, end)).posed, &rest);
                assert!(pixels >= 12, "{} at {end} changes {pixels} pixels", parameter.name());
            }
        }
    }
}

#[test]
fn at_rest_nothing_moves_and_nothing_is_painted() {
    let rig = rig(KOHAKU);
    let frame = rig.pose(&Pose::default());
    assert_eq!(frame.posed, rig.rest().planes);
    assert_eq!(frame.face_morphed_full, frame.posed);
    assert!(frame.grid_change.iter().all(|shift| shift.abs() < 1e-5));
    assert!(frame.alpha.iter().all(|alpha| *alpha < 1e-3));
}

#[test]
fn the_resting_picture_s_file_is_the_picture_that_is_posed() {
    for art in [KOHAKU, ROBOT] {
        let rig = rig(art);
        let file = rig.portrait().expect("encoded").picture;
        let read = CharacterImage::from_png(&file).expect("a character's picture");
        // Half a level of 255, straight colours at their steepest: linear light of sRGB rises by 2.28 there; twice, for
        // the range is 2 wide, and once more for alpha.
        let worst = rig.rest().planes.iter().zip(&read.planes).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 0.014, "{worst}");
    }
}

#[test]
fn the_face_mask_holds_all_that_eyes_and_mouth_do() {
    for art in [KOHAKU, ROBOT] {
        let rig = rig(art);
        let mask = face_mask(&rig.portrait().expect("encoded").mask).expect("a mask");
        let rest = rig.face(&Pose::default());
        let marked = mask.iter().filter(|marked| **marked > 0.0).count();
        assert!((500..128 * 128 / 2).contains(&marked), "{marked} pixels are marked");
        let moving = |parameter: &Parameter| {
            matches!(
                parameter.category(),
                Category::Eye | Category::Mouth | Category::IrisMorph | Category::IrisRotation
            )
        };
        for parameter in Parameter::ALL.into_iter().filter(moving) {
            let posed = rig.face(&at(parameter, 1.0));
            let unlike = |i: usize| (0..4).any(|c| (posed[c * 128 * 128 + i] - rest[c * 128 * 128 + i]).abs() > 0.02);
            let outside = (0..128 * 128).filter(|i| mask[*i] == 0.0 && unlike(*i)).count();
            assert_eq!(outside, 0, "{} changes pixels outside of the mask", parameter.name());
        }
    }
}

#[test]
fn the_face_window_is_a_part_of_the_resting_picture_with_that_face() {
    let rig = rig(KOHAKU);
    let mut pose = at(Parameter::MouthAaa, 1.0);
    pose.0[Parameter::HeadY.index()] = 1.0;
    let (face, full) = (rig.face(&pose), rig.pose(&pose).face_morphed_full);
    for channel in 0..4 {
        for row in 0..128 {
            let from = channel * 512 * 512 + (80 + row) * 512 + 192;
            assert_eq!(face[channel * 128 * 128 + row * 128..][..128], full[from..][..128], "row {row}");
        }
    }
}

#[test]
fn the_motion_alone_shows_most_of_a_turned_head() {
    let frame = rig(KOHAKU).pose(&at(Parameter::HeadY, 1.0));
    let painted = frame.alpha.iter().filter(|alpha| **alpha > 0.5).count();
    assert!(painted < 512 * 512 / 20, "{painted} pixels are painted");
}

#[test]
fn a_missing_group_is_named() {
    let text = KOHAKU.replace("<g id=\"mouth\"", "<g id=\"mouf\"");
    assert!(faults(&text).contains(&Fault::MissingGroup("mouth")));
}

#[test]
fn a_misspelt_parameter_is_named_with_the_nearest_known() {
    let text = KOHAKU.replacen("@eye_wink_left", "@eye_wnk_left", 1);
    let said: Vec<_> = faults(&text).iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|fault| fault.contains("eye_wnk_left") && fault.contains("eye_wink_left")), "{said:?}");
}

#[test]
fn a_shape_of_another_path_or_with_other_points_is_named() {
    let lost = KOHAKU.replacen("mouth_cavity@mouth_aaa", "mouth_cave@mouth_aaa", 1);
    assert!(faults(&lost).iter().any(|fault| matches!(fault, Fault::UnknownPath { path, .. } if path == "mouth_cave")));
    let start =
        KOHAKU.find("mouth_cavity@mouth_aaa\" d=\"").expect("the shape") + "mouth_cavity@mouth_aaa\" d=\"".len();
    let end = start + KOHAKU[start..].find('"').expect("its end");
    let other = format!("{}M 0 0 L 9 9 Z{}", &KOHAKU[..start], &KOHAKU[end..]);
    assert!(
        faults(&other).iter().any(|fault| matches!(fault, Fault::OtherCommands { path, .. } if path == "mouth_cavity"))
    );
}

#[test]
fn a_parameter_without_a_shape_and_an_eye_without_an_iris_are_named() {
    let line = |line: &&str| !line.contains("@eyebrow_angry_left");
    let text: String = KOHAKU.lines().filter(line).collect::<Vec<_>>().join("\n");
    assert_eq!(faults(&text), [Fault::NoShape("eyebrow_angry_left")]);
    let text = ROBOT.replace("id=\"iris_right\"", "id=\"pupil\"");
    assert_eq!(faults(&text), [Fault::NoIris("iris_right")]);
}

#[test]
fn an_empty_group_is_named() {
    let text = ROBOT.replace("<g id=\"neck\"", "<g id=\"tail\" data-follows=\"body\"></g>\n  <g id=\"neck\"");
    assert_eq!(faults(&text), [Fault::EmptyLayer("tail".into())]);
}

#[test]
fn loose_shapes_wrong_sizes_and_wrong_attributes_are_named() {
    let loose = ROBOT.replace("<g id=\"body\"", "<circle r=\"9\"/>\n  <g id=\"body\"");
    assert_eq!(faults(&loose), [Fault::Loose("circle".into())]);
    let wide = ROBOT.replace("width=\"512\" height=\"512\"", "width=\"1024\" height=\"512\"");
    assert!(matches!(faults(&wide).as_slice(), [Fault::Size { width, .. }] if width == "1024"));
    let lost = ROBOT.replacen("data-follows=\"neck\"", "data-follows=\"tail\"", 1);
    assert!(
        matches!(faults(&lost).as_slice(), [Fault::Attribute { group, value, .. }] if group == "neck" && value == "tail")
    );
}

#[test]
fn no_drawing_but_text_of_any_size_is_refused() {
    for text in ["", "hello", "<svg", "<html/>", "<!DOCTYPE svg [<!ENTITY a \"b\">]><svg>&a;</svg>"] {
        assert!(!faults(text).is_empty(), "{text:?}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large.svg");
    std::fs::File::create(&path).and_then(|file| file.set_len(50 << 20)).expect("a sparse file");
    let error = Rig::open(&path).expect_err("50 MB").to_string();
    assert!(error.contains("large.svg") && error.contains(&LIMIT.to_string()), "{error}");
}

#[test]
fn a_picture_linked_from_a_drawing_is_never_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret.png");
    image::RgbaImage::from_pixel(4, 4, image::Rgba([255, 0, 0, 255])).save(&secret).expect("a picture");
    let link = format!(
        "<g id=\"spy\" data-follows=\"body\"><image href=\"{}\" width=\"512\" height=\"512\"/></g>",
        secret.display()
    );
    let text = ROBOT.replace("<g id=\"neck\"", &format!("{link}\n  <g id=\"neck\""));
    assert_eq!(faults(&text), [Fault::EmptyLayer("spy".into())]);
}
