//! Test support: a web server for one file that can misbehave as real servers and connections do.

use std::{
    io::{BufRead as _, BufReader, Result, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// How the server behaves.
#[derive(Clone, Copy)]
pub(super) struct Behaviour {
    /// The most bytes sent in one connection.
    pub(super) most: usize,
    /// Whether range requests are supported.
    pub(super) ranges: bool,
    /// The status of every answer, if fixed.
    pub(super) status: Option<u16>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self { most: usize::MAX, ranges: true, status: None }
    }
}

/// A running server, which ends with the test process.
pub(super) struct Server {
    address: SocketAddr,
    requested: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Server {
    pub(super) fn new(body: &'static [u8], behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let requested = Arc::<Mutex<Vec<_>>>::default();
        let requests = Arc::clone(&requested);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that disconnects ends only its own connection.
                let _ = answer(stream, body, behaviour, &requests);
            }
        });
        Self { address, requested }
    }

    pub(super) fn address(&self) -> String {
        format!("http://{}/face_landmarker.task", self.address)
    }

    /// The first byte that each connection requested; `None` for the whole file.
    pub(super) fn requested(&self) -> Vec<Option<usize>> {
        self.requested.lock().expect("no thread panics holding it").clone()
    }
}

fn answer(
    mut stream: TcpStream,
    body: &[u8],
    behaviour: Behaviour,
    requested: &Mutex<Vec<Option<usize>>>,
) -> Result<()> {
    let lines = BufReader::new(stream.try_clone()?).lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).map(|line| line.to_lowercase()).collect();
    let range = head.iter().find_map(|line| line.strip_prefix("range: bytes="));
    let from = range.and_then(|range| range.strip_suffix('-')?.parse::<usize>().ok());
    requested.lock().expect("no thread panics holding it").push(from);
    let (status, from) = match (behaviour.status, from.filter(|_| behaviour.ranges)) {
        (Some(status), _) => (status, body.len()),
        (None, Some(from)) if from < body.len() => (206, from),
        (None, Some(_)) => (416, body.len()),
        (None, None) => (200, 0),
    };
    write!(stream, "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\nConnection: close\r\n", body.len() - from)?;
    if status == 206 {
        write!(stream, "Content-Range: bytes {from}-{}/{}\r\n", body.len() - 1, body.len())?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(&body[from..][..behaviour.most.min(body.len() - from)])
}
