//! A running `bunraku run`, steered by its control service.

use super::{Display, PATIENCE, command::command, until};
use bunraku_core::pose::Pose;
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::sync_channel,
    thread::JoinHandle,
};

/// What every puppet is started with.
const RUN: [&str; 4] = ["run", "--control", "127.0.0.1:0", "-v"];

/// A puppet in a process of its own, which is killed when this is dropped.
pub(crate) struct Puppet {
    child: Child,
    control: SocketAddr,
    log: Option<JoinHandle<String>>,
}

impl Puppet {
    /// Starts `bunraku run` with `--headless`, a control service on a free port and these words.
    pub(crate) fn start(words: &[&str]) -> Self {
        Self::spawn(command(&[&RUN[..], &["--headless"], words].concat()))
    }

    /// Starts `bunraku run` with a window on `display`, a control service on a free port and these words.
    pub(crate) fn start_on(display: &Display, words: &[&str]) -> Self {
        let mut command = command(&[&RUN[..], words].concat());
        command.env("DISPLAY", display.name());
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("bunraku starts");
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let (found, control) = sync_channel(1);
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            for line in stderr.lines().map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("control service: http://") {
                    found.send(address.parse().expect("an address")).ok();
                }
                log += &line;
                log.push('\n');
            }
            log
        });
        let Ok(control) = control.recv_timeout(PATIENCE) else {
            // It may hang; its end is what ends the log.
            child.kill().ok();
            child.wait().ok();
            panic!("the puppet did not come up:\n{}", log.join().expect("the log's thread"))
        };
        Self { child, control, log: Some(log) }
    }

    /// Where its control service listens.
    pub(crate) fn control(&self) -> SocketAddr {
        self.control
    }

    /// Its status.
    pub(crate) fn status(&self) -> Value {
        status(self.control)
    }

    /// Sends a request with a JSON body; the answer's status and body.
    pub(crate) fn post(&self, path: &str, body: &str) -> (u16, Value) {
        send(self.control, "POST", path, body)
    }

    /// Waits until the source `name` drives the puppet.
    pub(crate) fn until_live(&self, name: &str) {
        until(&format!("{name} is live"), || {
            let status = self.status();
            let sources = status["sources"].as_array()?;
            sources.iter().any(|source| source["name"] == name && source["live"] == true).then_some(())
        });
    }

    /// Waits until the pose is as `wanted` says; the pose then.
    pub(crate) fn until_pose(&self, what: &str, wanted: impl Fn(&Pose) -> bool) -> Pose {
        until(what, || Some(pose(&self.status())).filter(|pose| wanted(pose)))
    }

    /// Waits for its end by itself; the exit status and all it said.
    pub(crate) fn finish(mut self) -> (ExitStatus, String) {
        let status = until("the puppet ends", || self.child.try_wait().expect("a child of ours"));
        (status, self.log.take().map(|log| log.join().expect("the log's thread")).unwrap_or_default())
    }
}

impl Drop for Puppet {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        if let Some(log) = self.log.take().filter(|_| std::thread::panicking()) {
            eprintln!("the puppet said:\n{}", log.join().unwrap_or_default());
        }
    }
}

/// The status of the puppet whose control service listens on `control`.
pub(crate) fn status(control: SocketAddr) -> Value {
    let (code, status) = send(control, "GET", "/api/status", "");
    assert_eq!(code, 200, "{status}");
    status
}

/// The pose in a status.
pub(crate) fn pose(status: &Value) -> Pose {
    serde_json::from_value(status["pose"].clone()).expect("45 numbers")
}

fn send(to: SocketAddr, method: &str, path: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE).expect("the control service listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    stream.set_write_timeout(Some(PATIENCE)).expect("a time-out");
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\nContent-Type: application/json\r\n");
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).expect("the request is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status code");
    (code, serde_json::from_str(body).unwrap_or(Value::Null))
}
