//! A cheaper student that takes over where nothing else keeps the frame rate.

use super::Show;
use bunraku_core::character::CharacterModel;

/// A student that looks like the one on stage and costs less. It comes on when `--quality auto` has come down to the
/// fast quality and that is too dear as well, and stays.
#[derive(Clone, Debug)]
pub struct Understudy {
    /// The student.
    pub character: CharacterModel,
    /// How the person keeps the other one, for the notice.
    pub advice: String,
}

impl Show {
    /// Puts the understudy on stage, if there is one.
    pub(super) fn take_understudy(&mut self) {
        let Some(Understudy { character, advice }) = self.understudy.take() else { return };
        let (name, cost) = (character.name.clone(), self.meter.student_ms());
        self.drawn = None;
        let notice = match self.painter.set_character(character) {
            Ok(()) => format!(
                "{name} is drawn from now on: a frame took {cost:.0} ms even in fast quality, {:.0} ms keep the frame \
                 rate; {advice}",
                self.period_ms()
            ),
            Err(error) => format!("{name} cannot take over to keep the frame rate: {error}"),
        };
        self.notify(notice);
        // Another student has costs of its own.
        self.govern();
    }
}
