//! One HTTP transfer on a thread of its own, so that the caller can stop waiting for it.

use std::{
    io::Read,
    sync::mpsc::{Receiver, SendError, SyncSender, sync_channel},
    thread,
    time::Duration,
};

/// What happens during a transfer, in this order.
pub(super) enum Event {
    /// The server has answered.
    Head(Head),
    /// Some content has arrived.
    Bytes(Vec<u8>),
    /// The content is complete.
    End,
    /// The server did not answer.
    Unreachable(String),
    /// The content was cut short.
    Broken(String),
}

/// The head of the server's answer.
pub(super) struct Head {
    /// The HTTP status.
    pub(super) status: u16,
    /// The first byte, if the content is only a part.
    pub(super) from: Option<u64>,
    /// The number of bytes to come, if known.
    pub(super) length: Option<u64>,
}

/// The timeout for connecting, for the answer and for each read.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes passed on at a time.
const CHUNK: usize = 64 << 10;
/// Chunks that may wait to be written.
const QUEUE: usize = 4;

/// Requests `address` from byte `from` on. Dropping the receiver ends the transfer.
pub(super) fn start(address: &str, from: u64) -> Receiver<Event> {
    let (sender, receiver) = sync_channel(QUEUE);
    let address = address.to_owned();
    // The transfer ends with an error when the receiver is dropped.
    thread::spawn(move || transfer(&address, from, &sender).ok());
    receiver
}

fn transfer(address: &str, from: u64, events: &SyncSender<Event>) -> Result<(), SendError<Event>> {
    let answer = match request(address, from) {
        Ok(answer) => answer,
        Err(error) => return events.send(Event::Unreachable(error.to_string())),
    };
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    events.send(Event::Head(Head {
        status: answer.status().as_u16(),
        from: header("content-range").and_then(first_byte),
        length: header("content-length").and_then(|length| length.parse().ok()),
    }))?;
    send_content(answer.into_body().into_reader(), events)
}

fn request(address: &str, from: u64) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_connect(Some(TIMEOUT));
    let config = config.timeout_recv_response(Some(TIMEOUT)).timeout_per_read(Some(TIMEOUT)).build();
    let mut request = ureq::Agent::new_with_config(config).get(address);
    if from > 0 {
        request = request.header("Range", format!("bytes={from}-"));
    }
    request.call()
}

fn send_content(mut content: impl Read, events: &SyncSender<Event>) -> Result<(), SendError<Event>> {
    loop {
        let mut chunk = vec![0; CHUNK];
        match content.read(&mut chunk) {
            Ok(0) => return events.send(Event::End),
            Ok(length) => {
                chunk.truncate(length);
                events.send(Event::Bytes(chunk))?;
            }
            Err(error) => return events.send(Event::Broken(error.to_string())),
        }
    }
}

/// The first byte of a content range such as `bytes 200-1000/67589`.
fn first_byte(range: &str) -> Option<u64> {
    range.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_gives_the_first_byte() {
        assert_eq!(first_byte("bytes 200-1000/67589"), Some(200));
        assert_eq!(first_byte("bytes */67589"), None);
    }
}
