//! What is known of the phone while packets come and go; the same for UDP and TCP.

use super::{
    advice,
    packet::{PacketReport, parse_packet},
    phone::PhoneAddress,
};
use bunraku_core::{
    sample::FaceSample,
    source::{SampleSender, SourceState},
};
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::time::Instant;

/// A phone that has been silent for so long is asked again, and gives way to another.
pub(super) const QUIET: Duration = Duration::from_secs(1);

/// The longest packet that is looked at (the reference's receive limit, `PROTOCOL.md`); real ones are under 1100.
pub(super) const PACKET_LIMIT: usize = 8192;

/// The phone's last words and who it is.
pub(super) struct Session {
    sender: SampleSender,
    sample: FaceSample,
    started: Instant,
    heard: Option<Instant>,
    kept: Option<SocketAddr>,
    is_live: bool,
    warned_of_other: bool,
    warned_of_missing: bool,
}

impl Session {
    pub(super) fn new(sender: SampleSender) -> Self {
        Self {
            sender,
            sample: FaceSample::default(),
            started: Instant::now(),
            heard: None,
            kept: None,
            is_live: false,
            warned_of_other: false,
            warned_of_missing: false,
        }
    }

    /// Whether nothing usable has arrived for [`QUIET`].
    pub(super) fn is_quiet(&self) -> bool {
        self.heard.is_none_or(|heard| heard.elapsed() >= QUIET)
    }

    /// Whether a packet from `from` is to be looked at: it is the phone that was asked for, if one was, and no other
    /// phone is sending. The first one refused is named in a warning.
    pub(super) fn admits(&mut self, from: SocketAddr, asked: Option<IpAddr>) -> bool {
        if asked.is_some_and(|ip| ip != from.ip().to_canonical()) {
            let asked = asked.map(|ip| ip.to_string()).unwrap_or_default();
            self.refuse(from, &format!("the source is set to the phone at {asked}"));
            return false;
        }
        match self.kept {
            Some(kept) if kept != from && !self.is_quiet() => {
                self.refuse(from, &format!("the phone at {kept} is already live; name the one you want with `host=`"));
                false
            }
            _ => true,
        }
    }

    fn refuse(&mut self, from: SocketAddr, why: &str) {
        self.sender.skip(1);
        if !self.warned_of_other {
            self.warned_of_other = true;
            tracing::warn!("iFacialMocap: packets from {from} are refused: {why}");
        }
    }

    /// Takes a packet from a sender that was admitted; true if it was one of iFacialMocap's.
    pub(super) fn take(&mut self, from: SocketAddr, packet: &[u8]) -> bool {
        let report = match packet.len() {
            0..=PACKET_LIMIT => parse_packet(packet, &mut self.sample),
            _ => PacketReport::default(),
        };
        if !report.is_readable() {
            self.sender.skip(report.skipped.max(1));
            return false;
        }
        self.sender.skip(report.skipped);
        self.warn_of_missing(&report);
        let now = Instant::now();
        self.heard = Some(now);
        self.sample.time = (now - self.started).as_secs_f64();
        self.sender.publish(self.sample);
        self.keep(from);
        true
    }

    fn keep(&mut self, from: SocketAddr) {
        if self.kept != Some(from) {
            self.kept = Some(from);
            self.warned_of_other = false;
            tracing::info!("iFacialMocap: receiving from the phone at {from}");
        }
        if !self.is_live {
            self.is_live = true;
            self.sender.report(SourceState::Live);
        }
    }

    fn warn_of_missing(&mut self, report: &PacketReport) {
        if self.warned_of_missing || report.missing().next().is_none() {
            return;
        }
        self.warned_of_missing = true;
        let names: Vec<_> = report.missing().collect();
        tracing::warn!("iFacialMocap: the phone's packets lack {}; these keep their last value", names.join(", "));
    }

    /// Packets that could not be used for a reason of the transport's own.
    pub(super) fn skip(&self, count: usize) {
        self.sender.skip(count);
    }

    /// Says that the phone is being waited for, or has fallen silent; called a few times a second.
    pub(super) fn report_silence(&mut self, phone: Option<&PhoneAddress>, transport: &str, port: u16) {
        if !self.is_quiet() {
            return;
        }
        self.is_live = false;
        self.sender.report(match self.heard {
            Some(_) => SourceState::Stale,
            None => SourceState::Connecting(advice::waiting(phone, transport, port, self.started.elapsed())),
        });
    }

    /// Says why the phone cannot be asked, unless it is already being heard.
    pub(super) fn report_trouble(&mut self, state: SourceState) {
        self.is_live = false;
        self.sender.report(state);
    }
}
