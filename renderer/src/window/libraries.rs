//! Libraries that are loaded at run time, for want of which winit and wgpu panic.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Calls `call`; what it said if it panicked. What it worked on must not be used any more then.
pub(super) fn caught<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| panic_text(&*panic).trim_end_matches('.').to_owned())
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it gives no reason")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_what_it_said() {
        assert_eq!(caught(|| 1), Ok(1));
        let name = "libwayland-egl.so";
        assert_eq!(caught(|| panic!("{name} is missing.")), Err::<(), _>("libwayland-egl.so is missing".to_owned()));
        assert_eq!(caught(|| panic!("none")), Err::<(), _>("none".to_owned()));
        assert_eq!(caught(|| std::panic::panic_any(1)), Err::<(), _>("it gives no reason".to_owned()));
    }
}
