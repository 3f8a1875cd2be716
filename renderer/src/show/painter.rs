//! The engine on stage: opened as asked for, replaced when it is lost.

use crate::settings::EngineChoice;
use bunraku_core::pose::Pose;
use bunraku_engine::{Avatar, Character, CpuFrame, Description, EngineError, FramePool, Quality, View, native::Reader};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Opens an avatar on the kind of engine asked for.
pub type OpenEngine = Box<dyn Fn(EngineChoice, &Character, View) -> Result<Box<dyn Avatar>, EngineError>>;

/// How often an engine may be lost before the CPU takes over for good.
const CHANCES: u32 = 3;

/// Draws a character, whatever becomes of the engine.
pub(super) struct Painter {
    open: OpenEngine,
    choice: EngineChoice,
    character: Character,
    avatar: Box<dyn Avatar>,
    losses: u32,
    pool: FramePool,
    reader: Reader,
    /// The last frame; it stays as it was where nothing could be drawn.
    pub(super) frame: Arc<CpuFrame>,
}

/// What a frame took, and what happened on the way.
pub(super) struct Painted {
    pub(super) cost: Duration,
    /// In words, if the engine had to be replaced.
    pub(super) incident: Option<String>,
}

impl Painter {
    pub(super) fn new(
        open: OpenEngine,
        choice: EngineChoice,
        character: Character,
        view: View,
    ) -> Result<Self, EngineError> {
        let avatar = open(choice, &character, view)?;
        let (pool, reader, frame) = (FramePool::default(), Reader::default(), Arc::default());
        Ok(Self { open, choice, character, avatar, losses: 0, pool, reader, frame })
    }

    /// Draws `pose` into the frame; an engine that is lost on the way is replaced.
    ///
    /// # Errors
    /// When no engine is left that works.
    pub(super) fn paint(&mut self, pose: &Pose) -> Result<Painted, EngineError> {
        let mut incident = None;
        loop {
            let start = Instant::now();
            match self.draw(pose) {
                Ok(frame) => {
                    self.frame = frame;
                    return Ok(Painted { cost: start.elapsed(), incident });
                }
                Err(why) => incident = Some(self.replace(&why)?),
            }
        }
    }

    fn draw(&mut self, pose: &Pose) -> Result<Arc<CpuFrame>, EngineError> {
        self.avatar.set_pose(pose);
        self.reader.read(&self.avatar.draw(&mut self.pool)?)
    }

    /// Another engine in place of the one that is lost; what happened, in words.
    fn replace(&mut self, why: &EngineError) -> Result<String, EngineError> {
        self.losses += 1;
        let view = self.avatar.view();
        if self.losses > CHANCES || self.avatar.describe().engine == "cpu" {
            self.choice = EngineChoice::Cpu;
        }
        let again = (self.open)(self.choice, &self.character, view);
        self.avatar = match again {
            Ok(avatar) => avatar,
            Err(_) if self.choice != EngineChoice::Cpu => {
                self.choice = EngineChoice::Cpu;
                (self.open)(self.choice, &self.character, view)?
            }
            Err(error) => return Err(error),
        };
        let Description { engine, adapter, .. } = self.avatar.describe();
        Ok(format!("{why}: now drawing with the {engine} engine ({adapter})"))
    }

    /// Has `character` and the one on stage change places, and draws with `view` from now on; all stays as it was if
    /// no engine can be made for it.
    pub(super) fn exchange(&mut self, character: &mut Character, view: View) -> Result<(), EngineError> {
        self.avatar = (self.open)(self.choice, character, view)?;
        std::mem::swap(&mut self.character, character);
        Ok(())
    }

    pub(super) fn set_view(&mut self, view: View) -> Result<(), EngineError> {
        self.avatar.set_view(view)
    }

    pub(super) fn view(&self) -> View {
        self.avatar.view()
    }

    /// The qualities that differ in cost.
    pub(super) fn qualities(&self) -> &[Quality] {
        self.avatar.qualities()
    }

