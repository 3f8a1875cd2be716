//! The nearest known name of a misspelt one.

/// Least likeness (Jaro-Winkler, 0 to 1) at which a known name is worth mentioning.
const ALIKE: f64 = 0.75;

/// The name of `known` that `name` most likely means, or none that is near.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |candidate: &&str| strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase());
    let scored = known.into_iter().map(|candidate| (likeness(&candidate), candidate));
    scored.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_nonsense_finds_none() {
        let known = ["eye_blink_max", "eyebrow_down_max", "wink_mode"];
        assert_eq!(nearest("eye_blnik_max", known), Some("eye_blink_max"));
        assert_eq!(nearest("WinkMode", known), Some("wink_mode"));
        assert_eq!(nearest("zzz", known), None);
    }
}
