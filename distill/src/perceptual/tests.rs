use super::*;
use crate::teacher::tha4::formula_values as formula;
use bunraku_core::character::{Tensor as Values, Weights};
use burn::{
    backend::Autodiff,
    tensor::{TensorData, Tolerance},
};
use burn_flex::{Flex, FlexDevice};
use vgg16::CONVOLUTIONS;

type B = Autodiff<Flex>;

const EDGE: usize = 16;

fn weights() -> Weights {
    let mut weights = Weights::default();
    for (index, from, to) in CONVOLUTIONS {
        let (name, scale) = (format!("features.{index}.weight"), (6.0 / (9.0 * from as f64)).sqrt() as f32);
        let values = formula(&name, 9 * from * to).into_iter().map(|u| u * scale).collect();
        weights.0.insert(name, Values { shape: vec![to, from, 3, 3], values });
        let name = format!("features.{index}.bias");
        let values = formula(&name, to).into_iter().map(|u| 0.05 * u).collect();
        weights.0.insert(name, Values { shape: vec![to], values });
    }
    weights
}

fn loss() -> PerceptualLoss<B> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("vgg16.safetensors");
    std::fs::write(&path, weights().to_safetensors().expect("written")).expect("written");
    PerceptualLoss::load(&path, &FlexDevice).expect("complete weights")
}

fn picture(key: &str) -> Tensor<B, 4> {
    Tensor::from_data(TensorData::new(formula(key, 4 * EDGE * EDGE), [1, 4, EDGE, EDGE]), &FlexDevice)
}

/// Made once with PyTorch 2.x in float64: the formula's weights and pictures (`input.perceptual.prediction` and `…truth`,
/// 4 x 16 x 16), `unit = (x / 2 + 0.5).clamp(0, 1)`, RGB over black and over white, sRGB, ImageNet's normalisation,
/// `torchvision`'s layers 0 to 15 written out with `conv2d`, `relu`, `max_pool2d`, and the sum of `l1_loss` after layers 3,
/// 8 and 15; the gradient by `backward`.
#[test]
fn loss_and_gradient_are_pytorchs() {
    let prediction = picture("input.perceptual.prediction").require_grad();
    let value = loss().loss(prediction.clone(), picture("input.perceptual.truth"));
    let gradient = prediction.grad(&value.backward()).expect("gradients flow to the prediction");
    let at = |channel: usize, row: usize, column: usize| {
        gradient.clone().slice([0..1, channel..channel + 1, row..row + 1, column..column + 1]).into_scalar()
    };
    let found = [value.into_scalar(), gradient.clone().abs().sum().into_scalar(), at(0, 3, 4), at(3, 9, 12)];
    TensorData::from(found).assert_approx_eq::<f32>(&TensorData::from(GOLDEN), Tolerance::relative(1e-3));
}

/// The loss, the sum of the gradient's absolute values, and two of its elements.
const GOLDEN: [f32; 4] = [1.168_735_3, 1.948_913_6, 0.000_749_501_7, 0.003_414_608];

#[test]
fn equal_pictures_have_no_loss_and_transparency_counts() {
    let loss = loss();
    let value = |a: Tensor<B, 4>, b: Tensor<B, 4>| loss.loss(a, b).into_scalar();
    let solid = |alpha: f32| {
        let dark = Tensor::<B, 4>::full([1, 3, EDGE, EDGE], -1.0, &FlexDevice);
        Tensor::cat(vec![dark, Tensor::full([1, 1, EDGE, EDGE], alpha, &FlexDevice)], 1)
    };
    assert_eq!(value(solid(0.3), solid(0.3)), 0.0);
    // Black on black is invisible, but black on white is not.
    assert!(value(solid(1.0), solid(-1.0)) > value(solid(1.0), solid(0.5)));
}

#[test]
fn black_pictures_have_a_finite_gradient() {
    let black = Tensor::<B, 4>::full([1, 4, EDGE, EDGE], -1.0, &FlexDevice).require_grad();
    let gradients = loss().loss(black.clone(), picture("input.perceptual.truth")).backward();
    let gradient = black.grad(&gradients).expect("gradients").into_data();
    assert!(gradient.iter::<f32>().all(f32::is_finite));
}

#[test]
fn every_tensor_that_does_not_fit_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("vgg16.safetensors");
    let mut weights = weights();
    weights.0.remove("features.5.bias");
    weights.0.get_mut("features.0.weight").expect("there").shape = vec![64, 27];
    std::fs::write(&path, weights.to_safetensors().expect("written")).expect("written");
    let error = PerceptualLoss::<B>::load(&path, &FlexDevice).expect_err("two are wrong");
    assert_eq!(error.wrong.len(), 2);
    for part in ["`features.0.weight` has the shape [64, 27], not [64, 3, 3, 3]", "the tensor `features.5.bias`"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    for (name, bytes) in [("absent", None), ("text", Some("not weights"))] {
        let path = folder.path().join(name);
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).expect("written");
        }
        let error = PerceptualLoss::<B>::load(&path, &FlexDevice).expect_err(name);
        assert!(error.to_string().contains(name), "{error}");
    }
}
