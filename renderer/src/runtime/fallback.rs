//! The fallback: a cheaper student that takes over where nothing else keeps the frame rate.

use super::Puppet;
use bunraku_engine::{Character, View};

/// A student of the same character that costs less. It takes over when `--quality auto` is down to the fast quality and
/// that misses the frame rate clearly for seconds; the other one returns when the machine can afford it.
#[derive(Clone, Debug)]
pub struct FallbackStudent {
    /// The student.
    pub character: Character,
    /// How to keep the other one, for the notice.
    pub advice: String,
}

/// The student of the two that is not drawn now.
pub(super) struct Fallback {
    waiting: Character,
    advice: String,
    /// Whether the fallback student is drawn, and the other one waits.
    active: bool,
}

impl Fallback {
    /// Whether the fallback student is drawn.
    pub(super) fn is_active(&self) -> bool {
        self.active
    }
}

impl From<FallbackStudent> for Fallback {
    fn from(FallbackStudent { character, advice }: FallbackStudent) -> Self {
        Self { waiting: character, advice, active: false }
    }
}

impl Puppet {
    /// Swaps the two students and draws with `view`; the change in words. Nothing changes where that fails.
    pub(super) fn change_students(&mut self, view: View) -> Result<String, String> {
        let Some(fallback) = &mut self.fallback else { return Err("there is no fallback student".to_owned()) };
        let name = fallback.waiting.name().to_owned();
        self.host
            .swap_character(&mut fallback.waiting, view)
            .map_err(|error| format!("{name} cannot take over to keep the frame rate: {error}"))?;
        fallback.active = !fallback.active;
        Ok(if fallback.active {
            format!("{name} is drawn until the machine can afford the other student ({})", fallback.advice)
        } else {
            format!("{name} is drawn again")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, QualityChoice, Setup};
    use super::*;
    use bunraku_core::{character::sample::tiny_character, face_state::FaceState};
    use bunraku_engine::{Avatar, Description, EngineError, Frame, FramePool, Quality};
    use std::{
        sync::{
            Arc,
            atomic::{AtomicU64, Ordering::Relaxed},
        },
        time::{Duration, Instant},
    };

    /// How many milliseconds every frame of every student takes.
    type Load = Arc<AtomicU64>;

    /// An avatar that takes as long as the load says.
    struct Laden(Load, View);

    impl Avatar for Laden {
        fn follow(&mut self, _: &FaceState) -> bool {
            true
        }

        fn draw(&mut self, pool: &mut FramePool) -> Result<Frame, EngineError> {
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(self.0.load(Relaxed)) {
                std::hint::spin_loop();
            }
            Ok(Frame::Cpu(pool.fill(1, |_| ())))
        }

        fn view(&self) -> View {
            self.1
        }

        fn set_view(&mut self, view: View) -> Result<(), EngineError> {
            self.1 = view;
            Ok(())
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

    /// A puppet with a fallback student, on a machine whose load the test sets.
    struct Rig {
        puppet: Puppet,
        handle: super::super::PuppetHandle,
        load: Load,
        now: f64,
    }

    impl Rig {
        fn new() -> Self {
            let load = Load::default();
            let on_engines = Arc::clone(&load);
            let open = Box::new(move |_, _: &Character, view| {
                Ok(Box::new(Laden(Arc::clone(&on_engines), view)) as Box<dyn Avatar>)
            });
            let mut setup = Setup::new(tiny_character(1).into(), open);
            setup.fallback = Some(FallbackStudent { character: tiny_character(2).into(), advice: "say so".to_owned() });
            let (puppet, handle) = Puppet::new(setup).expect("a puppet");
            Self { puppet, handle, load, now: 0.0 }
        }

        /// Takes steps of a quarter of a second, in which the character breathes, under a load of so many milliseconds a
        /// frame; returns the students and qualities that were drawn.
        fn play(&mut self, seconds: u32, load: u64) -> Vec<(String, &'static str)> {
            self.load.store(load, Relaxed);
            let mut seen = vec![];
            for _ in 0..4 * seconds {
                self.now += 0.25;
                self.puppet.step(self.now).expect("a step");
                let status = self.puppet.status();
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
    fn the_fallback_takes_over_while_the_load_lasts() {
        let mut rig = Rig::new();
        assert_eq!(rig.play(3, 40), named([("sample-1", "full"), ("sample-1", "fast")]), "only the quality at first");
        let down = rig.play(5, 40);
        assert_eq!(down[..2], named([("sample-1", "fast"), ("sample-2", "full")]));
        let notice = rig.puppet.status().notice;
        assert!(notice.contains("the frame rate allows"), "{notice}");
        let up = rig.play(60, 0);
        assert_eq!(up.last(), named([("sample-1", "full")]).last(), "{up:?}");
        assert!(up.contains(&("sample-1".to_owned(), "fast")), "{up:?}");
    }

    #[test]
    fn the_notice_names_the_student_and_how_to_keep_the_other() {
        let mut rig = Rig::new();
        rig.play(1, 0);
        let view = rig.puppet.host.view();
        assert!(
            rig.puppet.change_students(view).is_ok_and(|what| what.contains("sample-2") && what.contains("say so"))
        );
        assert_eq!(rig.puppet.change_students(view), Ok("sample-1 is drawn again".to_owned()));
    }

    #[test]
    fn asking_for_a_quality_ends_the_fallback() {
        let mut rig = Rig::new();
        rig.play(8, 40);
        assert_eq!(rig.puppet.status().character, "sample-2");
        rig.handle.send(Command::SetQuality(QualityChoice::Fast)).expect("room for a command");
        assert_eq!(rig.play(8, 40), named([("sample-1", "fast")]));
    }

    #[test]
    fn loading_a_character_turns_the_fallback_off() {
        let mut rig = Rig::new();
        assert_eq!(rig.puppet.set_character(tiny_character(3).into()), Ok(()));
        assert_eq!(rig.play(8, 40), named([("sample-3", "full"), ("sample-3", "fast")]));
    }
}