    pub(super) fn character(&self) -> &Character {
        &self.character
    }

    pub(super) fn describe(&self) -> Description {
        self.avatar.describe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_core::{character::sample::tiny_character, face_state::FaceState};
    use bunraku_engine::Frame;
    use std::{cell::RefCell, rc::Rc};

    /// An engine that draws `health` frames and is lost then.
    struct Mortal {
        kind: &'static str,
        health: u32,
        view: View,
        value: f32,
    }

    impl Avatar for Mortal {
        fn follow(&mut self, _: &FaceState) -> bool {
            true
        }

        fn set_pose(&mut self, pose: &Pose) -> bool {
            self.value = pose.0[0];
            true
        }

        fn draw(&mut self, pool: &mut FramePool) -> Result<Frame, EngineError> {
            let left = self.health.checked_sub(1).ok_or_else(|| EngineError::Lost("driver reset".to_owned()))?;
            self.health = left;
            Ok(Frame::Cpu(pool.fill(self.view.size, |frame| frame.planes.fill(self.value))))
        }

        fn set_view(&mut self, view: View) -> Result<(), EngineError> {
            self.view = view;
            Ok(())
        }

        fn view(&self) -> View {
            self.view
        }

        fn qualities(&self) -> &[Quality] {
            &[Quality::Full]
        }

        fn multiply_adds(&self) -> usize {
            0
        }

        fn describe(&self) -> Description {
            Description { engine: self.kind, adapter: "test".to_owned(), precision: "f32", threads: 0 }
        }
    }

    /// A painter on a machine whose GPUs live as long as `gpus` says, one after the other; its CPU is immortal.
    fn painter(gpus: &[u32]) -> (Painter, Rc<RefCell<Vec<EngineChoice>>>) {
        let opened = Rc::new(RefCell::new(vec![]));
        let (log, left) = (Rc::clone(&opened), RefCell::new(gpus.to_vec()));
        let open: OpenEngine = Box::new(move |choice, _, view| {
            log.borrow_mut().push(choice);
            if choice == EngineChoice::Cpu {
                return Ok(Box::new(Mortal { kind: "cpu", health: u32::MAX, view, value: 0.0 }));
            }
            let mut left = left.borrow_mut();
            if left.is_empty() {
                return Err(EngineError::NoAdapter("gone".to_owned()));
            }
            Ok(Box::new(Mortal { kind: "gpu", health: left.remove(0), view, value: 0.0 }))
        });
        let view = View::new(128, Quality::Full);
        (Painter::new(open, EngineChoice::Gpu, tiny_character(1).into(), view).expect("the first GPU"), opened)
    }

    #[test]
    fn a_lost_gpu_is_opened_again_and_the_frame_is_drawn_all_the_same() {
        let (mut painter, opened) = painter(&[1, 5]);
        painter.paint(&Pose([0.25; 45])).expect("drawn");
        let painted = painter.paint(&Pose([0.5; 45])).expect("drawn by the second");
        assert_eq!(painter.frame.planes[0], 0.5);
        assert!(painted.incident.is_some_and(|text| text.contains("driver reset") && text.contains("gpu engine")));
        assert_eq!(opened.borrow()[..], [EngineChoice::Gpu, EngineChoice::Gpu]);
    }

    #[test]
    fn without_another_gpu_the_cpu_takes_over() {
        let (mut painter, _) = painter(&[0]);
        let painted = painter.paint(&Pose([0.5; 45])).expect("drawn by the CPU");
        assert!(painted.incident.is_some_and(|text| text.contains("cpu engine")));
        assert_eq!((painter.frame.planes[0], painter.describe().engine), (0.5, "cpu"));
    }

    #[test]
    fn a_gpu_that_is_lost_again_and_again_is_given_up() {
        let (mut painter, opened) = painter(&[0; 100]);
        painter.paint(&Pose([0.5; 45])).expect("drawn in the end");
        assert_eq!(painter.describe().engine, "cpu");
        assert_eq!(opened.borrow().len(), 5);
    }
}
