//! Names from untrusted files, made safe to print.

/// A name from an untrusted file, safe to print: in quotes, control characters escaped, cut when it is very long.
pub(crate) fn shown(name: &str) -> String {
    const LONGEST: usize = 96;
    let escaped = name.chars().take(LONGEST).flat_map(char::escape_debug).collect::<String>();
    let rest = if name.chars().nth(LONGEST).is_some() { "…" } else { "" };
    format!("`{escaped}{rest}`")
}
