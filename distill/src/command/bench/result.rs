//! The results of a benchmark: medians over its rounds, compared with a peer's.

use super::Phase;
use bunraku_distill::bench::{Floor, PeerRates, Rates};
use serde::Serialize;

/// One student with one recipe.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    pub(super) phase: Phase,
    pub(super) recipe: String,
    /// Examples a step.
    pub(super) batch: usize,
    /// The share of a picture that an example shows.
    pub(super) pictures_per_example: f64,
    #[serde(flatten)]
    pub(super) rates: Rates,
    pub(super) floor: Floor,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) beside: Vec<Ratio>,
}

/// A peer's rates, and ours (in pictures) as multiples of them.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Ratio {
    pub(super) peer: String,
    /// Its examples a step, if it says.
    pub(super) batch: Option<usize>,
    #[serde(flatten)]
    pub(super) rates: Rates,
    pub(super) times_teacher: f64,
    pub(super) times_student_step: f64,
    pub(super) times_whole_step: f64,
}

/// The medians over all rounds, with the peers' beside them.
pub(super) fn summed_up(rounds: &[(Vec<Line>, Vec<PeerRates>)]) -> Vec<Line> {
    let Some((first, peers)) = rounds.first() else { return Vec::new() };
    let line = |(index, line): (usize, &Line)| {
        let rates = median(&rounds.iter().map(|(lines, _)| lines[index].rates).collect::<Vec<_>>());
        let name = match line.phase {
            Phase::Face => "face",
            Phase::Body => "body",
        };
        let beside = peers.iter().filter(|peer| peer.phase == name).map(|peer| {
            let same = rounds.iter().flat_map(|(_, peers)| peers);
            let same = same.filter(|other| other.phase == peer.phase && other.engine == peer.engine);
            ratio(line, &rates, peer, median(&same.map(|peer| peer.rates).collect::<Vec<_>>()))
        });
        Line { rates, beside: beside.collect(), ..line.clone() }
    };
    first.iter().enumerate().map(line).collect()
}

fn ratio(line: &Line, ours: &Rates, peer: &PeerRates, rates: Rates) -> Ratio {
    let share = line.pictures_per_example;
    Ratio {
        peer: peer.engine.clone(),
        batch: peer.batch,
        rates,
        times_teacher: ours.teacher_examples_s / rates.teacher_examples_s,
        times_student_step: share * ours.student_step_examples_s / rates.student_step_examples_s,
        times_whole_step: share * ours.whole_step_examples_s / rates.whole_step_examples_s,
    }
}

/// The median of each rate; of an even number, the mean of the middle two.
fn median(all: &[Rates]) -> Rates {
    let middle = |rate: fn(&Rates) -> f64| {
        let mut sorted: Vec<f64> = all.iter().map(rate).collect();
        sorted.sort_by(f64::total_cmp);
        0.5 * (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2])
    };
    Rates {
        teacher_examples_s: middle(|rates| rates.teacher_examples_s),
        student_step_examples_s: middle(|rates| rates.student_step_examples_s),
        whole_step_examples_s: middle(|rates| rates.whole_step_examples_s),
    }
}
