//! All outputs together, and the read-back that they share.

use super::Output;
use crate::settings::Background;
use bunraku_engine::{
    CpuFrame, EngineError, Frame, FramePool,
    gpu::{GpuFrame, Readback},
    native,
};
use std::{collections::VecDeque, sync::Arc};

/// Hands every step's frame to every output, in order. Frames in a GPU's memory are read back once for all of them,
/// without waiting: they arrive a step or two later.
pub(crate) struct Outputs {
    all: Vec<Box<dyn Output>>,
    readback: Readback,
    pool: FramePool,
    /// Steps that wait for their frame, oldest first; whether each was fresh.
    waiting: VecDeque<bool>,
    /// The frame last handed on.
    last: Arc<CpuFrame>,
}

impl Outputs {
    pub(crate) fn new(all: Vec<Box<dyn Output>>) -> Self {
        let (readback, pool) = (Readback::default(), FramePool::default());
        Self { all, readback, pool, waiting: VecDeque::new(), last: Arc::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Takes the frame of a step; `fresh` says whether it differs from the one before.
    ///
    /// # Errors
    /// When the device was lost: the frames on their way are replaced by the one before them.
    pub(crate) fn present(&mut self, frame: &Frame, fresh: bool) -> Result<(), EngineError> {
        if self.all.is_empty() {
            return Ok(());
        }
        match frame {
            Frame::Cpu(frame) => {
                let flushed = self.flush();
                self.last = Arc::clone(frame);
                self.hand_on(fresh);
                return flushed;
            }
            Frame::Gpu(frame) if fresh => {
                if let Err(error) = self.start(frame) {
                    let lost = self.give_up(error);
                    self.hand_on(false);
                    return lost;
                }
            }
            Frame::Gpu(_) => {}
        }
        self.waiting.push_back(fresh);
        self.deliver()
    }

    /// Starts to read a frame back, as soon as fewer than two are on their way.
    fn start(&mut self, frame: &GpuFrame) -> Result<(), EngineError> {
        while !self.readback.start(frame)? {
            self.take_next()?;
        }
        Ok(())
    }

    /// Hands on what has arrived.
    fn deliver(&mut self) -> Result<(), EngineError> {
        while let Some(&fresh) = self.waiting.front() {
            if fresh {
                match self.readback.poll(&mut self.pool) {
                    Ok(Some(frame)) => self.last = frame,
                    Ok(None) => return Ok(()),
                    Err(error) => return self.give_up(error),
                }
            }
            self.waiting.pop_front();
            self.hand_on(fresh);
        }
        Ok(())
    }

    /// Waits for the oldest frame on its way, and hands on what has arrived.
    fn take_next(&mut self) -> Result<(), EngineError> {
        match native::next(&mut self.readback, &mut self.pool) {
            Ok(Some(frame)) => self.last = frame,
            Ok(None) => return Ok(()),
            Err(error) => return self.give_up(error),
        }
        // The first that waits is always fresh: what follows a frame that has arrived was handed on with it.
        self.waiting.pop_front();
        self.hand_on(true);
        self.deliver()
    }

    /// Waits until nothing is on its way.
    fn flush(&mut self) -> Result<(), EngineError> {
        while !self.waiting.is_empty() {
            self.take_next()?;
        }
        Ok(())
    }

    /// Shows the last frame again in place of those that are lost, so that no step is missing.
    fn give_up(&mut self, error: EngineError) -> Result<(), EngineError> {
        self.readback = Readback::default();
        for _ in 0..std::mem::take(&mut self.waiting).len() {
            self.hand_on(false);
        }
        Err(error)
    }

    fn hand_on(&mut self, fresh: bool) {
        for output in &mut self.all {
            output.present(&self.last, fresh);
        }
    }

    /// Changes the background from the next frame on; `old` comes back where one output refuses it.
    pub(crate) fn set_background(&mut self, background: &Background, old: &Background) -> Result<(), String> {
        // Frames before keep the background of their time. A lost device is noticed when it draws.
        self.flush().ok();
        for index in 0..self.all.len() {
            if let Err(why) = self.all[index].set_background(background) {
                for output in &mut self.all[..index] {
                    output.set_background(old)?;
                }
                return Err(why);
            }
        }
        Ok(())
    }

    /// What went wrong with any of them since this was last asked.
    pub(crate) fn trouble(&mut self) -> Option<String> {
        self.all.iter_mut().find_map(|output| output.trouble())
    }

    /// Waits until everything is where it belongs.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn finish(&mut self) -> Result<(), String> {
        let flushed = self.flush().map_err(|error| error.to_string());
        let finished: Vec<_> = self.all.iter_mut().map(|output| output.finish()).collect();
        finished.into_iter().fold(flushed, Result::and)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_core::{character::sample::tiny_character, pose::Pose};
    use bunraku_engine::{Avatar, Character, EngineChoice, Quality, View, native::OpenOptions};
    use bunraku_test_support::{Means, missing};
    use std::sync::Mutex;

    /// Notes the first value of each frame, and whether it was fresh.
    #[derive(Clone, Default)]
    struct Notes(Arc<Mutex<Vec<(f32, bool)>>>);

    impl Output for Notes {
        fn present(&mut self, frame: &Arc<CpuFrame>, fresh: bool) {
            let mean = frame.planes.iter().sum::<f32>() / frame.planes.len() as f32;
            self.0.lock().expect("no panic").push((mean, fresh));
        }

        fn set_background(&mut self, _: &Background) -> Result<(), String> {
            Ok(())
        }
    }

    fn avatar() -> Option<Box<dyn Avatar>> {
        let options = OpenOptions::new(EngineChoice::Gpu, View::new(128, Quality::Full));
        let opened = native::open(&Character::from(tiny_character(1)), &options);
        opened.ok().or_else(|| missing(Means::Gpu, "no GPU adapter"))
    }

    #[test]
    fn gpu_frames_reach_the_outputs_in_order_one_for_every_step() {
        let Some(mut avatar) = avatar() else { return };
        let notes = Notes::default();
        let mut outputs = Outputs::new(vec![Box::new(notes.clone())]);
        let (mut pool, mut wanted) = (FramePool::default(), vec![]);
        for step in 0..8_u8 {
            avatar.set_pose(&Pose([f32::from(step) / 8.0; 45]));
            let frame = avatar.draw(&mut pool).expect("drawn");
            let read = native::Reader::default().read(&frame).expect("read");
            let mean = read.planes.iter().sum::<f32>() / read.planes.len() as f32;
            outputs.present(&frame, true).expect("a device");
            outputs.present(&frame, false).expect("a device");
            wanted.extend([(mean, true), (mean, false)]);
        }
        outputs.finish().expect("all arrive");
        assert_eq!(*notes.0.lock().expect("no panic"), wanted);
    }
}
