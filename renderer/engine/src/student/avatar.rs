//! A THA4 student as an avatar: from faces to poses, and from poses to frames.

use super::{Grids, cpu::CpuEngine, gpu::GpuEngine};
use crate::{Avatar, Description, EngineError, Frame, FramePool, Quality, View, gpu::GpuContext};
use bunraku_core::{
    character::CharacterModel,
    face_state::FaceState,
    mapping::PoseMapping,
    pose::{POSE_LEN, Pose},
};

/// Runs a student's plan.
pub(super) trait Engine {
    fn draw(&mut self, pose: &Pose, pool: &mut FramePool) -> Result<Frame, EngineError>;

    /// After an error the old grids stay.
    fn set_grids(&mut self, grids: Grids) -> Result<(), EngineError>;

    fn qualities(&self) -> &'static [Quality];

    fn multiply_adds(&self) -> usize;

    fn describe(&self) -> Description;
}

/// A THA4 student.
pub struct StudentAvatar {
    mapping: PoseMapping,
    engine: Box<dyn Engine>,
    view: View,
    pose: Pose,
    /// The bits of the pose that was drawn last; none if it must be drawn again.
    drawn: Option<[u32; POSE_LEN]>,
}

impl StudentAvatar {
    /// A student drawn by the processor on `threads` threads, 0 for one per core.
    ///
    /// # Errors
    /// [`EngineError::Threads`] when the threads cannot be started.
    pub fn on_cpu(
        model: &CharacterModel,
        mapping: PoseMapping,
        view: View,
        threads: usize,
    ) -> Result<Self, EngineError> {
        Ok(Self::new(mapping, view, Box::new(CpuEngine::new(model, view, threads)?)))
    }

    /// A student drawn on a GPU.
    ///
    /// # Errors
    /// [`EngineError::Lost`] when the device has no room or is lost.
    pub fn on_gpu(
        model: &CharacterModel,
        mapping: PoseMapping,
        view: View,
        context: &GpuContext,
    ) -> Result<Self, EngineError> {
        Ok(Self::new(mapping, view, Box::new(GpuEngine::new(context, model, view)?)))
    }

    fn new(mapping: PoseMapping, view: View, engine: Box<dyn Engine>) -> Self {
        let view = View::new(view.size, view.quality);
        Self { mapping, engine, view, pose: Pose::default(), drawn: None }
    }
}

impl Avatar for StudentAvatar {
    fn follow(&mut self, face: &FaceState) -> bool {
        self.pose = self.mapping.map(face);
        self.drawn != Some(self.pose.0.map(f32::to_bits))
    }

    fn set_pose(&mut self, pose: &Pose) -> bool {
        self.pose = *pose;
        true
    }

    fn pose(&self) -> Option<&Pose> {
        Some(&self.pose)
    }

    fn draw(&mut self, pool: &mut FramePool) -> Result<Frame, EngineError> {
        let frame = self.engine.draw(&self.pose, pool)?;
        self.drawn = Some(self.pose.0.map(f32::to_bits));
        Ok(frame)
    }

    fn view(&self) -> View {
        self.view
    }

    fn set_view(&mut self, view: View) -> Result<(), EngineError> {
        let view = View::new(view.size, view.quality);
        self.engine.set_grids(Grids::new(view))?;
        self.drawn = self.drawn.filter(|_| view == self.view);
        self.view = view;
        Ok(())
    }

    fn qualities(&self) -> &[Quality] {
        self.engine.qualities()
    }

    fn multiply_adds(&self) -> usize {
        self.engine.multiply_adds()
    }

    fn describe(&self) -> Description {
        self.engine.describe()
    }
}
