//! Resumable downloads that can be stopped at any time.

mod error;
mod part;

use super::{
    manifest::sha256,
    transfer::{self, Event, Head},
};
use bunraku_core::source::CancellationToken;
pub use error::DownloadError;
use part::Part;
use std::{
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

/// The greatest accepted size in bytes; the bundle has 3.8 MB.
const LIMIT: u64 = super::store::LIMIT;
/// The most connections for one download, as long as each of them makes progress.
const CONNECTIONS: usize = 8;
/// How often to check whether to stop.
const STOP_INTERVAL: Duration = Duration::from_millis(100);

/// A caller's hooks into a download.
pub struct DownloadHooks<'a> {
    /// Called with the number of bytes received and, if known, their total.
    pub progress: &'a mut dyn FnMut(u64, Option<u64>),
    /// Stops the download.
    pub stop: &'a CancellationToken,
}

/// Downloads `address`, whose SHA-256 should be `expected`, keeping what has arrived in `part`. Other content is returned
/// as well, once it has been received from the beginning in one connection.
pub(super) fn download(
    address: &str,
    part: &Path,
    expected: &str,
    mut hooks: DownloadHooks<'_>,
) -> Result<Vec<u8>, DownloadError> {
    let mut part = Part::open(part)?;
    let mut before = part.len;
    for _ in 0..CONNECTIONS {
        let bytes = part.read()?;
        if sha256(&bytes) == expected {
            return Ok(bytes);
        }
        let resumed = part.len > 0;
        match connect(address, &mut part, &mut hooks) {
            // The earlier part may be of another file: start over.
            Ok(()) if resumed && sha256(&part.read()?) != expected => part.cut(0)?,
            Ok(()) => return part.read(),
            // Try again only if the connection made progress or discarded the earlier part.
            Err(DownloadError::Broken { .. }) if part.len != before => {}
            Err(error) => return Err(error),
        }
        before = part.len;
    }
    Err(DownloadError::Broken { address: address.to_owned(), bytes: part.len, why: "too often".to_owned() })
}

/// Makes one connection and appends what arrives to `part`.
fn connect(address: &str, part: &mut Part, hooks: &mut DownloadHooks<'_>) -> Result<(), DownloadError> {
    let events = transfer::start(address, part.len);
    let mut total = None;
    loop {
        match next(&events, hooks.stop, part.len)? {
            Event::Head(head) => total = begin(address, part, &head)?,
            Event::Bytes(bytes) if part.len + bytes.len() as u64 > LIMIT => {
                part.cut(0)?;
                return Err(DownloadError::TooLarge { address: address.to_owned() });
            }
            Event::Bytes(bytes) => part.add(&bytes)?,
            Event::End if total.is_some_and(|total| part.len < total) => {
                return Err(broken(address, part, "it ended early".to_owned()));
            }
            Event::End => return Ok(()),
            Event::Unreachable(why) => return Err(DownloadError::Unreachable { address: address.to_owned(), why }),
            Event::Broken(why) => return Err(broken(address, part, why)),
        }
        (hooks.progress)(part.len, total);
    }
}

fn broken(address: &str, part: &Part, why: String) -> DownloadError {
    DownloadError::Broken { address: address.to_owned(), bytes: part.len, why }
}

/// Waits for the next event, unless stopped first.
fn next(events: &Receiver<Event>, stop: &CancellationToken, bytes: u64) -> Result<Event, DownloadError> {
    loop {
        if stop.is_cancelled() {
            return Err(DownloadError::Stopped { bytes });
        }
        match events.recv_timeout(STOP_INTERVAL) {
            Ok(event) => return Ok(event),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(Event::Broken("the connection was lost".to_owned())),
        }
    }
}

/// Prepares `part` for the content that the answer announces; returns the total size, if known.
fn begin(address: &str, part: &mut Part, head: &Head) -> Result<Option<u64>, DownloadError> {
    match head.status {
        200 => part.cut(0)?,
        206 if head.from == Some(part.len) => {}
        // It has fewer bytes than we do, or sent another part than requested.
        206 | 416 => {
            part.cut(0)?;
            return Err(broken(address, part, "the file on the server has changed".to_owned()));
        }
        status => return Err(DownloadError::Status { address: address.to_owned(), status }),
    }
    Ok(head.length.map(|length| part.len + length))
}

#[cfg(test)]
mod tests;
