//! How the puppet executes its commands.

use super::{Command, Event, Outcome, Puppet, command::PendingCommand, pace::Pace};
use crate::{
    backdrop::Backdrop,
    settings::{Background, QualityChoice},
};
use bunraku_engine::{Character, MAX_SIZE, MIN_SIZE, View};
use std::time::Instant;

impl Puppet {
    /// Executes all commands that came since the last step.
    pub(super) fn execute_commands(&mut self) {
        while let Some(pending) = self.publisher.take_command() {
            self.execute(pending);
        }
        while let Some((pending, character)) = self.loader.take() {
            let outcome = match character {
                Ok(character) => self.set_character(character),
                Err(error) => Err(error.to_string()),
            };
            self.answer(pending, outcome);
        }
    }

    fn execute(&mut self, pending: PendingCommand) {
        let outcome = match &pending.command {
            Command::LoadCharacter(choice) => {
                let choice = choice.clone();
                return self.loader.load(pending, choice);
            }
            Command::ChooseSource(choice) => self.sources.choose(choice).map_err(|error| error.to_string()),
            Command::Recentre => self.recentre(),
            Command::SetBackground(background) => self.set_background(&background.clone()),
            &Command::SetSize(size) => self.set_size(size),
            &Command::SetQuality(quality) => self.set_quality(quality),
            &Command::SetDisplayRate(rate) => {
                self.set_display_rate(rate);
                Ok(())
            }
            Command::Quit => {
                self.ended = true;
                Ok(())
            }
        };
        self.answer(pending, outcome);
    }

    fn answer(&mut self, pending: PendingCommand, outcome: Outcome) {
        if let Err(why) = &outcome {
            self.notify(why.clone());
        }
        pending.answer(outcome);
    }

    fn recentre(&mut self) -> Outcome {
        let centred = self.sources.mixer.recentre();
        centred.then_some(()).ok_or_else(|| "no face has been seen yet to take as straight ahead".to_owned())
    }

    /// Draws a character that was asked for; no fallback student replaces that one.
    pub(super) fn set_character(&mut self, mut character: Character) -> Outcome {
        let view = self.host.view();
        self.host.swap_character(&mut character, view).map_err(|error| error.to_string())?;
        self.fallback = None;
        self.control_quality();
        Ok(())
    }

    fn set_background(&mut self, background: &Background) -> Outcome {
        Backdrop::load(background).map_err(|error| error.to_string())?;
        self.outputs.set_background(background, &self.background)?;
        self.background = background.clone();
        self.publisher.publish_event(Event::Background(background.clone()));
        self.redraw = true;
        Ok(())
    }

    fn set_size(&mut self, size: usize) -> Outcome {
        if !(MIN_SIZE..=MAX_SIZE).contains(&size) {
            return Err(format!("invalid size {size}: expected {MIN_SIZE} to {MAX_SIZE}"));
        }
        let done = self.set_view(View::new(size, self.host.view().quality));
        self.control_quality();
        done
    }

    fn set_quality(&mut self, quality: QualityChoice) -> Outcome {
        self.quality = quality;
        let size = self.host.view().size;
        let done = match quality.fixed().map(|quality| View::new(size, quality)) {
            // The fallback student only serves the frame rate.
            Some(view) if self.rung().fallback => self.change_students(view).map(drop),
            Some(view) => self.set_view(view),
            None => Ok(()),
        };
        self.control_quality();
        done
    }

    fn set_display_rate(&mut self, rate: f64) {
        if !self.fixed_rate && rate.is_finite() && rate >= 1.0 {
            self.pace = Pace::new(rate, Instant::now());
            self.control_quality();
        }
    }
}
