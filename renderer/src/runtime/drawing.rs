//! When the puppet draws, with which student, and in which quality.

use super::{
    Puppet, PuppetError,
    fallback::Fallback,
    quality::{self, Ladder, QualityController, Rung, Verdict},
};
use crate::settings::QualityChoice;
use bunraku_engine::{Quality, View};
use std::time::Duration;

impl Puppet {
    /// Draws the face if its frame `changed` and anyone watches; whether it did.
    pub(super) fn draw(&mut self, changed: bool) -> Result<bool, PuppetError> {
        let needed = changed || self.redraw || self.host.is_lost();
        if !needed || !self.is_watched() {
            return Ok(false);
        }
        let drawn = self.host.draw(self.sources.face())?;
        self.redraw = false;
        self.meter.drew(drawn.cost);
        if let Some(incident) = drawn.incident {
            self.notify(incident);
            // Another engine has other costs.
            self.control_quality();
        }
        self.regulate(drawn.cost);
        Ok(true)
    }

    /// Whether an output or a subscriber shows the frames; also where there is neither.
    fn is_watched(&self) -> bool {
        self.publisher.is_watched().unwrap_or(self.outputs.is_empty()) || !self.outputs.is_empty()
    }

    /// Changes the quality if a frame that took `cost` calls for it.
    fn regulate(&mut self, cost: Duration) {
        let Some(controller) = &mut self.quality_controller else { return };
        let Some(Verdict { rung, typical }) = controller.frame(cost, self.now) else { return };
        let keep = controller.period() * 1e3;
        match self.climb(rung) {
            Ok(what) => {
                self.notify(format!(
                    "{what}: a frame took {:.0} ms, the frame rate allows {keep:.0} ms",
                    typical * 1e3
                ));
            }
            Err(why) => {
                let rung = self.rung();
                if let Some(controller) = &mut self.quality_controller {
                    controller.refused(rung, self.now);
                }
                self.notify(why);
            }
        }
    }

    /// Draws as `rung` says from now on; the change in words.
    fn climb(&mut self, rung: Rung) -> Result<String, String> {
        let view = View::new(self.host.view().size, rung.quality);
        if rung.fallback != self.rung().fallback {
            return self.change_students(view);
        }
        self.set_view(view)?;
        Ok(format!("now drawing in {} quality", rung.quality))
    }

    /// What is drawn now.
    pub(super) fn rung(&self) -> Rung {
        let fallback = self.fallback.as_ref().is_some_and(Fallback::is_active);
        Rung { fallback, quality: self.host.view().quality }
    }

    pub(super) fn set_view(&mut self, view: View) -> Result<(), String> {
        self.host.set_view(view).map_err(|error| error.to_string())
    }

    /// Starts, restarts or ends the control of the quality by the frame rate.
    pub(super) fn control_quality(&mut self) {
        let ladder =
            Ladder { has_high: self.host.qualities().contains(&Quality::High), has_fallback: self.fallback.is_some() };
        let period = quality::controlled_period(self.pace.period(), self.fixed_rate);
        self.quality_controller = (self.quality == QualityChoice::Auto)
            .then(|| QualityController::new(self.rung(), ladder, period, self.now));
    }
}
