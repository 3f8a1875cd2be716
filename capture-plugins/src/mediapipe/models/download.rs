//! A download that goes on where the last one broke off, and stops at once when told to.

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
    /// No network, no such host, a certificate that does not fit, …
    #[error("cannot download {address}: {why}")]
    Unreachable {
        /// What was to be downloaded.
        address: String,
        /// As the connection says.
        why: String,
    },
    /// The server has no such thing, or does not give it.
    #[error("cannot download {address}: the server answers with status {status}")]
    Status {
        /// What was to be downloaded.
        address: String,
        /// HTTP's.
        status: u16,
    },
    /// The connection broke off again and again.
    #[error("the download of {address} broke off after {bytes} bytes ({why}); the same command goes on from there")]
    Broken {
        /// What was to be downloaded.
        address: String,
        /// What has come in all.
        bytes: u64,
        /// As the connection says.
        why: String,
    },
    /// The person stopped it.
    #[error("the download was stopped after {bytes} bytes; the same command goes on from there")]
    Stopped {
        /// What has come in all.
        bytes: u64,
    },
    /// There is no end to it.
    #[error("{address} has more than {LIMIT} bytes, far more than the bundle")]
    TooLarge {
        /// What was to be downloaded.
        address: String,
    },
    /// Another program downloads to the same file.
    #[error("{} is being downloaded to already, by another `bunraku models install`", part.display())]
    Busy {
        /// That file.
        part: PathBuf,
    },
    /// A full disk, no permission.
    #[error("cannot write {}", part.display())]
    Write {
        /// The file that is downloaded to.
        part: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The most bytes that are taken; the bundle has 3.8 MB.
const LIMIT: u64 = super::store::LIMIT;
/// How often a connection may break off, as long as each brings something.
const CONNECTIONS: usize = 8;
/// How long it takes at most until a stop is noticed.
const GLANCE: Duration = Duration::from_millis(100);

/// Who watches a download, and may stop it.
pub struct Watch<'a> {
    /// Is told of the bytes that have come and, where it is known, of how many there are.
    pub progress: &'a mut dyn FnMut(u64, Option<u64>),
    /// Stops it.
    pub stop: &'a CancellationToken,
}

/// What is at `address`, which should have the sum `expected`: where it has not, it is given all the same, once it has
/// come from the beginning in one go. `part` keeps what has come so far.
pub(super) fn download(
    address: &str,
    part: &Path,
    expected: &str,
    mut watch: Watch<'_>,
) -> Result<Vec<u8>, DownloadError> {
    let mut part = Part::open(part)?;
    let mut before = part.len;
    for _ in 0..CONNECTIONS {
        let bytes = part.read()?;
        if sha256(&bytes) == expected {
            return Ok(bytes);
        }
        let resumed = part.len > 0;
        match connect(address, &mut part, &mut watch) {
            // What was there may be of another file: then all comes anew.
            Ok(()) if resumed && sha256(&part.read()?) != expected => part.cut(0)?,
            Ok(()) => return part.read(),
            // Only a connection that brought something, or says that all must come anew, is worth another.
            Err(DownloadError::Broken { .. }) if part.len != before => {}
            Err(error) => return Err(error),
        }
        before = part.len;
    }
    Err(DownloadError::Broken { address: address.to_owned(), bytes: part.len, why: "too often".to_owned() })
}

