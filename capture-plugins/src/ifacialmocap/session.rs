//! The state of the phone's stream of packets, for UDP and TCP alike.

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

/// After this long without a packet, the phone is greeted again and another phone may take over.
pub(super) const QUIET: Duration = Duration::from_secs(1);

/// The longest accepted packet in bytes (the reference's receive limit, `PROTOCOL.md`); real ones are under 1100.
pub(super) const PACKET_LIMIT: usize = 8192;

/// The phone that is sending and its last sample.
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

    /// Whether to accept packets from `from`: it must be the phone at `asked`, if given, and no other phone may be sending.
    /// The first refusal causes a warning.
    pub(super) fn admits(&mut self, from: SocketAddr, asked: Option<IpAddr>) -> bool {
        if asked.is_some_and(|ip| ip != from.ip().to_canonical()) {
            let asked = asked.map(|ip| ip.to_string()).unwrap_or_default();
            self.refuse(from, &format!("the source is set to use the phone at {asked}"));
            return false;
        }
        match self.kept {
            Some(kept) if kept != from && !self.is_quiet() => {
                self.refuse(from, &format!("the phone at {kept} is already sending; choose one with `host=`"));
                false
            }
            _ => true,
        }
    }

    fn refuse(&mut self, from: SocketAddr, why: &str) {
        self.sender.skip(1);
        if !self.warned_of_other {
            self.warned_of_other = true;
            tracing::warn!("iFacialMocap: ignoring packets from {from}: {why}");
        }
    }

    /// Takes a packet from an admitted sender; true if it is an iFacialMocap packet.
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
        tracing::warn!("iFacialMocap: the phone does not send {}; these keep their last value", names.join(", "));
    }

    /// Counts packets that the transport could not deliver.
    pub(super) fn skip(&self, count: usize) {
        self.sender.skip(count);
    }

    /// Reports that the source is waiting for the phone or that it has fallen silent; called a few times a second.
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

    /// Reports a problem; the next packet makes the source live again.
    pub(super) fn report_trouble(&mut self, state: SourceState) {
        self.is_live = false;
        self.sender.report(state);
    }
}
