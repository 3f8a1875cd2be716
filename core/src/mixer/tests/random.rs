//! Random events at random times: weights stay continuous and poses move no faster than a fade.

use super::*;
use proptest::prelude::*;

/// What may happen between two frames.
#[derive(Clone, Debug)]
enum Event {
    Nothing,
    Select(usize),
    Publish(usize, bool),
    Track(usize, bool),
    Live(usize, bool),
    Turn(usize),
    Recentre,
    Replace(usize),
}

const SOURCES: usize = 4;

fn any_event() -> impl Strategy<Value = Event> {
    let source = 0..SOURCES;
    prop_oneof![
        8 => Just(Event::Nothing),
        2 => source.clone().prop_map(Event::Select),
        2 => (source.clone(), any::<bool>()).prop_map(|(i, on)| Event::Publish(i, on)),
        1 => (source.clone(), any::<bool>()).prop_map(|(i, tracked)| Event::Track(i, tracked)),
        1 => (source.clone(), any::<bool>()).prop_map(|(i, alive)| Event::Live(i, alive)),
        1 => source.clone().prop_map(Event::Turn),
        1 => Just(Event::Recentre),
        1 => source.prop_map(Event::Replace),
    ]
}

fn driving(name: &str, input: MixerInput) -> MixerInput {
    match name {
        "microphone" => input.driving(Channels::of(&[Channel::Mouth])),
        "head tracker" => input.driving(Channels::of(&[Channel::Head, Channel::Torso])).mirrored(true),
        _ => input,
    }
}

impl Rig {
    fn with_everything() -> Self {
        let mut rig = Self::new(&[]);
        for name in ["microphone", "head tracker", "camera", "idle"] {
            rig.add(name, |input| driving(name, input));
        }
        rig.happen(&Event::Publish(SOURCES - 1, true));
        rig
    }

    /// Lets it happen. A source's face changes only by an event that makes it jump, so that only fades move the pose.
    fn happen(&mut self, event: &Event) {
        match *event {
            // The head is recentred in the same frame, which makes its turn a jump.
            Event::Turn(index) if self.mixer.driver(Channel::Head) == Some(index) && self.sources[index].delivers() => {
                self.sources[index].turn = 7.0 - self.sources[index].turn;
                self.mixer.recentre();
            }
            Event::Nothing | Event::Turn(_) => {}
            Event::Select(index) => assert!(self.mixer.select(index)),
            Event::Publish(index, on) => self.sources[index].jaw = on.then_some(index as f64 / 3.0),
            Event::Track(index, tracked) => self.sources[index].tracked = tracked,
            Event::Live(index, alive) => self.sources[index].alive = alive,
            Event::Recentre => {
                self.mixer.recentre();
            }
            Event::Replace(index) => {
                let name = self.mixer.inputs[index].name().to_owned();
                let (input, source) = new_input(&name);
                assert!(self.mixer.replace(index, driving(&name, input)));
                self.sources[index] = Source { jaw: None, ..source };
            }
        }
    }

    /// The shares of every channel, by the run of samples that has them.
    fn shares(&self) -> impl Iterator<Item = ((usize, u32), [f32; CHANNEL_COUNT])> {
        self.state.faces.iter().map(|face| ((face.source, face.run), face.weights))
    }

    fn share(&self, face: (usize, u32), channel: Channel) -> f32 {
        self.shares().find(|(of, _)| *of == face).map_or(0.0, |(_, weights)| weights[channel as usize])
    }
}

/// Whether every share of both moments is near what it was at the other.
fn are_near(before: &[((usize, u32), [f32; CHANNEL_COUNT])], rig: &Rig) -> bool {
    let after: Vec<_> = rig.shares().collect();
    before.iter().chain(&after).all(|&(face, _)| {
        Channel::ALL.into_iter().all(|channel| {
            let was = before.iter().find(|(of, _)| *of == face).map_or(0.0, |(_, shares)| shares[channel as usize]);
            let is = rig.share(face, channel);
            (0.0..=1.0).contains(&is) && (is - was).abs() <= fastest_share()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn whatever_happens_weights_are_continuous_and_the_pose_moves_no_faster_than_a_fade(
        events in prop::collection::vec((any_event(), 1..80_u32), 1..40),
    ) {
        let mut rig = Rig::with_everything();
        for (event, frames) in events {
            rig.happen(&event);
            for _ in 0..frames {
                let before: Vec<_> = rig.shares().collect();
                rig.step();
                prop_assert!(are_near(&before, &rig), "{event:?}: from {before:?} to {:?}", rig.state.faces);
                prop_assert!(rig.state.faces.len() <= 2 * SOURCES);
                prop_assert!(Channel::ALL.iter().all(|&channel| rig.state.coverage(channel) < 1.0 + 1e-5));
                prop_assert!(rig.fastest <= fastest_share(), "{event:?}: a parameter moved by {}", rig.fastest);
            }
        }
    }
}
