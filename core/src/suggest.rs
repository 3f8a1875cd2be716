//! The known name nearest to a misspelt one.

/// Minimum similarity (Jaro-Winkler, 0 to 1) for a suggestion.
const MIN_SIMILARITY: f64 = 0.75;

/// The name in `known` that `name` most likely means, or none if none is near.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let similarity = |candidate: &&str| strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase());
    let scored = known.into_iter().map(|candidate| (similarity(&candidate), candidate));
    scored
        .filter(|(score, _)| *score >= MIN_SIMILARITY)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// The end of a message about an unknown name: `; did you mean …?` if a known one is near, else nothing.
pub fn did_you_mean<S: AsRef<str>>(nearest: Option<S>) -> String {
    nearest.map_or_else(String::new, |known| format!("; did you mean `{}`?", known.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_the_known_one_and_nonsense_finds_none() {
        let known = ["eye_blink_max", "eyebrow_down_max", "wink_mode"];
        assert_eq!(nearest("eye_blnik_max", known), Some("eye_blink_max"));
        assert_eq!(nearest("WinkMode", known), Some("wink_mode"));
        assert_eq!(nearest("zzz", known), None);
    }
}
