//! The losses of real students against the formula teacher, and their gradients, compared with the reference's
//! (`distill/spec/distiller.md` and `core/spec/goldens.md`).
//!
//! The teacher poses two pictures on the CPU, which takes most of this test's half minute.

use bunraku_core::character::{CharacterModel, FACE_SIZE, IMAGE_SIZE};
use bunraku_distill::{
    backend::Cpu,
    examples::face_mask,
    loss::{BodyTarget, BodyWeights, FaceTarget, FaceWeights, Loss},
    ops::Window,
    student::{BodyMorpher, FaceMorpher, Linear},
    teacher::{
        Posed,
        tha4::{self, Tha4Settings},
    },
};
use bunraku_test_support::shared;
use burn::{
    backend::{Autodiff, autodiff::grads::Gradients},
    tensor::{Tensor, TensorData},
};
use burn_flex::FlexDevice;
use serde_json::Value;

type B = Autodiff<Cpu>;

const DEVICE: FlexDevice = FlexDevice;

/// Equal within a thousandth.
fn assert_near(what: &str, expected: &Value, found: f64) {
    let expected = expected.as_f64().unwrap_or_else(|| panic!("{what} is a number"));
    println!("{what}: {found} beside {expected}");
    assert!((found - expected).abs() <= 1e-3 * expected.abs(), "{what}: {expected} expected, {found} found");
}

fn number<const D: usize>(tensor: &Tensor<B, D>) -> f64 {
    f64::from(tensor.clone().inner().into_data().iter::<f32>().sum::<f32>())
}

/// Terms by the reference's names.
fn assert_terms(logged: &Value, loss: &Loss<B>, name: impl Fn(&str) -> String) {
    for (term, value) in &loss.terms {
        assert_near(term, &logged[name(term)], number(value));
    }
    assert_near("loss", &logged["loss"], number(&loss.total));
}

/// A gradient's norm. It may differ more than the losses: where student and teacher nearly agree, the last bits of the
/// teacher decide the sign of an L1 term. PyTorch with another implementation of the teacher is itself 1.1 % off.
fn assert_norm(name: &str, golden: &Value, gradient: &[f32]) {
    let norm = gradient.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt();
    let expected = golden["l2"].as_f64().unwrap_or_else(|| panic!("{name} has a norm"));
    assert!((norm - expected).abs() <= 2e-2 * expected, "{name}: norm {expected} expected, {norm} found");
}

fn assert_layer(name: &str, golden: &Value, layer: &Linear<B>, grads: &Gradients) {
    let values = |data: TensorData| data.to_vec::<f32>().expect("float32");
    let weight = layer.weight.grad(grads).expect("a gradient").into_data();
    assert_norm(name, &golden[format!("{name}.weight")], &values(weight));
    let bias = layer.bias.grad(grads).expect("a gradient").into_data();
    assert_norm(name, &golden[format!("{name}.bias")], &values(bias));
}

fn face(golden: &Value, student: &FaceMorpher<B>, poses: &Tensor<B, 2>, face: Tensor<B, 4>, mask: Tensor<B, 4>) {
    let weights = FaceWeights { full: 1.0, eye_mouth: 20.0 };
    let loss = student.loss(poses.clone(), &FaceTarget { face, mask }, weights, Window::whole(FACE_SIZE));
    assert_terms(&golden["logged"], &loss, |term| format!("{term}_loss"));
    let (grads, golden) = (loss.total.backward(), &golden["gradients"]);
    for (index, layer) in student.sine.iter().enumerate() {
        assert_layer(&format!("siren.sine_layers.{index}.linear"), golden, layer, &grads);
    }
    assert_layer("siren.last_linear", golden, &student.last, &grads);
}

fn body(phase: &Value, student: &BodyMorpher<B>, poses: &Tensor<B, 2>, target: &BodyTarget<B>) {
    let weight = |term: &str| phase["weights"][format!("full_{term}")].as_f64().expect("a weight") as f32;
    let weights = BodyWeights {
        blended: weight("blended"),
        warped: weight("warped"),
        grid_change: weight("grid_change"),
        color_change: weight("color_change"),
    };
    let loss = student.loss(poses.clone(), target, weights, Window::whole(IMAGE_SIZE));
    assert_terms(&phase["logged"], &loss, |term| format!("full_{term}_loss"));
    let Some(golden) = phase.get("gradients") else { return };
    let grads = loss.total.backward();
    for (level, layers) in student.levels.iter().enumerate() {
        for (index, layer) in layers.iter().enumerate() {
            assert_layer(&format!("siren_layers.{level}.{index}.linear"), golden, layer, &grads);
        }
    }
    assert_layer("last_linear", golden, &student.last, &grads);
}

#[test]
fn golden_losses_and_gradients_match() {
    let Some(tha4) = shared("tha4") else { return };
    let golden = std::fs::read_to_string(tha4.join("golden/teacher/losses.json")).expect("the goldens of the losses");
    let golden: Value = serde_json::from_str(&golden).expect("JSON");
    let poses: Vec<Vec<f32>> = serde_json::from_value(golden["batch"]["poses"].clone()).expect("two poses");
    let poses = Tensor::<B, 2>::from_data(TensorData::new(poses.concat(), [poses.len(), 45]), &DEVICE);
    let model = CharacterModel::load(&tha4.join("characters/lambda_00")).expect("a real character model");

    let settings = Tha4Settings { folder: tha4.join("no weights here") };
    let mut teacher = tha4::open::<Cpu>(&settings, &model.image, &DEVICE).expect("the formula teacher");
    let Posed { posed, warped, grid_change, face_morphed_full, .. } = teacher.pose(poses.clone().inner());
    let [image, posed, warped, grid_change] =
        [face_morphed_full, posed, warped, grid_change].map(Tensor::<B, 4>::from_inner);

    let mask = std::fs::read(tha4.join("images/lambda_00_face_mask.png")).expect("the mask");
    let mask = TensorData::new(face_mask(&mask).expect("a mask"), [1, 1, FACE_SIZE, FACE_SIZE]);
    let shown = image.clone().slice([0..2, 0..4, 80..208, 192..320]);
    let student = FaceMorpher::from_core(&model.face, &DEVICE);
    face(&golden["face_morpher"], &student, &poses, shown, Tensor::from_data(mask, &DEVICE));

    let target = BodyTarget { image, posed, warped, grid_change };
    let student = BodyMorpher::from_core(&model.body, &DEVICE);
    for phase in golden["body_morpher"]["phases"].as_array().expect("phases") {
        body(phase, &student, &poses, &target);
    }
}
