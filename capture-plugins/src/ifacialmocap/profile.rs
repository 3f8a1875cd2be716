//! The profile of iFacialMocap's samples, and its packets as lines (`core/spec/face-to-pose.md`).

use super::packet::parse_packet;
use crate::ProfileInfo;
use bunraku_core::{profile::Profile, sample::FaceSample};

/// How samples of iFacialMocap's kind become poses.
pub const PROFILE: Profile = Profile { name: "ifacialmocap", inverted_frown_guard: true, head_offsets: false };

/// The line of [`profiles`](crate::profiles).
pub(crate) const PROFILE_INFO: ProfileInfo = ProfileInfo { profile: PROFILE, parse };

fn parse(line: &[u8]) -> Result<FaceSample, String> {
    let mut sample = FaceSample::default();
    if parse_packet(line, &mut sample).is_readable() {
        return Ok(sample);
    }
    Err("not an iFacialMocap packet: no field could be read (name&value, =head#…, rightEye#… or leftEye#…)".to_owned())
}
