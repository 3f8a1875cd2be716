//! What it takes to add an avatar: this one shows how far the jaw is open.

use bunraku_core::{
    face_state::FaceState,
    profile::Profile,
    sample::{Blendshape, FaceSample},
};
use bunraku_engine::{Avatar, Description, EngineError, Frame, FramePool, Quality, View};

const PROFILE: Profile = Profile { name: "toy", inverted_frown_guard: false, head_offsets: false };

/// A square that turns from black to red as the jaw opens.
struct Toy {
    view: View,
    red: f32,
    drawn: Option<f32>,
}

impl Avatar for Toy {
    fn follow(&mut self, face: &FaceState) -> bool {
        self.red = face.faces.first().map_or(0.0, |face| face.sample[Blendshape::JawOpen] as f32);
        self.drawn != Some(self.red)
    }

    fn draw(&mut self, pool: &mut FramePool) -> Result<Frame, EngineError> {
        self.drawn = Some(self.red);
        Ok(Frame::Cpu(pool.fill(self.view.size, |frame| {
            let channels = frame.planes.chunks_exact_mut(frame.size * frame.size);
            for (plane, value) in channels.zip([self.red, 0.0, 0.0, 1.0]) {
                plane.fill(2.0 * value - 1.0);
            }
        })))
    }

    fn view(&self) -> View {
        self.view
    }

    fn set_view(&mut self, view: View) -> Result<(), EngineError> {
        (self.view, self.drawn) = (view, None);
        Ok(())
    }

    fn qualities(&self) -> &[Quality] {
        &[Quality::Full]
    }

    fn multiply_adds(&self) -> usize {
        0
    }

    fn describe(&self) -> Description {
        Description { engine: "cpu", adapter: "toy".to_owned(), precision: "f32", threads: 1 }
    }
}

fn face(jaw: f64) -> FaceState {
    let mut sample = FaceSample::default();
    sample[Blendshape::JawOpen] = jaw;
    FaceState::of(PROFILE, sample)
}

#[test]
fn a_toy_follows_the_jaw_and_draws_it() {
    let mut toy: Box<dyn Avatar> = Box::new(Toy { view: View::new(128, Quality::Full), red: 0.0, drawn: None });
    let mut pool = FramePool::default();
    assert!(toy.follow(&face(0.25)), "the first frame is new");
    let Ok(Frame::Cpu(frame)) = toy.draw(&mut pool) else { panic!("a toy draws") };
    assert_eq!((frame.planes[0], frame.planes[128 * 128], *frame.planes.last().expect("pixels")), (-0.5, -1.0, 1.0));
    assert!(!toy.follow(&face(0.25)), "the same face is the same frame");
    assert!(toy.follow(&face(0.5)));
    toy.set_view(View::new(256, Quality::Full)).expect("any view");
    assert_eq!(toy.draw(&mut pool).expect("a toy draws").size(), 256);
}
