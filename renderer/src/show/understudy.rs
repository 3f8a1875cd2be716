//! A cheaper student that takes over where nothing else keeps the frame rate, until the other one can again.

use super::Show;
use bunraku_engine::{Character, View};

/// A student that looks like the one on stage and costs less. It comes on when `--quality auto` has come down to the
/// fast quality and even that misses the frame rate clearly for seconds; the other comes back when it can be afforded.
#[derive(Clone, Debug)]
pub struct Understudy {
    /// The student.
    pub character: Character,
    /// How the person keeps the other one, for the notice.
    pub advice: String,
}

/// The two students between whom the frame rate decides.
pub(super) struct Pair {
    /// The one that is not on stage.
    waiting: Character,
    advice: String,
    understudy_is_on: bool,
}

impl Pair {
    /// Whether it is the understudy who is on stage.
    pub(super) fn is_understudy_on(&self) -> bool {
        self.understudy_is_on
    }
}

impl From<Understudy> for Pair {
    fn from(Understudy { character, advice }: Understudy) -> Self {
        Self { waiting: character, advice, understudy_is_on: false }
    }
}

impl Show {
    /// Has the two students change places and draws with `view`; tells it in words. Neither moves where that fails.
    pub(super) fn change_students(&mut self, view: View) -> Result<String, String> {
        let Some(pair) = &mut self.pair else { return Err("nobody may take over".to_owned()) };
        self.drawn = None;
        let name = pair.waiting.name().to_owned();
        self.painter
            .exchange(&mut pair.waiting, view)
            .map_err(|error| format!("{name} cannot take over to keep the frame rate: {error}"))?;
        pair.understudy_is_on = !pair.understudy_is_on;
        Ok(if pair.understudy_is_on {
            format!("{name} is drawn until the other student can be afforded ({})", pair.advice)
        } else {
            format!("{name} is drawn again")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Order, QualityChoice, Setup};
    use super::*;
    use bunraku_core::{character::sample::tiny_character, face_state::FaceState};
    use bunraku_engine::{Avatar, Description, EngineError, Frame, FramePool, Quality};
    use std::{
        cell::Cell,
        rc::Rc,
        time::{Duration, Instant},
    };

    /// A load that keeps every frame of every student for so long.
    type Load = Rc<Cell<Duration>>;

    /// An engine that takes as long as the load has it take.
    struct Laden(Load, View);

    impl Avatar for Laden {
        fn follow(&mut self, _: &FaceState) -> bool {
            true
        }

        fn draw(&mut self, pool: &mut FramePool) -> Result<Frame, EngineError> {
            let start = Instant::now();
            while start.elapsed() < self.0.get() {
                std::hint::spin_loop();
            }
            Ok(Frame::Cpu(pool.fill(1, |_| ())))
        }

        fn set_view(&mut self, view: View) -> Result<(), EngineError> {
            self.1 = view;
            Ok(())
        }

        fn view(&self) -> View {
            self.1
        }

        fn qualities(&self) -> &[Quality] {
            &[Quality::Full, Quality::High, Quality::Fast]
        }

        fn multiply_adds(&self) -> usize {
            0
        }

        fn describe(&self) -> Description {
            Description { engine: "cpu", adapter: "test".to_owned(), precision: "f32", threads: 1 }
        }
    }

    /// A show with someone to take over, on a machine whose load the test sets.
    struct Rig {
        show: Show,
        orders: super::super::Orders,
        load: Load,
        now: f64,
    }

    impl Rig {
        fn new() -> Self {
            let load = Load::default();
            let on_engines = Rc::clone(&load);
            let open = Box::new(move |_, _: &Character, view| {
                Ok(Box::new(Laden(Rc::clone(&on_engines), view)) as Box<dyn Avatar>)
            });
            let mut setup = Setup::new(tiny_character(1).into(), open);
            setup.understudy = Some(Understudy { character: tiny_character(2).into(), advice: "say so".to_owned() });
            let (show, backstage) = Show::new(setup, vec![]).expect("a show");
            Self { show, orders: backstage.orders, load, now: 0.0 }
        }

        /// Takes steps of a quarter of a second, in which the character breathes, under a load of so many milliseconds a
        /// frame; gives all that was on stage.
        fn play(&mut self, seconds: u32, load: u64) -> Vec<(String, &'static str)> {
            self.load.set(Duration::from_millis(load));
            let mut seen = vec![];
            for _ in 0..4 * seconds {
                self.now += 0.25;
                self.show.step(self.now).expect("a step");
                let status = self.show.status();
                seen.push((status.character, status.quality));
            }
            seen.dedup();
            seen
        }
    }

    fn named<const N: usize>(seen: [(&str, &'static str); N]) -> Vec<(String, &'static str)> {
        seen.map(|(name, quality)| (name.to_owned(), quality)).into()
    }

    #[test]
    fn the_understudy_comes_on_when_the_load_lasts_and_goes_when_it_is_over() {
        let mut rig = Rig::new();
        assert_eq!(rig.play(3, 40), named([("sample-1", "full"), ("sample-1", "fast")]), "only the quality at first");
        let down = rig.play(5, 40);
        assert_eq!(down[..2], named([("sample-1", "fast"), ("sample-2", "full")]));
        let notice = rig.show.status().notice;
        assert!(notice.contains("ms keep the frame rate"), "{notice}");
        let up = rig.play(60, 0);
        assert_eq!(up.last(), named([("sample-1", "full")]).last(), "{up:?}");
        assert!(up.contains(&("sample-1".to_owned(), "fast")), "{up:?}");
    }

    #[test]
    fn the_notice_names_who_is_drawn_and_how_to_keep_the_other() {
        let mut rig = Rig::new();
        rig.play(1, 0);
        let view = rig.show.painter.view();
        assert!(rig.show.change_students(view).is_ok_and(|what| what.contains("sample-2") && what.contains("say so")));
        assert_eq!(rig.show.change_students(view), Ok("sample-1 is drawn again".to_owned()));
    }

    #[test]
    fn a_quality_that_is_asked_for_is_drawn_by_the_student_that_was_asked_for() {
        let mut rig = Rig::new();
        rig.play(8, 40);
        assert_eq!(rig.show.status().character, "sample-2");
        rig.orders.send(Order::SetQuality(QualityChoice::Fast)).expect("room for an order");
        assert_eq!(rig.play(8, 40), named([("sample-1", "fast")]));
    }

    #[test]
    fn a_character_that_is_asked_for_stays_whatever_it_costs() {
        let mut rig = Rig::new();
        assert_eq!(rig.show.set_character(tiny_character(3).into()), Ok(()));
        assert_eq!(rig.play(8, 40), named([("sample-3", "full"), ("sample-3", "fast")]));
    }
}
