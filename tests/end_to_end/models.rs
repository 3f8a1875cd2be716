//! `bunraku models`: installing from a file and over the network, and what is said when something is wrong.

use crate::harness::{PROGRAM, shared};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};
use tempfile::TempDir;

const OFFICIAL: &str = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff";

/// A user with a data folder of their own.
struct Person(TempDir);

struct Said {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Person {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("bunraku/models")
    }

    fn models(&self, words: &[&str]) -> Said {
        let mut command = Command::new(PROGRAM);
        command.arg("models").args(words).env("XDG_DATA_HOME", self.0.path()).stdin(Stdio::null());
        for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(proxy);
        }
        let output = command.output().expect("bunraku runs");
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Said { status: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    fn list(&self) -> Value {
        let said = self.models(&["list", "--json"]);
        assert_eq!(said.status, Some(0), "{}", said.stderr);
        serde_json::from_str(&said.stdout).expect("one line of JSON")
    }

    /// How it is with each file.
    fn states(&self) -> Vec<Value> {
        self.list()["files"].as_array().expect("files").iter().map(|file| file["state"].clone()).collect()
    }

    fn refused(&self, words: &[&str]) -> String {
        let said = self.models(words);
        assert_eq!(said.status, Some(1), "{}{}", said.stdout, said.stderr);
        assert!(said.stderr.starts_with("error: ") && said.stderr.contains("\nhelp: "), "{}", said.stderr);
        said.stderr
    }
}

fn bundle() -> Option<(PathBuf, Vec<u8>)> {
    let path = shared("mediapipe/face_landmarker.task")?;
    let bytes = fs::read(&path).expect("readable");
    Some((path, bytes))
}

/// A server that gives `body` from the byte asked for, at most `most` bytes a connection.
fn serve(body: Vec<u8>, most: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    // It ends with the test's process.
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(answer(stream, &body, most))));
    address
}

fn answer(mut stream: TcpStream, body: &[u8], most: usize) -> std::io::Result<()> {
    let lines = BufReader::new(stream.try_clone()?).lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let from =
        head.iter().find_map(|line| line.to_lowercase().strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok());
    let (status, from) = from.map_or(("200 OK", 0), |from: usize| ("206 Partial Content", from.min(body.len())));
    let (length, total) = (body.len() - from, body.len());
    let range = format!("Content-Range: bytes {from}-{}/{total}", total.saturating_sub(1));
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{range}\r\nConnection: close\r\n\r\n")?;
    stream.write_all(&body[from..][..length.min(most)])
}

#[test]
fn a_bundle_at_hand_is_installed_whole_and_damage_is_noticed() {
    let Some((path, bytes)) = bundle() else { return };
    let person = Person::new();
    assert_eq!(person.list()["usable"], false);
    let installed = person.models(&["install", path.to_str().expect("text")]);
    assert_eq!(installed.status, Some(0), "{}", installed.stderr);
    let list = person.list();
    assert_eq!((&list["usable"], person.states()), (&Value::Bool(true), vec!["whole".into(); 4]));
    assert_eq!(list["folder"], person.folder().to_str().expect("text"));
    assert!(list["source"].as_str().is_some_and(|source| source.ends_with("face_landmarker.task")));

    let network = person.folder().join("face_detector.onnx");
    let mut damaged = fs::read(&network).expect("installed");
    damaged[1000] ^= 1;
    fs::write(&network, damaged).expect("written");
    assert_eq!(person.states()[0], "damaged");
    assert!(person.models(&["list"]).stdout.contains("bunraku models install"));

    // Whatever was there, installing mends it; over the network as well, past a connection that breaks off.
    fs::remove_file(person.folder().join("manifest.json")).expect("there");
    let server = serve(bytes, 1 << 20);
    let installed = person.models(&["install", &format!("http://{server}/face_landmarker.task")]);
    assert_eq!(installed.status, Some(0), "{}", installed.stderr);
    assert_eq!(person.states(), vec!["whole"; 4]);
    let left = fs::read_dir(person.folder()).expect("a folder").count();
    assert_eq!(left, 5, "three networks, the geometry, the list");
}

#[test]
fn a_download_goes_on_where_the_last_one_stopped() {
    let Some((_, bytes)) = bundle() else { return };
    let person = Person::new();
    // No connection brings enough to be tried often enough.
    let slow = serve(bytes.clone(), 100_000);
    let address = format!("http://{slow}/face_landmarker.task");
    let said = person.refused(&["install", &address]);
    assert!(said.contains("to resume"), "{said}");
    let part = person.folder().join("face_landmarker.task.part");
    let kept = fs::metadata(&part).expect("kept").len();
    assert!(kept > 0 && kept < bytes.len() as u64, "{kept}");
    let rest = serve(bytes, usize::MAX);
    let said = person.models(&["install", &format!("http://{rest}/face_landmarker.task")]);
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(!part.exists());
}

#[test]
fn a_file_with_another_checksum_is_refused() {
    let person = Person::new();
    let wrong = person.0.path().join("wrong.task");
    fs::write(&wrong, "abc").expect("written");
    let ours = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let said = person.refused(&["install", wrong.to_str().expect("text")]);
    assert!(said.contains(ours) && said.contains(OFFICIAL) && said.contains("wrong.task"), "{said}");
    let server = serve(b"abc".to_vec(), usize::MAX);
    let said = person.refused(&["install", &format!("http://{server}/face_landmarker.task")]);
    assert!(said.contains(ours) && said.contains(OFFICIAL), "{said}");
    assert_eq!(person.list()["usable"], false);
    assert_eq!(fs::read_dir(person.folder()).expect("a folder").count(), 0, "nothing is left of it");
}

#[test]
fn a_bundle_that_is_cut_short_is_said_to_be() {
    let Some((_, bytes)) = bundle() else { return };
    let person = Person::new();
    let cut = person.0.path().join("cut.task");
    fs::write(&cut, &bytes[..1_000_000]).expect("written");
    let said = person.refused(&["install", cut.to_str().expect("text")]);
    assert!(said.contains("1000000 bytes") && said.contains("3758596"), "{said}");
}

#[test]
fn a_server_and_a_file_that_are_not_there_have_a_way_out() {
    let person = Person::new();
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let said = person.refused(&["install", &format!("http://{closed}/x.task")]);
    assert!(said.contains("download") && said.contains("models install FILE"), "{said}");
    let said = person.refused(&["install", "no/such.task"]);
    assert!(said.contains("such.task") && said.contains("help: "), "{said}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(person.refused(&["install", folder.to_str().expect("text")]).contains("not a regular file"));
}
