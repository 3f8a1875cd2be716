//! Resumable downloads that can be stopped at any time.

use super::{manifest::sha256, transfer};
use bunraku_core::source::CancellationToken;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};
use thiserror::Error;
use transfer::{Event, Head};

/// Why a download failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The server cannot be reached.
    #[error("cannot download {address}: {why}")]
    Unreachable {
        /// The URL.
        address: String,
        /// The connection's error.
        why: String,
    },
    /// The server refused.
    #[error("cannot download {address}: the server answered with status {status}")]
    Status {
        /// The URL.
        address: String,
        /// The HTTP status.
        status: u16,
    },
    /// The connection kept breaking off.
    #[error("the download of {address} broke off after {bytes} bytes ({why}): run the command again to resume")]
    Broken {
        /// The URL.
        address: String,
        /// The total received so far.
        bytes: u64,
        /// The connection's error.
        why: String,
    },
    /// The download was stopped.
    #[error("the download was stopped after {bytes} bytes: run the command again to resume")]
    Stopped {
        /// The total received so far.
        bytes: u64,
    },
    /// The content is larger than any bundle.
    #[error("{address} has more than {LIMIT} bytes, far more than the bundle")]
    TooLarge {
        /// The URL.
        address: String,
    },
    /// Another process is downloading to the same file.
    #[error("another `bunraku models install` is already downloading to {}", part.display())]
    Busy {
        /// The file.
        part: PathBuf,
    },
    /// The file cannot be written.
    #[error("cannot write {}", part.display())]
    Write {
        /// The file.
        part: PathBuf,
        /// Why.
        source: io::Error,
    },
}

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

/// A partial download, locked against other processes.
struct Part {
    path: PathBuf,
    file: File,
    len: u64,
}

impl Part {
    fn open(path: &Path) -> Result<Self, DownloadError> {
        let fault = |source| DownloadError::Write { part: path.to_owned(), source };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(fault)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(DownloadError::Busy { part: path.to_owned() }),
            // Some network file systems cannot lock; carry on without.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let len = file.metadata().map_err(fault)?.len();
        let mut part = Self { path: path.to_owned(), file, len };
        if len > LIMIT {
            part.cut(0)?;
        }
        Ok(part)
    }

    fn read(&mut self) -> Result<Vec<u8>, DownloadError> {
        let mut bytes = Vec::new();
        let done = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.read_to_end(&mut bytes));
        done.map(|_| bytes).map_err(|error| self.fault(error))
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        let done = self.file.seek(SeekFrom::Start(self.len)).and_then(|_| self.file.write_all(bytes));
        done.map_err(|error| self.fault(error))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    fn cut(&mut self, len: u64) -> Result<(), DownloadError> {
        self.file.set_len(len).map_err(|error| self.fault(error))?;
        self.len = len;
        Ok(())
    }

    fn fault(&self, source: io::Error) -> DownloadError {
        DownloadError::Write { part: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mediapipe::models::test_server::{Behaviour, Server};
    use std::fs;

    const BODY: &[u8] = b"the quick brown fox jumps over the lazy dog";

    /// A download to a temporary folder.
    struct Attempt {
        folder: tempfile::TempDir,
        stop: CancellationToken,
        shown: Vec<(u64, Option<u64>)>,
    }

    impl Attempt {
        fn new(kept: &[u8]) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            fs::write(folder.path().join("part"), kept).expect("written");
            Self { folder, stop: CancellationToken::new(), shown: Vec::new() }
        }

        fn get(&mut self, server: &Server) -> Result<Vec<u8>, DownloadError> {
            let mut progress = |bytes, total| self.shown.push((bytes, total));
            let hooks = DownloadHooks { progress: &mut progress, stop: &self.stop };
            download(&server.address(), &self.folder.path().join("part"), &sha256(BODY), hooks)
        }

        fn kept(&self) -> Vec<u8> {
            fs::read(self.folder.path().join("part")).expect("there")
        }
    }

    #[test]
    fn a_download_reports_its_progress() {
        let mut fresh = Attempt::new(b"");
        assert_eq!(fresh.get(&Server::new(BODY, Behaviour::default())).expect("downloaded"), BODY);
        assert_eq!(fresh.shown.last(), Some(&(43, Some(43))));
    }

    #[test]
    fn bytes_already_downloaded_are_not_requested_again() {
        let server = Server::new(BODY, Behaviour::default());
        let mut half = Attempt::new(&BODY[..20]);
        assert_eq!(half.get(&server).expect("downloaded"), BODY);
        assert_eq!(server.requested(), [Some(20)]);
        assert_eq!(half.shown[0], (20, Some(43)));
        assert_eq!(half.get(&server).expect("there already"), BODY);
        assert_eq!(server.requested().len(), 1, "nothing more is requested");
    }

    #[test]
    fn a_broken_connection_is_resumed() {
        let server = Server::new(BODY, Behaviour { most: 17, ..Behaviour::default() });
        assert_eq!(Attempt::new(b"").get(&server).expect("downloaded"), BODY);
        assert_eq!(server.requested(), [None, Some(17), Some(34)]);
        let mute = Server::new(BODY, Behaviour { most: 0, ..Behaviour::default() });
        let mut kept = Attempt::new(&BODY[..5]);
        let error = kept.get(&mute).expect_err("nothing comes");
        assert!(matches!(&error, DownloadError::Broken { bytes: 5, .. }), "{error}");
        assert_eq!(kept.kept(), BODY[..5]);
    }

    #[test]
    fn a_part_of_another_file_is_discarded() {
        for kept in [&b"xxxx"[..], &[b'x'; 43], &[b'x'; 99]] {
            let server = Server::new(BODY, Behaviour::default());
            assert_eq!(Attempt::new(kept).get(&server).expect("downloaded"), BODY, "{} bytes kept", kept.len());
        }
    }

    #[test]
    fn a_server_without_ranges_sends_everything() {
        let server = Server::new(BODY, Behaviour { ranges: false, ..Behaviour::default() });
        assert_eq!(Attempt::new(&BODY[..20]).get(&server).expect("downloaded"), BODY);
    }

    #[test]
    fn a_refusal_is_reported_and_the_part_is_kept() {
        let server = Server::new(BODY, Behaviour { status: Some(404), ..Behaviour::default() });
        let mut kept = Attempt::new(&BODY[..20]);
        let error = kept.get(&server).expect_err("refused").to_string();
        assert!(error.contains("404") && error.contains(&server.address()), "{error}");
        assert_eq!(kept.kept(), BODY[..20]);
    }

    #[test]
    fn other_content_is_returned_as_it_is() {
        assert_eq!(Attempt::new(b"").get(&Server::new(b"abc", Behaviour::default())).expect("given"), b"abc");
    }

    #[test]
    fn stopping_keeps_the_part() {
        let mut kept = Attempt::new(&BODY[..20]);
        kept.stop.cancel();
        let error = kept.get(&Server::new(BODY, Behaviour::default())).expect_err("stopped");
        assert!(matches!(error, DownloadError::Stopped { bytes: 20 }), "{error}");
        assert_eq!(kept.kept(), BODY[..20]);
    }

    #[test]
    fn two_downloads_to_one_file_are_refused() {
        let mut one = Attempt::new(&BODY[..20]);
        let _other = Part::open(&one.folder.path().join("part")).expect("the first");
        let error = one.get(&Server::new(BODY, Behaviour::default())).expect_err("busy");
        assert!(matches!(error, DownloadError::Busy { .. }), "{error}");
    }
}
