//! Tests of downloads against a local server that misbehaves.

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
