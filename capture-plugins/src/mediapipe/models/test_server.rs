//! A web server for one file, with the faults that servers and connections have.

use std::{
    io::{BufRead as _, BufReader, Result, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// How it answers.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    /// The most bytes it sends before the connection breaks off.
    pub(super) most: usize,
    /// Whether it knows how to give a part.
    pub(super) ranges: bool,
    /// What it answers in any case.
    pub(super) status: Option<u16>,
}

impl Default for Manner {
    fn default() -> Self {
        Self { most: usize::MAX, ranges: true, status: None }
    }
}

/// A running server; it ends with the tests.
pub(super) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Server {
    pub(super) fn new(body: &'static [u8], manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let asking = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away ends its own connection only.
                let _ = answer(stream, body, manner, &asking);
            }
        });
        Self { address, asked }
    }

    pub(super) fn address(&self) -> String {
        format!("http://{}/face_landmarker.task", self.address)
    }

    /// From which byte on each connection asked; none for all.
    pub(super) fn asked(&self) -> Vec<Option<usize>> {
        self.asked.lock().expect("nothing panics with it").clone()
    }
}

fn answer(mut stream: TcpStream, body: &[u8], manner: Manner, asked: &Mutex<Vec<Option<usize>>>) -> Result<()> {
    let lines = BufReader::new(stream.try_clone()?).lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).map(|line| line.to_lowercase()).collect();
    let range = head.iter().find_map(|line| line.strip_prefix("range: bytes="));
    let from = range.and_then(|range| range.strip_suffix('-')?.parse::<usize>().ok());
    asked.lock().expect("nothing panics with it").push(from);
    let (status, from) = match (manner.status, from.filter(|_| manner.ranges)) {
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
    stream.write_all(&body[from..][..manner.most.min(body.len() - from)])
}
