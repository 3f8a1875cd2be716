//! The source `ifacialmocap`, tested against simulated phones over loopback.

use crate::testing::TestSource;
use bunraku_core::{
    sample::{Blendshape, FaceSample},
    source::SourceState,
};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpStream, UdpSocket},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_mins(1);

/// A simulated phone.
struct Phone(UdpSocket);

impl Phone {
    async fn on(ip: &str) -> Self {
        Self(UdpSocket::bind((ip, 0)).await.expect("loopback"))
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("bound")
    }

    /// Waits for a greeting; returns its text and its sender.
    async fn greeted(&self) -> (String, SocketAddr) {
        let mut buffer = [0; 512];
        let (length, from) =
            timeout(PATIENCE, self.0.recv_from(&mut buffer)).await.expect("a greeting").expect("received");
        (String::from_utf8_lossy(&buffer[..length]).into_owned(), from)
    }

    async fn send(&self, packet: impl AsRef<[u8]>, to: SocketAddr) {
        self.0.send_to(packet.as_ref(), to).await.expect("loopback");
    }
}

fn jaw(sample: &FaceSample) -> f64 {
    sample[Blendshape::JawOpen]
}

/// A port that was free a moment ago.
fn free_udp_port() -> u16 {
    std::net::UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}

#[tokio::test]
async fn a_phone_that_answers_the_greeting_is_live() {
    let phone = Phone::on("127.0.0.1").await;
    let mut source = TestSource::start(&format!("ifacialmocap:host={},port=0", phone.address()));
    let (greeting, here) = phone.greeted().await;
    assert_eq!(greeting, "iFacialMocap_sahuasouryya9218sauhuiayeta91555dy3719|sendDataVersion=v2");
    phone.send("jawOpen&40|=head#10,-20,30,0,0,0|leftEye#1,2,3|", here).await;
    let sample = source.until_sample("the packet", |sample| jaw(sample) == 0.4).await;
    assert_eq!(
        (sample.head.rotation_deg, sample.eyes.left_deg, sample.tracked),
        ([10.0, -20.0, 30.0], [1.0, 2.0, 3.0], true)
    );
    source.until_state("live", |state| *state == SourceState::Live).await;
    // Keys a packet lacks keep their value.
    phone.send("cheekPuff&5|", here).await;
    let sample = source.until_sample("the next packet", |sample| sample[Blendshape::CheekPuff] == 0.05).await;
    assert_eq!(jaw(&sample), 0.4);
    source.stop().await;
}

#[tokio::test]
async fn greetings_repeat_until_the_phone_answers_and_when_it_falls_silent() {
    let phone = Phone::on("127.0.0.1").await;
    let mut source = TestSource::start(&format!("ifacialmocap:host={},port=0", phone.address()));
    phone.greeted().await;
    let (_, here) = phone.greeted().await;
    source
        .until_state("a hint", |state| matches!(state, SourceState::Connecting(text) if text.contains("firewall")))
        .await;
    phone.send("jawOpen&1|", here).await;
    source.until_state("live", |state| *state == SourceState::Live).await;
    source.until_state("stale", |state| *state == SourceState::Stale).await;
    let (_, here) = phone.greeted().await;
    phone.send("jawOpen&2|", here).await;
    source.until_sample("the phone's return", |sample| jaw(sample) == 0.02).await;
    source.until_state("live again", |state| *state == SourceState::Live).await;
    source.stop().await;
}

#[tokio::test]
async fn without_a_host_the_first_phone_is_used_until_it_falls_silent() {
    let port = free_udp_port();
    let mut source = TestSource::start(&format!("ifacialmocap:port={port}"));
    source
        .until_state(
            "what to enter in the app",
            |state| matches!(state, SourceState::Connecting(text) if text.contains("enter this machine's address")),
        )
        .await;
    let here = SocketAddr::from(([127, 0, 0, 1], port));
    let (first, second) = (Phone::on("127.0.0.1").await, Phone::on("127.0.0.1").await);
    first.send("jawOpen&10|", here).await;
    source.until_sample("the first phone", |sample| jaw(sample) == 0.1).await;
    second.send("jawOpen&90|", here).await;
    first.send("jawOpen&11|", here).await;
    source
        .until("the first phone and no other", |receiver| {
            let sample = receiver.latest()?.1;
            assert_ne!(jaw(&sample), 0.9);
            (jaw(&sample) == 0.11 && receiver.skipped() == 1).then_some(())
        })
        .await;
    source.until_state("silence", |state| *state == SourceState::Stale).await;
    second.send("jawOpen&91|", here).await;
    source.until_sample("the second phone", |sample| jaw(sample) == 0.91).await;
    source.stop().await;
}

#[tokio::test]
async fn with_a_host_only_that_phone_is_used() {
    let phone = Phone::on("127.0.0.1").await;
    let stranger = Phone::on("127.0.0.2").await;
    let mut source = TestSource::start(&format!("ifacialmocap:host=localhost:{},port=0", phone.address().port()));
    let (_, here) = phone.greeted().await;
    stranger.send("jawOpen&90|", here).await;
    phone.send("jawOpen&10|", here).await;
    let sample = source.until_sample("the phone", |_| true).await;
    assert_eq!(jaw(&sample), 0.1);
    assert_eq!(source.stop().await.skipped(), 1);
}

