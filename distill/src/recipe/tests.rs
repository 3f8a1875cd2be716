//! Tests of the recipes.

use super::*;
use proptest::prelude::*;

fn reference() -> Recipe {
    Recipe::built_in(REFERENCE).expect("built in")
}

/// The table of `distill/spec/distiller.md`.
#[test]
fn the_reference_recipe_is_the_originals() {
    let recipe = reference();
    let rates = |seen| recipe.face.phases[recipe.face.phase(seen)].learning_rate;
    for (seen, rate) in [
        (0, 1e-4),
        (199_999, 1e-4),
        (200_000, 1e-4 / 3.0),
        (499_999, 1e-4 / 3.0),
        (500_000, 1e-5),
        (800_000, 1e-4 / 30.0),
        (2_000_000, 1e-4 / 30.0),
    ] {
        assert!((rates(seen) / rate - 1.0).abs() < 1e-12, "{seen}");
    }
    assert_eq!((recipe.face.examples(), recipe.body.examples()), (1_000_000, 1_500_000));
    let phase = |seen| {
        let BodyWeights { blended, warped, grid_change, color_change } =
            recipe.body.phases[recipe.body.phase(seen)].losses;
        let rate = recipe.body.phases[recipe.body.phase(seen)].learning_rate;
        (recipe.body.phase(seen), rate, [blended, warped, grid_change, color_change])
    };
    assert_eq!(phase(0), (0, 1e-4, [0.25, 0.25, 0.5, 2.0]));
    assert_eq!(phase(200_000), (1, 3e-5, [0.25, 0.25, 0.5, 2.0]));
    assert_eq!(phase(400_000), (2, 3e-5, [1.0, 2.5, 5.0, 1.0]));
    assert_eq!(phase(600_000), (3, 1e-5, [1.0, 2.5, 5.0, 1.0]));
    assert_eq!(phase(800_000), (4, 1e-5, [10.0, 1.0, 1.0, 1.0]));
    assert_eq!(phase(1_300_000), (5, 3e-6, [10.0, 1.0, 1.0, 1.0]));
    assert_eq!(recipe.perceptual, None);
    assert_eq!((recipe.face.batch, recipe.face.replay, recipe.body.replay), (None, None, None));
    let AdamSettings { beta_1, beta_2, epsilon } = recipe.adam;
    assert_eq!((beta_1, beta_2, epsilon), (0.9, 0.999, 1e-8));
    assert_eq!((recipe.intervals.snapshot, recipe.intervals.checkpoint), (10_000, 100_000));
}

#[test]
fn the_fast_recipe_trains_the_same_students() {
    let fast = Recipe::built_in(FAST).expect("built in");
    assert!(fast.face.replay.is_some() && fast.body.replay.is_some());
    assert_eq!((fast.face.network, fast.body.network), (reference().face.network, reference().body.network));
}

#[test]
fn a_recipe_contains_only_what_differs_from_its_base() {
    let text = "from: fast\nbody: {batch: 2, replay: {steps: 3}}\nface: {replay: null}\n";
    let (recipe, fast) = (Recipe::parse(text).expect("a recipe"), Recipe::built_in(FAST).expect("built in"));
    let replay = fast.body.replay.map(|replay| Replay { steps: 3, ..replay });
    assert_eq!((recipe.body.batch, recipe.body.replay, recipe.face.replay), (Some(2), replay, None));
    assert_eq!(recipe.body.phases, fast.body.phases);
}

#[test]
fn length_stretches_all_phases() {
    let ends = |text: &str| {
        let Recipe { length, face, body, .. } = Recipe::parse(text).expect("a recipe");
        let [face, body] = [
            face.phases.iter().map(|it| it.until).collect(),
            body.phases.iter().map(|it| it.until).collect::<Vec<_>>(),
        ];
        (length, face, body)
    };
    let (face, body) = (vec![48_000, 66_000, 80_000, 85_008], vec![11_000, 16_000, 20_000, 21_000]);
    let times = |ends: &[u64], length: f64| ends.iter().map(|end| (*end as f64 * length) as u64).collect();
    assert_eq!(ends("from: fast"), (1.0, face.clone(), body.clone()));
    assert_eq!(ends("from: fast\nlength: 10"), (1.0, times(&face, 10.0), times(&body, 10.0)));
    assert_eq!(ends("from: fast\nlength: 0.5"), (1.0, times(&face, 0.5), times(&body, 0.5)));
    assert_eq!(ends("from: fast\nlength: 1.0e-9").1, [1, 2, 3, 4], "no phase vanishes");
}

#[test]
fn errors_suggest_the_nearest_known_field() {
    for (text, part) in [
        ("from: fast\nintervls: {}", "did you mean `intervals`?"),
        ("from: fast\nbody: {replay: {stepps: 3}}", "did you mean `steps`?"),
        ("from: fast\nbody: {replay: {precision: fp16}}", "did you mean `f16`?"),
        ("from: fats", "builds on the unknown recipe `fats`"),
        ("from: [1]", "builds on the unknown recipe"),
        ("adam: {}", "missing field"),
        ("- 1", "is not a recipe"),
        ("a: [", "is not a recipe"),
    ] {
        let message = Recipe::parse(text).expect_err(text).to_string();
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn a_recipe_survives_a_round_trip() {
    for (name, _) in BUILT_IN {
        let recipe = Recipe::built_in(name).expect("built in");
        let text = bunraku_core::yaml::to_string(&recipe).expect("written");
        assert_eq!(Recipe::parse(&text).expect("read"), recipe);
    }
}

proptest! {
    #[test]
    fn any_text_gives_a_recipe_or_a_reason(field in "[a-z_]{0,12}", value in ".{0,20}") {
        for text in [value.clone(), format!("from: fast\n{field}: {value}"), format!("from: fast\nface: {{{field}: {value}}}")] {
            if let Err(error) = Recipe::parse(&text) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
