//! What the end-to-end tests drive: the command, a running puppet, a phone, a display.

mod command;
mod display;
mod phone;
mod puppet;

pub(crate) use bunraku_test_support::shared;
pub(crate) use command::{Finished, bunraku};
pub(crate) use display::{Display, Screenshot, Window};
pub(crate) use phone::Phone;
pub(crate) use puppet::{Puppet, pose, status};

use std::time::{Duration, Instant};

/// The `bunraku` program, built with these tests.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_bunraku");

/// How long a test waits before it gives up; far longer than anything takes on a slow machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// Asks again and again until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        // Leaves the processor to what is awaited.
        std::thread::sleep(Duration::from_millis(5));
    }
}
