//! A virtual display: what can be seen and typed on it.

use super::until;
use bunraku_test_support::{Means, missing};
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

/// What a test of a window needs, beside Xvfb.
const TOOLS: [&str; 2] = ["xdotool", "xwd"];

/// An X server without a screen, which is killed when this is dropped.
pub(crate) struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// Starts one on a free number; `None`, with the test skipped, without Xvfb or the tools.
    pub(crate) fn start() -> Option<Self> {
        for tool in TOOLS {
            let there = Command::new(tool).arg("-version").stdin(Stdio::null()).output();
            if there.is_err() {
                return missing(Means::Display, format_args!("no {tool}"));
            }
        }
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp"]);
        let server = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut server = server.ok().or_else(|| missing(Means::Display, "no Xvfb"))?;
        let mut number = String::new();
        let said = server.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut number));
        if !matches!(said, Some(Ok(1..))) {
            server.wait().ok();
            return missing(Means::Display, "Xvfb cannot start");
        }
        Some(Self { server, name: format!(":{}", number.trim()) })
    }

    /// As in `DISPLAY`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Waits for a window whose title begins with `title`.
    pub(crate) fn window(&self, title: &str) -> Window<'_> {
        let pattern = format!("^{title}");
        let id = until("the window opens", || {
            let found = self.tool("xdotool", &["search", "--name", &pattern])?;
            found.split_whitespace().next_back().map(str::to_owned)
        });
        Window { display: self, id }
    }

    /// Runs one of the tools; what it said, if it succeeded.
    fn tool(&self, name: &str, words: &[&str]) -> Option<String> {
        let output = self.command(name, words).output().expect("it was there a moment ago");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn command(&self, name: &str, words: &[&str]) -> Command {
        let mut command = Command::new(name);
        command.args(words).env("DISPLAY", &self.name).stdin(Stdio::null());
        command
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

/// A window on a [`Display`].
pub(crate) struct Window<'a> {
    display: &'a Display,
    id: String,
}

/// The pixels of a window.
pub(crate) struct Screenshot {
    /// Pixels from left to right.
    pub(crate) width: usize,
    /// Pixels from top to bottom.
    pub(crate) height: usize,
    /// Bits of a pixel that mean something: 24, or 32 where the window has an alpha channel.
    pub(crate) depth: u32,
    /// R, G, B and, where there is one, alpha.
    pub(crate) pixels: Vec<[u8; 4]>,
}

impl Window<'_> {
    /// Its title.
    pub(crate) fn title(&self) -> String {
        let title = self.display.tool("xdotool", &["getwindowname", &self.id]);
        title.expect("the window is there").trim().to_owned()
    }

    /// Presses a key by xdotool's name for it.
    pub(crate) fn press(&self, key: &str) {
        let done = self.display.tool("xdotool", &["windowfocus", "--sync", &self.id, "key", key]);
        assert!(done.is_some(), "cannot press {key}");
    }

    /// Makes the window another size.
    pub(crate) fn resize(&self, width: usize, height: usize) {
        let words = ["windowsize", "--sync", &self.id, &width.to_string(), &height.to_string()];
        assert!(self.display.tool("xdotool", &words).is_some(), "cannot resize the window");
    }

    /// Takes it off the screen, as it is.
    pub(crate) fn unmap(&self) {
        assert!(
            self.display.tool("xdotool", &["windowunmap", "--sync", &self.id]).is_some(),
            "cannot unmap the window"
        );
    }

    /// Puts it back on the screen.
    pub(crate) fn map(&self) {
        assert!(self.display.tool("xdotool", &["windowmap", "--sync", &self.id]).is_some(), "cannot map the window");
    }

    /// What it shows.
    pub(crate) fn capture(&self) -> Screenshot {
        let output = self.display.command("xwd", &["-silent", "-id", &self.id]).output().expect("xwd was there");
        assert!(output.status.success(), "xwd: {}", String::from_utf8_lossy(&output.stderr));
        Screenshot::from_xwd(&output.stdout)
    }
}

impl Screenshot {
    /// Reads the X window dump format, version 7, of true colour pixels in four bytes (`XWDFile.h`).
    fn from_xwd(dump: &[u8]) -> Self {
        let field = |index: usize| {
            let bytes = dump[4 * index..][..4].try_into().expect("four bytes");
            u32::from_be_bytes(bytes)
        };
        let [header, version, depth, width, height] = [0, 1, 3, 4, 5].map(field);
        let [byte_order, bits, line, colours] = [7, 11, 12, 19].map(field);
        assert_eq!((version, byte_order, bits), (7, 0, 32), "an X window dump of another kind");
        let pixels = &dump[(header + 12 * colours) as usize..];
        let rows = pixels.chunks_exact(line as usize).take(height as usize);
        let pixels = rows.flat_map(|row| row[..4 * width as usize].as_chunks::<4>().0);
        let pixels = pixels.map(|&[blue, green, red, alpha]| [red, green, blue, alpha]).collect();
        Self { width: width as usize, height: height as usize, depth, pixels }
    }
}
