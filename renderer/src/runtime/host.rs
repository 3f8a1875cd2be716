//! The avatar host: opens the avatar that draws the character, and replaces one whose device is lost.

use bunraku_core::{face_state::FaceState, pose::Pose};
use bunraku_engine::{
    Avatar, Character, Description, EngineChoice, EngineError, Frame, FramePool, Quality, View, native,
};
use std::time::{Duration, Instant};

/// Opens an avatar on the kind of engine asked for.
pub type OpenAvatar = Box<dyn Fn(EngineChoice, &Character, View) -> Result<Box<dyn Avatar>, EngineError> + Send>;

/// How often an engine may be lost before the CPU takes over for good.
const CHANCES: u32 = 3;

/// Draws a character, even if the engine is lost on the way.
pub(super) struct AvatarHost {
    open: OpenAvatar,
    choice: EngineChoice,
    character: Character,
    avatar: Box<dyn Avatar>,
    losses: u32,
    pool: FramePool,
    /// The frame last drawn.
    frame: Option<Frame>,
}

/// What drawing a frame took.
pub(super) struct Drawn {
    pub(super) cost: Duration,
    /// The replacement of the engine in words, if there was one.
    pub(super) incident: Option<String>,
}

impl AvatarHost {
    pub(super) fn new(
        open: OpenAvatar,
        choice: EngineChoice,
        character: Character,
        view: View,
    ) -> Result<Self, EngineError> {
        let avatar = open(choice, &character, view)?;
        Ok(Self { open, choice, character, avatar, losses: 0, pool: FramePool::default(), frame: None })
    }

    /// Takes the face that the next frame shows. Returns whether that frame differs from the last one drawn.
    pub(super) fn follow(&mut self, face: &FaceState) -> bool {
        self.avatar.follow(face)
    }

    /// The pose that the next frame shows; at rest for an avatar that has none.
    pub(super) fn pose(&self) -> Pose {
        self.avatar.pose().copied().unwrap_or_default()
    }

    /// Draws `face`, which was followed; an engine that is lost on the way is replaced.
    ///
    /// # Errors
    /// When no engine works any more.
    pub(super) fn draw(&mut self, face: &FaceState) -> Result<Drawn, EngineError> {
        let mut incident = None;
        loop {
            let start = Instant::now();
            match self.draw_whole() {
                Ok(()) => return Ok(Drawn { cost: start.elapsed(), incident }),
                Err(why) => {
                    incident = Some(self.replace(&why)?);
                    self.avatar.follow(face);
                }
            }
        }
    }

    /// Draws and waits until the frame is drawn: the next one must not queue up behind it, and its cost is to be known.
    fn draw_whole(&mut self) -> Result<(), EngineError> {
        let frame = self.avatar.draw(&mut self.pool)?;
        native::finish(&frame)?;
        self.frame = Some(frame);
        Ok(())
    }

    /// The frame last drawn, if any.
    pub(super) fn frame(&self) -> Option<&Frame> {
        self.frame.as_ref()
    }

    /// Whether the device of the last frame is lost, so that it must be drawn again on another.
    pub(super) fn is_lost(&self) -> bool {
        matches!(&self.frame, Some(Frame::Gpu(frame)) if frame.context.check().is_err())
    }

    /// GPU buffers mapped so far to read frames back.
    pub(super) fn readbacks(&self) -> u64 {
        match &self.frame {
            Some(Frame::Gpu(frame)) => frame.context.maps(),
            _ => 0,
        }
    }

    /// Replaces the lost engine; what happened, in words.
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

    /// Swaps `character` with the one drawn so far and draws with `view` from now on; nothing changes if no avatar can
    /// be opened for it.
    pub(super) fn swap_character(&mut self, character: &mut Character, view: View) -> Result<(), EngineError> {
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
    use bunraku_core::character::sample::tiny_character;
    use std::sync::{Arc, Mutex};

    /// An avatar that draws `health` frames and is then lost.
    struct Mortal {
        kind: &'static str,
        health: u32,
        view: View,
        value: f32,
    }

    impl Avatar for Mortal {
        fn follow(&mut self, face: &FaceState) -> bool {
            self.value = face.breath.unwrap_or(0.0);
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

    /// A host on a machine whose GPUs each draw as many frames as `gpus` says; its CPU never fails.
    fn host(gpus: &[u32]) -> (AvatarHost, Arc<Mutex<Vec<EngineChoice>>>) {
        let opened = Arc::new(Mutex::new(vec![]));
        let (log, left) = (Arc::clone(&opened), Mutex::new(gpus.to_vec()));
        let open: OpenAvatar = Box::new(move |choice, _, view| {
            log.lock().expect("no panic").push(choice);
            if choice == EngineChoice::Cpu {
                return Ok(Box::new(Mortal { kind: "cpu", health: u32::MAX, view, value: 0.0 }));
            }
            let mut left = left.lock().expect("no panic");
            if left.is_empty() {
                return Err(EngineError::NoAdapter("gone".to_owned()));
            }
            Ok(Box::new(Mortal { kind: "gpu", health: left.remove(0), view, value: 0.0 }))
        });
        let view = View::new(128, Quality::Full);
        (AvatarHost::new(open, EngineChoice::Gpu, tiny_character(1).into(), view).expect("the first GPU"), opened)
    }

    /// Draws a face with this breath.
    fn draw(host: &mut AvatarHost, breath: f32) -> Result<Drawn, EngineError> {
        let face = FaceState { breath: Some(breath), ..FaceState::default() };
        host.follow(&face);
        host.draw(&face)
    }

    fn first_value(host: &AvatarHost) -> f32 {
        match host.frame() {
            Some(Frame::Cpu(frame)) => frame.planes[0],
            other => panic!("no frame in CPU memory: {other:?}"),
        }
    }

    #[test]
    fn a_lost_gpu_is_opened_again_and_the_frame_is_drawn_anyway() {
        let (mut host, opened) = host(&[1, 5]);
        draw(&mut host, 0.25).expect("drawn");
        let drawn = draw(&mut host, 0.5).expect("drawn by the second");
        assert_eq!(first_value(&host), 0.5);
        assert!(drawn.incident.is_some_and(|text| text.contains("driver reset") && text.contains("gpu engine")));
        assert_eq!(opened.lock().expect("no panic")[..], [EngineChoice::Gpu, EngineChoice::Gpu]);
    }

    #[test]
    fn without_another_gpu_the_cpu_takes_over() {
        let (mut host, _) = host(&[0]);
        let drawn = draw(&mut host, 0.5).expect("drawn by the CPU");
        assert!(drawn.incident.is_some_and(|text| text.contains("cpu engine")));
        assert_eq!((first_value(&host), host.describe().engine), (0.5, "cpu"));
    }

    #[test]
    fn a_gpu_that_is_lost_again_and_again_is_given_up() {
        let (mut host, opened) = host(&[0; 100]);
        draw(&mut host, 0.5).expect("drawn in the end");
        assert_eq!(host.describe().engine, "cpu");
        assert_eq!(opened.lock().expect("no panic").len(), 5);
    }
}
