//! What the show does with its orders.

use super::{
    Show,
    order::{Letter, Order, Outcome},
    pace::Pace,
};
use crate::settings::{Background, QualityChoice};
use bunraku_engine::{Character, MAX_SIZE, MIN_SIZE, View};
use std::time::Instant;

impl Show {
    /// Does everything it was told since the last step.
    pub(super) fn obey(&mut self) {
        while let Ok(letter) = self.inbox.try_recv() {
            self.do_as_told(letter);
        }
        while let Some((letter, character)) = self.loader.take() {
            let outcome = match character {
                Ok(character) => self.set_character(character),
                Err(error) => Err(error.to_string()),
            };
            self.answer(letter, outcome);
        }
    }

    fn do_as_told(&mut self, letter: Letter) {
        let outcome = match &letter.order {
            Order::LoadCharacter(choice) => {
                let choice = choice.clone();
                return self.loader.load(letter, choice);
            }
            Order::ChooseSource(choice) => self.sources.choose(choice).map_err(|error| error.to_string()),
            Order::Recentre => self.recentre(),
            Order::SetBackground(background) => self.set_background(&background.clone()),
            &Order::SetSize(size) => self.set_size(size),
            &Order::SetQuality(quality) => self.set_quality(quality),
            &Order::SetDisplayRate(rate) => {
                self.set_display_rate(rate);
                Ok(())
            }
            Order::Quit => {
                self.ended = true;
                Ok(())
            }
        };
        self.answer(letter, outcome);
    }

    fn answer(&mut self, letter: Letter, outcome: Outcome) {
        if let Err(why) = &outcome {
            self.notify(why.clone());
        }
        letter.answer(outcome);
    }

    fn recentre(&mut self) -> Outcome {
        let centred = self.sources.board.recentre();
        centred.then_some(()).ok_or_else(|| "no face has been seen yet that could be the neutral one".to_owned())
    }

    /// Puts a character on stage that was asked for; nobody takes over from that one.
    pub(super) fn set_character(&mut self, mut character: Character) -> Outcome {
        self.drawn = None;
        let view = self.painter.view();
        self.painter.exchange(&mut character, view).map_err(|error| error.to_string())?;
        self.pair = None;
        self.govern();
        Ok(())
    }

    fn set_background(&mut self, background: &Background) -> Outcome {
        for index in 0..self.outputs.len() {
            if let Err(why) = self.outputs[index].set_background(background) {
                // Those that took it already must not differ from the rest.
                for output in &mut self.outputs[..index] {
                    output.set_background(&self.background)?;
                }
                return Err(why);
            }
        }
        self.background = background.clone();
        self.drawn = None;
        Ok(())
    }

    fn set_size(&mut self, size: usize) -> Outcome {
        if !(MIN_SIZE..=MAX_SIZE).contains(&size) {
            return Err(format!("{size} is no edge in pixels: {MIN_SIZE} to {MAX_SIZE} are possible"));
        }
        let done = self.set_view(View::new(size, self.painter.view().quality));
        self.govern();
        done
    }

    fn set_quality(&mut self, quality: QualityChoice) -> Outcome {
        self.quality = quality;
        let size = self.painter.view().size;
        let done = match quality.fixed().map(|quality| View::new(size, quality)) {
            // Only the frame rate calls the understudy.
            Some(view) if self.rung().understudy => self.change_students(view).map(drop),
            Some(view) => self.set_view(view),
            None => Ok(()),
        };
        self.govern();
        done
    }

    fn set_display_rate(&mut self, rate: f64) {
        if !self.fixed_rate && rate.is_finite() && rate >= 1.0 {
            self.pace = Pace::new(rate, Instant::now());
            self.govern();
        }
    }
}
