//! One HTTP connection, on a thread of its own, so that whoever waits for it can do something else.

use std::{
    io::Read as _,
    sync::mpsc::{Receiver, SendError, SyncSender, sync_channel},
    thread,
    time::Duration,
};

/// What happens to a connection, in this order.
pub(super) enum Event {
    /// The server answers.
    Head(Head),
    /// Some of what was asked for.
    Bytes(Vec<u8>),
    /// That was all.
    End,
    /// There was no answer.
    Unreachable(String),
    /// There was an answer, but not all of what was asked for.
    Broken(String),
}

/// What the server says before what was asked for.
pub(super) struct Head {
    /// HTTP's status.
    pub(super) status: u16,
    /// Which byte comes first, where it is not the whole.
    pub(super) from: Option<u64>,
    /// How many bytes are coming.
    pub(super) length: Option<u64>,
}

/// How long a server may take to be found, and to say anything at all.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes that are handed on at a time.
const PIECE: usize = 64 << 10;
/// Pieces that may wait to be written.
const WAITING: usize = 4;

/// Asks for what is at `address`, from byte `from` on. Dropping the receiver ends it.
pub(super) fn start(address: &str, from: u64) -> Receiver<Event> {
    let (sender, receiver) = sync_channel(WAITING);
    let address = address.to_owned();
    // Where nobody listens any more, there is nothing to be said.
    thread::spawn(move || transfer(&address, from, &sender).ok());
    receiver
}

fn transfer(address: &str, from: u64, events: &SyncSender<Event>) -> Result<(), SendError<Event>> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_connect(Some(PATIENCE));
    let config = config.timeout_recv_response(Some(PATIENCE)).timeout_per_read(Some(PATIENCE)).build();
    let mut request = ureq::Agent::new_with_config(config).get(address);
    if from > 0 {
        request = request.header("Range", format!("bytes={from}-"));
    }
    let answer = match request.call() {
        Ok(answer) => answer,
        Err(error) => return events.send(Event::Unreachable(error.to_string())),
    };
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    events.send(Event::Head(Head {
        status: answer.status().as_u16(),
        from: header("content-range").and_then(first_byte),
        length: header("content-length").and_then(|length| length.parse().ok()),
    }))?;
    let mut body = answer.into_body().into_reader();
    loop {
        let mut piece = vec![0; PIECE];
        match body.read(&mut piece) {
            Ok(0) => return events.send(Event::End),
            Ok(len) => {
                piece.truncate(len);
                events.send(Event::Bytes(piece))?;
            }
            Err(error) => return events.send(Event::Broken(error.to_string())),
        }
    }
}

/// The first byte of `bytes 200-1000/67589`.
fn first_byte(range: &str) -> Option<u64> {
    range.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_says_where_it_begins() {
        assert_eq!(first_byte("bytes 200-1000/67589"), Some(200));
        assert_eq!(first_byte("bytes */67589"), None);
    }
}