#[tokio::test]
async fn a_port_in_use_is_reported_and_opened_once_it_is_free() {
    let taken = UdpSocket::bind("0.0.0.0:0").await.expect("a free port");
    let port = taken.local_addr().expect("bound").port();
    let mut source = TestSource::start(&format!("ifacialmocap:port={port}"));
    let state = source.until_state("a failure", |state| matches!(state, SourceState::Failed(_))).await.to_string();
    assert!(state.contains(&port.to_string()) && state.contains("in use") && state.contains("close it"), "{state}");
    drop(taken);
    source.until_state("listening", |state| matches!(state, SourceState::Connecting(_))).await;
    source.stop().await;
}

#[tokio::test]
async fn junk_is_counted_and_does_not_hide_the_phone() {
    let phone = Phone::on("127.0.0.1").await;
    let mut source = TestSource::start(&format!("ifacialmocap:host={},port=0", phone.address()));
    let (_, here) = phone.greeted().await;
    let too_long = format!("{}jawOpen&99|", "x&1|".repeat(3000));
    for junk in [&b""[..], b"\xff\xfe\x00", b"jawOpen&", b"hello", too_long.as_bytes()] {
        phone.send(junk, here).await;
    }
    phone.send("jawOpen&7|cheekPuff&abc|", here).await;
    source.until_sample("the good packet", |sample| jaw(sample) == 0.07).await;
    source.until("six skipped", |receiver| (receiver.skipped() == 6).then_some(())).await;
    assert_eq!(source.stop().await.latest().map(|(sequence, _)| sequence), Some(1));
}

#[tokio::test]
async fn a_packet_storm_ends_with_its_newest_packet_and_the_source_can_be_stopped() {
    let phone = Phone::on("127.0.0.1").await;
    let mut source = TestSource::start(&format!("ifacialmocap:host={},port=0", phone.address()));
    let (_, here) = phone.greeted().await;
    let storm = phone.0.into_std().expect("a socket");
    storm.set_nonblocking(false).expect("a socket");
    let storm = tokio::task::spawn_blocking(move || {
        let filler = "cheekPuff&5|".repeat(80);
        for index in 0..100_000 {
            storm.send_to(format!("{filler}jawOpen&{index}|").as_bytes(), here).expect("loopback");
        }
        storm
    });
    source.until_sample("the storm", |_| true).await;
    let storm = storm.await.expect("it was sent");
    // The system drops packets that exceed its buffer, even the newest, but one sent after the storm arrives.
    let deadline = Instant::now() + PATIENCE;
    while source.receiver.latest().is_none_or(|(_, sample)| jaw(&sample) != -0.01) {
        assert!(Instant::now() < deadline, "the packet after the storm never came");
        storm.send_to(b"jawOpen&-1|", here).expect("loopback");
        tokio::task::yield_now().await;
    }
    let receiver = source.stop().await;
    assert_eq!(receiver.skipped(), 0);
}

/// A source that listens for TCP on a free port, its phone and its address.
async fn tcp_source() -> (TestSource, Phone, SocketAddr) {
    let phone = Phone::on("127.0.0.1").await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let here = taken.local_addr().expect("bound");
    drop(taken);
    let source = TestSource::start(&format!("ifacialmocap:host={},port={},tcp=true", phone.address(), here.port()));
    (source, phone, here)
}

#[tokio::test]
async fn over_tcp_the_phone_connects_and_is_asked_to_stop() {
    let (mut source, phone, here) = tcp_source().await;
    let (greeting, _) = phone.greeted().await;
    assert_eq!(greeting, "iFacialMocap_UDPTCP_sahuasouryya9218sauhuiayeta91555dy3719|sendDataVersion=v2");
    let mut stream = TcpStream::connect(here).await.expect("it listens");
    stream.write_all(b"jawOpen&1|___iFacialMocapjawOpen&2|___iFacialMocapjawOpen&").await.expect("connected");
    source.until_sample("the newest complete packet", |sample| jaw(sample) == 0.02).await;
    stream.write_all(b"30|___iFacial").await.expect("connected");
    stream.write_all(b"Mocap").await.expect("connected");
    source.until_sample("the packet in pieces", |sample| jaw(sample) == 0.3).await;
    source.stop().await;
    while phone.greeted().await.0 != "iFacialMocap_UDPTCPSTOP_sahuasouryya9218sauhuiayeta91555dy3719" {}
}

#[tokio::test]
async fn over_tcp_a_lost_connection_is_requested_again() {
    let (mut source, phone, here) = tcp_source().await;
    phone.greeted().await;
    let mut stream = TcpStream::connect(here).await.expect("it listens");
    // A stream without an end mark fills only its own buffer.
    stream.write_all(&b"x".repeat(100_000)).await.expect("connected");
    stream.write_all(b"|___iFacialMocapjawOpen&1|___iFacialMocap").await.expect("connected");
    source.until_sample("the first connection", |sample| jaw(sample) == 0.01).await;
    drop(stream);
    source.until_state("silence", |state| *state == SourceState::Stale).await;
    phone.greeted().await;
    let mut stream = TcpStream::connect(here).await.expect("it listens");
    stream.write_all(b"jawOpen&2|___iFacialMocap").await.expect("connected");
    source.until_sample("the second connection", |sample| jaw(sample) == 0.02).await;
    source.stop().await;
}
