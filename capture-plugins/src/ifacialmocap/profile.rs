//! The profile of iFacialMocap's samples (`core/spec/face-to-pose.md`), and its packets as lines for `convert`.

use super::packet::parse_packet;
use crate::LineFormat;
use bunraku_core::{profile::Profile, sample::FaceSample};

/// How samples from iFacialMocap become poses.
pub const PROFILE: Profile = Profile { name: "ifacialmocap", inverted_frown_guard: true, head_offsets: false };

/// The lines of `convert`: one packet each.
pub(super) const LINES: LineFormat = LineFormat { about: "iFacialMocap packets", parse };

fn parse(line: &[u8]) -> Result<FaceSample, String> {
    let mut sample = FaceSample::default();
    if parse_packet(line, &mut sample).is_readable() {
        return Ok(sample);
    }
    Err("not an iFacialMocap packet: no field could be read (name&value, =head#…, rightEye#… or leftEye#…)".to_owned())
}
