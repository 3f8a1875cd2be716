//! The quality controller on machines of known speed, on a clock of the test's own.

use super::*;

const CPU: Ladder = Ladder { has_high: true, has_fallback: false };
const PAIR: Ladder = Ladder { has_high: true, has_fallback: true };
const FULL: Rung = rung(Quality::Full);
const FAST: Rung = rung(Quality::Fast);
const FALLBACK: Rung = Rung { fallback: true, quality: Quality::Full };

const fn rung(quality: Quality) -> Rung {
    Rung { fallback: false, quality }
}

fn quality_controller(rung: Rung, ladder: Ladder) -> QualityController {
    QualityController::new(rung, ladder, Duration::from_millis(20), 0.0)
}

fn work(Rung { fallback, quality }: Rung) -> f64 {
    let work = match quality {
        Quality::Full => 4.0,
        Quality::High => 2.0,
        Quality::Fast => 1.0,
    };
    if fallback { work / 8.0 } else { work }
}

/// Runs `seconds` of a machine on which a unit of work takes `unit` seconds; returns every rung chosen.
fn play(quality_controller: &mut QualityController, from: f64, seconds: f64, unit: f64) -> Vec<Rung> {
    let mut now = from;
    let mut chosen = vec![];
    while now < from + seconds {
        let cost = work(quality_controller.rung) * unit;
        now += cost.max(quality_controller.period);
        chosen.extend(quality_controller.frame(Duration::from_secs_f64(cost), now).map(|verdict| verdict.rung));
    }
    chosen
}

#[test]
fn a_slow_machine_is_given_less_work_until_the_rate_holds() {
    let mut quality_controller = quality_controller(FULL, CPU);
    assert_eq!(play(&mut quality_controller, 0.0, 60.0, 0.008), [rung(Quality::High)]);
    assert_eq!(play(&mut quality_controller, 60.0, 60.0, 0.5), [FAST]);
}

#[test]
fn a_hopelessly_slow_machine_is_not_kept_waiting() {
    let mut quality_controller = quality_controller(FULL, CPU);
    let cost = Duration::from_millis(600);
    let chosen: Vec<_> =
        (0..3).map(|i| quality_controller.frame(cost, f64::from(i)).map(|verdict| verdict.rung)).collect();
    assert_eq!(chosen, [None, None, Some(FAST)]);
}

#[test]
fn a_verdict_tells_the_cost_that_decided_it_not_that_of_the_last_frame() {
    let mut quality_controller = quality_controller(FULL, CPU);
    let costs = (0..12).map(|i| if i == 11 { 900 } else { 25 }).map(Duration::from_millis);
    let verdicts: Vec<_> = costs.filter_map(|cost| quality_controller.frame(cost, 0.0)).collect();
    assert_eq!(verdicts, [Verdict { rung: rung(Quality::High), typical: 0.025 }]);
}

#[test]
fn a_fast_display_does_not_cost_the_picture_unless_its_rate_was_asked_for() {
    let [fast, slow] = [240.0, 30.0].map(|rate| Duration::from_secs_f64(1.0 / rate));
    assert_eq!(controlled_period(fast, false), Duration::from_secs_f64(1.0 / 60.0));
    assert_eq!((controlled_period(fast, true), controlled_period(slow, false)), (fast, slow));
}

#[test]
fn the_fallback_comes_on_after_a_lasting_clear_miss_of_the_cheapest_quality() {
    let mut quality_controller = quality_controller(FAST, PAIR);
    assert_eq!(play(&mut quality_controller, 0.0, 4.0, 0.03), [], "a program that starts passes");
    assert_eq!(play(&mut quality_controller, 4.0, 1.0, 0.017), [], "the miss must last without a break");
    assert_eq!(play(&mut quality_controller, 5.0, 4.0, 0.03), []);
    assert_eq!(play(&mut quality_controller, 9.0, 2.0, 0.03), [FALLBACK]);
}

#[test]
fn a_rate_that_is_nearly_kept_calls_no_fallback() {
    let mut quality_controller = quality_controller(FAST, PAIR);
    assert_eq!(play(&mut quality_controller, 0.0, 600.0, 0.025), []);
}

#[test]
fn a_pause_is_no_miss() {
    let mut quality_controller = quality_controller(FAST, PAIR);
    for frame in 0..14 {
        assert_eq!(quality_controller.frame(Duration::from_millis(30), f64::from(frame) * 0.03), None);
    }
    assert_eq!(quality_controller.frame(Duration::from_millis(30), 3600.0), None);
}

