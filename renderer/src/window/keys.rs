//! What the keys do.

use winit::keyboard::{Key, KeyCode, ModifiersState, NamedKey, PhysicalKey};

/// The keys and what they do, for the overlay's help.
pub(super) const HELP: [(&str, &str); 10] = [
    ("1 – 9", "choose the face source"),
    ("C", "look straight ahead, then press: recentre"),
    ("B", "next background"),
    ("P", "what the webcam sees, or not"),
    ("H", "hide or show everything but the character"),
    ("T", "stay on top of other windows, or not"),
    ("D, F11", "no border, or with one; drag the picture to move it"),
    ("?, F1", "show or hide this help"),
    ("Ctrl Q", "quit"),
    ("drop", "a character's folder here to load it"),
];

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Make the source of this index live.
    ChooseSource(usize),
    /// Take the face's present turn as straight ahead.
    Recentre,
    /// Show the next background.
    NextBackground,
    /// Show what the cameras see, or not.
    TogglePreview,
    /// Hide or show every overlay.
    ToggleOverlay,
    /// Keep the window above others, or not.
    ToggleOnTop,
    /// Take the window's border away, or give it back.
    ToggleBorder,
    /// Show or hide the keys.
    ToggleHelp,
    /// Hide the keys.
    CloseHelp,
    /// End the program.
    Quit,
}

/// What a pressed key asks for, if anything.
///
/// Digits go by their place on the keyboard, as some layouts have them under Shift. Letters go by what the layout makes
/// of the key, or by its place where that is no Latin letter.
pub(super) fn action(logical: &Key, physical: PhysicalKey, modifiers: ModifiersState) -> Option<Action> {
    let letter = latin(logical, physical);
    if modifiers.control_key() || modifiers.super_key() {
        return (letter == Some('q')).then_some(Action::Quit);
    }
    if modifiers.alt_key() {
        return None;
    }
    match (logical, letter) {
        (Key::Named(NamedKey::F1), _) | (_, Some('?')) => Some(Action::ToggleHelp),
        (Key::Named(NamedKey::F11), _) | (_, Some('d')) => Some(Action::ToggleBorder),
        (Key::Named(NamedKey::Escape), _) => Some(Action::CloseHelp),
        (_, Some('c')) => Some(Action::Recentre),
        (_, Some('b')) => Some(Action::NextBackground),
        (_, Some('p')) => Some(Action::TogglePreview),
        (_, Some('h')) => Some(Action::ToggleOverlay),
        (_, Some('t')) => Some(Action::ToggleOnTop),
        _ => digit(physical).map(|digit| Action::ChooseSource(digit - 1)),
    }
}

fn latin(logical: &Key, physical: PhysicalKey) -> Option<char> {
    if let Key::Character(text) = logical
        && let Some(character) = text.chars().next().filter(char::is_ascii)
    {
        return Some(character.to_ascii_lowercase());
    }
    match physical {
        PhysicalKey::Code(KeyCode::KeyB) => Some('b'),
        PhysicalKey::Code(KeyCode::KeyC) => Some('c'),
        PhysicalKey::Code(KeyCode::KeyD) => Some('d'),
        PhysicalKey::Code(KeyCode::KeyH) => Some('h'),
        PhysicalKey::Code(KeyCode::KeyP) => Some('p'),
        PhysicalKey::Code(KeyCode::KeyQ) => Some('q'),
        PhysicalKey::Code(KeyCode::KeyT) => Some('t'),
        _ => None,
    }
}

fn digit(physical: PhysicalKey) -> Option<usize> {
    let PhysicalKey::Code(code) = physical else { return None };
    Some(match code {
        KeyCode::Digit1 | KeyCode::Numpad1 => 1,
        KeyCode::Digit2 | KeyCode::Numpad2 => 2,
        KeyCode::Digit3 | KeyCode::Numpad3 => 3,
        KeyCode::Digit4 | KeyCode::Numpad4 => 4,
        KeyCode::Digit5 | KeyCode::Numpad5 => 5,
        KeyCode::Digit6 | KeyCode::Numpad6 => 6,
        KeyCode::Digit7 | KeyCode::Numpad7 => 7,
        KeyCode::Digit8 | KeyCode::Numpad8 => 8,
        KeyCode::Digit9 | KeyCode::Numpad9 => 9,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(text: &str, code: KeyCode, modifiers: ModifiersState) -> Option<Action> {
        action(&Key::Character(text.into()), PhysicalKey::Code(code), modifiers)
    }

    #[test]
    fn letters_follow_the_layout_and_digits_their_place() {
        let none = ModifiersState::empty();
        assert_eq!(press("c", KeyCode::KeyI, none), Some(Action::Recentre));
        assert_eq!(press("p", KeyCode::KeyR, none), Some(Action::TogglePreview), "Dvorak");
        assert_eq!(press("с", KeyCode::KeyC, none), Some(Action::Recentre), "Cyrillic");
        assert_eq!(press("&", KeyCode::Digit1, none), Some(Action::ChooseSource(0)), "AZERTY");
        assert_eq!(press("9", KeyCode::Numpad9, none), Some(Action::ChooseSource(8)));
        assert_eq!(press("?", KeyCode::Slash, ModifiersState::SHIFT), Some(Action::ToggleHelp));
        assert_eq!(press("0", KeyCode::Digit0, none), None);
    }

    #[test]
    fn only_control_q_quits() {
        assert_eq!(press("q", KeyCode::KeyQ, ModifiersState::CONTROL), Some(Action::Quit));
        assert_eq!(press("q", KeyCode::KeyQ, ModifiersState::SUPER), Some(Action::Quit));
        assert_eq!(press("q", KeyCode::KeyQ, ModifiersState::empty()), None);
        assert_eq!(press("h", KeyCode::KeyH, ModifiersState::CONTROL), None);
        assert_eq!(press("h", KeyCode::KeyH, ModifiersState::ALT), None);
        let escape = Key::Named(NamedKey::Escape);
        let pressed = action(&escape, PhysicalKey::Code(KeyCode::Escape), ModifiersState::empty());
        assert_eq!(pressed, Some(Action::CloseHelp));
    }
}
