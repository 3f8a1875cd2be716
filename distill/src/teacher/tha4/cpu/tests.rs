//! The CPU layers against burn's general ones, on random weights and maps, with every vector width.

use std::collections::BTreeMap;

use bunraku_core::character::{Tensor, Weights};
use burn_flex::{Flex, FlexDevice};
use pulp::Arch;

use super::{CpuLayers, Engine};
use crate::teacher::tha4::{
    formula,
    layers::{FeatureMap, Layers},
    tensors::TensorLayers,
};

/// Every vector width of this processor, and scalar code.
fn engines() -> Vec<Engine> {
    #[cfg(target_arch = "x86_64")]
    let narrower = pulp::x86::V3::try_new().map(Arch::V3);
    #[cfg(not(target_arch = "x86_64"))]
    let narrower = None;
    let kinds = [Some(Arch::Scalar), narrower, Some(Arch::new())];
    kinds.into_iter().flatten().map(|arch| Engine { arch, ..Engine::new() }).collect()
}

/// Weights of the shapes given, small enough for sums of order 1.
fn weights(shapes: &[(&str, &[usize])]) -> Weights {
    let tensor = |&(key, shape): &(&str, &[usize])| {
        let scale = if shape.len() > 1 { (3.0 / shape[1..].iter().product::<usize>() as f32).sqrt() } else { 1.0 };
        let values = formula::unit(key, shape.iter().product()).into_iter().map(|v| v * scale).collect();
        (key.to_owned(), Tensor { shape: shape.to_vec(), values })
    };
    Weights(shapes.iter().map(tensor).collect::<BTreeMap<_, _>>())
}

fn picture<L: Layers>(layers: &L, name: &str, channels: usize, size: [usize; 2]) -> L::Map {
    layers.picture(&formula::unit(name, channels * size[0] * size[1]), channels, size)
}

fn assert_close(what: &str, ours: &impl FeatureMap, expected: &impl FeatureMap) {
    assert_eq!(ours.size(), expected.size(), "{what}");
    let (ours, expected) = (ours.values(), expected.values());
    assert_eq!(ours.len(), expected.len(), "{what}");
    let difference = ours.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(difference < 5e-5, "{what}: {difference:e}");
}

/// Runs `work` on both engines and compares the results.
macro_rules! agree {
    ($what:expr, $shapes:expr, |$layers:ident| $work:expr) => {{
        let expected = {
            let $layers = TensorLayers::<Flex>::new(weights($shapes), &FlexDevice);
            $work
        };
        for engine in engines() {
            for layers in
                [CpuLayers::new(weights($shapes), &engine), CpuLayers::new(weights($shapes), &engine).exactly()]
            {
                let ours = {
                    let $layers = layers;
                    $work
                };
                assert_close(&format!("{} with {:?}", $what, engine.arch), &ours, &expected);
            }
        }
    }};
}

#[test]
fn convolutions_of_any_size_agree() {
    for (outputs, inputs, size) in [(7, 4, [8, 12]), (40, 33, [9, 11]), (32, 48, [30, 41]), (70, 20, [13, 26])] {
        let shapes: &[(&str, &[usize])] = &[
            ("three.weight", &[outputs, inputs, 3, 3]),
            ("three.bias", &[outputs]),
            ("one.weight", &[outputs, inputs, 1, 1]),
        ];
        agree!("3 x 3 onto 1 x 1", shapes, |layers| {
            let x = picture(&layers, "x", inputs, size);
            layers.conv_onto("three", &x, &layers.conv("one", &x))
        });
        agree!("both", shapes, |layers| layers.convs(&["three"], &picture(&layers, "x", inputs, size).silu()));
    }
}

/// Weights too large for a core's own cache are read once for many tiles.
#[test]
fn convolutions_of_many_channels_agree() {
    for size in [[6, 10], [26, 30]] {
        agree!("many", &[("a.weight", &[130, 160, 3, 3])], |layers| layers
            .conv("a", &picture(&layers, "x", 160, size)));
    }
}

#[test]
fn convolutions_that_change_the_size_agree() {
    let shapes: &[(&str, &[usize])] = &[("down.weight", &[24, 10, 4, 4]), ("up.weight", &[10, 24, 4, 4])];
    for size in [[8, 12], [28, 60]] {
        agree!("down", shapes, |layers| layers.conv_down("down", &picture(&layers, "x", 10, size)));
        agree!("up", shapes, |layers| layers.conv_up("up", &picture(&layers, "x", 10, size).relu()));
    }
}

#[test]
fn norms_and_what_follows_them_agree() {
    let shapes: &[(&str, &[usize])] = &[
        ("n.weight", &[64]),
        ("n.bias", &[64]),
        ("c.weight", &[5, 64, 3, 3]),
        ("l.weight", &[128, 9]),
        ("l.bias", &[128]),
    ];
    let size = [12, 28];
    agree!("instance norm", shapes, |layers| layers.instance_norm("n", &picture(&layers, "x", 64, size)).relu());
    agree!("group norm, modulated, halved", shapes, |layers| {
        let x = picture(&layers, "x", 48, size).concat(&picture(&layers, "y", 16, size));
        let modulation = layers.silu(&layers.linear("l", &layers.vector(&formula::unit("v", 9))));
        layers.conv("c", &layers.modulate(&layers.group_norm("n", &x), &modulation).silu().halve())
    });
    agree!("group norm, doubled", shapes, |layers| {
        layers.conv("c", &layers.group_norm("n", &picture(&layers, "x", 64, size)).silu().repeat_pixels())
    });
}

#[test]
fn attention_agrees() {
    for size in [[4, 4], [5, 7], [16, 16]] {
        agree!("attention", &[], |layers| picture(&layers, "x", 3 * 64, size).attend(2));
    }
}

#[test]
fn cropping_warping_and_blending_agree() {
    let size = [10, 14];
    agree!("warp", &[], |layers| picture(&layers, "x", 4, size).warp(&picture(&layers, "grid", 2, size)));
    agree!("enlarge", &[], |layers| picture(&layers, "x", 4, size).enlarge());
    agree!("blend", &[], |layers| {
        let alpha = picture(&layers, "a", 3, size).channels(1..2).sigmoid();
        alpha.blend(&picture(&layers, "b", 4, size).tanh(), &picture(&layers, "c", 4, size).to_unit())
    });
    agree!("paste", &[], |layers| {
        let planes =
            layers.planes(&layers.part(&layers.vector(&[1.0, 2.0, 3.0]), 1..3), &picture(&layers, "x", 2, size));
        FeatureMap::add(&picture(&layers, "x", 2, size), &planes).paste(&planes.crop(2..7, 3..5), 4, 9)
    });
}
