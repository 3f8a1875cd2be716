//! How alpha leaves through the window: what the surface offers, and what is chosen.

use wgpu::CompositeAlphaMode as Mode;

/// Best first. `Inherit` leaves it to the window system, which expects premultiplied colours where it looks at alpha.
const PREFERENCE: [Mode; 3] = [Mode::PreMultiplied, Mode::PostMultiplied, Mode::Inherit];

/// The mode to ask for among those a surface offers.
pub(super) fn choose(offered: &[Mode]) -> Mode {
    PREFERENCE.into_iter().find(|mode| offered.contains(mode)).unwrap_or(Mode::Opaque)
}

/// Whether the surface says that the desktop shows through where alpha is under 1.
///
/// Some drivers say `Opaque` and pass alpha on all the same, so alpha is written in every mode.
pub(super) const fn keeps(mode: Mode) -> bool {
    matches!(mode, Mode::PreMultiplied | Mode::PostMultiplied)
}

/// Whether the window system multiplies the colours by alpha itself.
pub(super) const fn wants_straight(mode: Mode) -> bool {
    matches!(mode, Mode::PostMultiplied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn premultiplied_is_preferred_and_opaque_is_the_last_resort() {
        assert_eq!(
            choose(&[Mode::Opaque, Mode::Inherit, Mode::PostMultiplied, Mode::PreMultiplied]),
            Mode::PreMultiplied
        );
        assert_eq!(choose(&[Mode::Opaque, Mode::Inherit, Mode::PostMultiplied]), Mode::PostMultiplied);
        assert_eq!(choose(&[Mode::Opaque, Mode::Inherit]), Mode::Inherit);
        assert_eq!(choose(&[Mode::Opaque]), Mode::Opaque);
        assert_eq!(choose(&[]), Mode::Opaque);
    }
}