#[test]
fn the_larger_student_is_back_when_the_load_is_over() {
    let mut quality_controller = quality_controller(FULL, PAIR);
    assert_eq!(play(&mut quality_controller, 0.0, 20.0, 0.035), [rung(Quality::Fast), FALLBACK]);
    let up = play(&mut quality_controller, 20.0, 40.0, 0.002);
    assert_eq!(up, [FAST, rung(Quality::High), FULL]);
}

#[test]
fn a_larger_student_that_proves_too_dear_is_tried_ever_more_rarely() {
    // Measured under another load each time: nothing can be foretold.
    let mut quality_controller = quality_controller(FALLBACK, PAIR);
    let (mut now, mut tries) = (0.0, 0);
    while now < 1800.0 {
        let cost = if quality_controller.rung.fallback { 0.001 } else { 0.030 };
        now += f64::max(cost, 0.02);
        let verdict = quality_controller.frame(Duration::from_secs_f64(cost), now);
        tries += usize::from(verdict.is_some_and(|verdict| verdict.rung == FAST));
    }
    assert!((1..=12).contains(&tries), "tried {tries} times in half an hour");
}

#[test]
fn a_machine_that_recovers_is_given_more_after_a_while() {
    let mut quality_controller = quality_controller(FAST, CPU);
    assert_eq!(play(&mut quality_controller, 0.0, 3.0, 0.001), []);
    assert_eq!(play(&mut quality_controller, 3.0, 20.0, 0.001), [rung(Quality::High), FULL]);
}

#[test]
fn one_hiccup_changes_nothing() {
    let mut quality_controller = quality_controller(FULL, CPU);
    for frame in 0..200 {
        let cost = if frame % 10 == 0 { 300 } else { 10 };
        assert_eq!(quality_controller.frame(Duration::from_millis(cost), frame as f64 * 0.02), None);
    }
}

#[test]
fn a_better_quality_that_proves_too_dear_is_tried_ever_more_rarely() {
    // A machine whose full quality costs more than can be foretold.
    let mut quality_controller = quality_controller(rung(Quality::High), CPU);
    let (mut now, mut tries) = (0.0, 0);
    while now < 600.0 {
        let cost = if quality_controller.rung == FULL { 0.030 } else { 0.005 };
        now += f64::max(cost, 0.02);
        let verdict = quality_controller.frame(Duration::from_secs_f64(cost), now);
        tries += usize::from(verdict.is_some_and(|verdict| verdict.rung == FULL));
    }
    assert!((1..=8).contains(&tries), "tried {tries} times in ten minutes");
}

#[test]
fn a_busy_machine_steps_down_once_and_back_when_it_has_rest() {
    let mut quality_controller = quality_controller(FULL, CPU);
    assert_eq!(play(&mut quality_controller, 0.0, 10.0, 0.006), [rung(Quality::High)]);
    assert_eq!(play(&mut quality_controller, 10.0, 10.0, 0.003), [FULL]);
}

#[test]
fn an_engine_without_a_high_quality_is_not_rebuilt_for_it() {
    let mut quality_controller = quality_controller(FULL, Ladder { has_high: false, ..CPU });
    assert_eq!(play(&mut quality_controller, 0.0, 10.0, 0.006), [FAST]);
    assert_eq!(play(&mut quality_controller, 10.0, 10.0, 0.002), [FULL]);
}

#[test]
fn a_change_that_fails_is_not_believed_and_tried_again_later() {
    let mut quality_controller = quality_controller(FULL, CPU);
    let mut dear = |now| quality_controller.frame(Duration::from_millis(25), now).map(|verdict| verdict.rung);
    let chosen: Vec<_> = (0..12).filter_map(|_| dear(0.0)).collect();
    assert_eq!(chosen, [rung(Quality::High)]);
    quality_controller.refused(FULL, 0.0);
    let mut times = (0..2000).map(|i| f64::from(i) * 0.01);
    let mut dear = |now| quality_controller.frame(Duration::from_millis(25), now).map(|verdict| verdict.rung);
    let again = times.find(|&now| dear(now) == Some(rung(Quality::High)));
    assert!(again.is_some_and(|now| (4.0..10.0).contains(&now)), "tried again at {again:?}");
}