/// One connection: what it brings is added to `part`.
fn connect(address: &str, part: &mut Part, watch: &mut Watch<'_>) -> Result<(), DownloadError> {
    let events = transfer::start(address, part.len);
    let mut total = None;
    loop {
        match next(&events, watch.stop, part.len)? {
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
        (watch.progress)(part.len, total);
    }
}

fn broken(address: &str, part: &Part, why: String) -> DownloadError {
    DownloadError::Broken { address: address.to_owned(), bytes: part.len, why }
}

/// The next thing that happens, unless a stop comes before it.
fn next(events: &Receiver<Event>, stop: &CancellationToken, bytes: u64) -> Result<Event, DownloadError> {
    loop {
        if stop.is_cancelled() {
            return Err(DownloadError::Stopped { bytes });
        }
        match events.recv_timeout(GLANCE) {
            Ok(event) => return Ok(event),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(Event::Broken("the connection is gone".to_owned())),
        }
    }
}

/// What the server's answer means for what is there already; how many bytes there will be, where it says so.
fn begin(address: &str, part: &mut Part, head: &Head) -> Result<Option<u64>, DownloadError> {
    match head.status {
        200 => part.cut(0)?,
        206 if head.from == Some(part.len) => {}
        // It has less than is there, or gives another part than was asked for.
        206 | 416 => {
            part.cut(0)?;
            return Err(broken(address, part, "the server has another file than before".to_owned()));
        }
        status => return Err(DownloadError::Status { address: address.to_owned(), status }),
    }
    Ok(head.length.map(|length| part.len + length))
}

/// A file of which more and more is there; nobody else may write to it meanwhile.
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
            // Some network disks cannot lock: then it is as if nobody else wrote.
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
    use crate::mediapipe::models::test_server::{Manner, Server};
    use std::fs;

    const BODY: &[u8] = b"the quick brown fox jumps over the lazy dog";

    struct Try {
        folder: tempfile::TempDir,
        stop: CancellationToken,
        shown: Vec<(u64, Option<u64>)>,
    }

    impl Try {
        fn new(kept: &[u8]) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            fs::write(folder.path().join("part"), kept).expect("written");
            Self { folder, stop: CancellationToken::new(), shown: Vec::new() }
        }

        fn get(&mut self, server: &Server) -> Result<Vec<u8>, DownloadError> {
            let mut progress = |bytes, total| self.shown.push((bytes, total));
            let watch = Watch { progress: &mut progress, stop: &self.stop };
            download(&server.address(), &self.folder.path().join("part"), &sha256(BODY), watch)
        }

        fn kept(&self) -> Vec<u8> {
            fs::read(self.folder.path().join("part")).expect("there")
        }
    }

    #[test]
    fn a_whole_download_shows_how_far_it_is() {
        let mut fresh = Try::new(b"");
        assert_eq!(fresh.get(&Server::new(BODY, Manner::default())).expect("downloaded"), BODY);
        assert_eq!(fresh.shown.last(), Some(&(43, Some(43))));
    }

    #[test]
    fn what_is_there_is_not_asked_for_again() {
        let server = Server::new(BODY, Manner::default());
        let mut half = Try::new(&BODY[..20]);
        assert_eq!(half.get(&server).expect("downloaded"), BODY);
        assert_eq!(server.asked(), [Some(20)]);
        assert_eq!(half.shown[0], (20, Some(43)));
        assert_eq!(half.get(&server).expect("there already"), BODY);
        assert_eq!(server.asked().len(), 1, "nothing more is asked for");
    }

    #[test]
    fn a_connection_that_breaks_off_is_gone_on_from() {
        let server = Server::new(BODY, Manner { most: 17, ..Manner::default() });
        assert_eq!(Try::new(b"").get(&server).expect("downloaded"), BODY);
        assert_eq!(server.asked(), [None, Some(17), Some(34)]);
        let mute = Server::new(BODY, Manner { most: 0, ..Manner::default() });
        let mut kept = Try::new(&BODY[..5]);
        let error = kept.get(&mute).expect_err("nothing comes");
        assert!(matches!(&error, DownloadError::Broken { bytes: 5, .. }), "{error}");
        assert_eq!(kept.kept(), BODY[..5]);
    }

    #[test]
    fn what_was_kept_of_another_file_is_thrown_away() {
        for kept in [&b"xxxx"[..], &[b'x'; 43], &[b'x'; 99]] {
            let server = Server::new(BODY, Manner::default());
            assert_eq!(Try::new(kept).get(&server).expect("downloaded"), BODY, "{} bytes kept", kept.len());
        }
    }

    #[test]
    fn a_server_that_knows_no_ranges_gives_all_of_it() {
        let server = Server::new(BODY, Manner { ranges: false, ..Manner::default() });
        assert_eq!(Try::new(&BODY[..20]).get(&server).expect("downloaded"), BODY);
    }

    #[test]
    fn a_refusal_is_told_and_what_was_kept_stays() {
        let server = Server::new(BODY, Manner { status: Some(404), ..Manner::default() });
        let mut kept = Try::new(&BODY[..20]);
        let error = kept.get(&server).expect_err("refused").to_string();
        assert!(error.contains("404") && error.contains(&server.address()), "{error}");
        assert_eq!(kept.kept(), BODY[..20]);
    }

    #[test]
    fn other_content_is_given_as_it_is() {
        assert_eq!(Try::new(b"").get(&Server::new(b"abc", Manner::default())).expect("given"), b"abc");
    }

    #[test]
    fn a_stop_keeps_what_has_come() {
        let mut kept = Try::new(&BODY[..20]);
        kept.stop.cancel();
        let error = kept.get(&Server::new(BODY, Manner::default())).expect_err("stopped");
        assert!(matches!(error, DownloadError::Stopped { bytes: 20 }), "{error}");
        assert_eq!(kept.kept(), BODY[..20]);
    }

    #[test]
    fn two_downloads_to_one_file_do_not_mix() {
        let mut one = Try::new(&BODY[..20]);
        let _other = Part::open(&one.folder.path().join("part")).expect("the first");
        let error = one.get(&Server::new(BODY, Manner::default())).expect_err("busy");
        assert!(matches!(error, DownloadError::Busy { .. }), "{error}");
    }
}
