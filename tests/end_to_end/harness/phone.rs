//! A phone with iFacialMocap, on loopback.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

/// The pause between two packets: 60 a second.
const PAUSE: Duration = Duration::from_micros(16_667);

/// Answers greetings, then sends a packet sixty times a second to whoever greeted last.
pub(crate) struct Phone {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    /// What it sends; none while it is silent.
    packet: Option<String>,
    greetings: usize,
    socket: Option<UdpSocket>,
    friend: Option<SocketAddr>,
    over: bool,
}

impl Phone {
    /// A phone that sends `packet` once it was greeted.
    pub(crate) fn start(packet: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback");
        socket.set_read_timeout(Some(PAUSE)).expect("a time-out");
        let address = socket.local_addr().expect("bound");
        let sender = socket.try_clone().expect("the same socket");
        let packet = Some(packet.to_owned());
        let state = Arc::new(Mutex::new(State { packet, socket: Some(sender), ..State::default() }));
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || while live(&socket, &shared) {});
        Self { address, state, thread: Some(thread) }
    }

    /// Its address, for `--source ifacialmocap:host=…`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends another packet from now on, or none.
    pub(crate) fn say(&self, packet: Option<&str>) {
        self.with(|state| state.packet = packet.map(str::to_owned));
    }

    /// How often it was greeted.
    pub(crate) fn greetings(&self) -> usize {
        self.with(|state| state.greetings)
    }

    /// Sends these bytes at once; false if it was not greeted yet.
    pub(crate) fn throw(&self, bytes: &[u8]) -> bool {
        self.with(|state| match (&state.socket, state.friend) {
            // A full buffer loses packets, as the air does.
            (Some(socket), Some(friend)) => socket.send_to(bytes, friend).is_ok(),
            _ => false,
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.with(|state| state.over = true);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// One packet's time of a phone's life; false when it is over.
fn live(socket: &UdpSocket, state: &Mutex<State>) -> bool {
    let mut greeting = [0; 512];
    let greeted =
        socket.recv_from(&mut greeting).ok().filter(|(length, _)| greeting[..*length].starts_with(b"iFacialMocap_"));
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, from)) = greeted {
        state.greetings += 1;
        state.friend = Some(from);
    }
    if let (Some(packet), Some(friend)) = (&state.packet, state.friend) {
        socket.send_to(packet.as_bytes(), friend).ok();
    }
    !state.over
}
