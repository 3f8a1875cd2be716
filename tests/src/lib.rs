//! What the end-to-end tests share: the built command, a running puppet, a phone, a display.

mod command;
mod display;
mod phone;
mod program;
mod puppet;

pub use bunraku_test_support::shared;
pub use command::{Finished, bunraku};
pub use display::{Display, Screenshot, Window};
pub use phone::Phone;
pub use program::bunraku_exe;
pub use puppet::{Puppet, pose, status};

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up; far beyond what it takes on a slow machine.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Asks again and again until there is an answer.
///
/// # Panics
/// If there is none in time; `what` says what was waited for.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        // Only so that the asking does not take the processor from what is waited for.
        std::thread::sleep(Duration::from_millis(5));
    }
}
