//! Test support: runs a capture source and waits for what it publishes.

use crate::{Surroundings, open};
use bunraku_core::{
    sample::FaceSample,
    source::{CancellationToken, SampleReceiver, SourceState, slot},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Notify,
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};

/// The longest any wait may take on a busy machine; it ends as soon as its condition holds.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running capture source and the receiving end of its slot.
pub(crate) struct TestSource {
    pub(crate) receiver: SampleReceiver,
    woken: Arc<Notify>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl TestSource {
    pub(crate) fn start(spec: &str) -> Self {
        Self::start_in(spec, &Surroundings::default())
    }

    pub(crate) fn start_in(spec: &str, surroundings: &Surroundings) -> Self {
        let source = open(&spec.parse().expect("a valid source spec"), surroundings).expect("the source opens");
        let woken = Arc::new(Notify::new());
        let waker = Arc::clone(&woken);
        let (sender, receiver) = slot(Arc::new(move || waker.notify_one()));
        let stop = CancellationToken::new();
        let task = tokio::spawn(source.run(sender, stop.clone()));
        Self { receiver, woken, stop, task }
    }

    /// Waits until `found` returns something; it is called again whenever the source reports or publishes.
    pub(crate) async fn until<T>(&mut self, what: &str, mut found: impl FnMut(&mut SampleReceiver) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = found(&mut self.receiver) {
                return found;
            }
            let woken = timeout_at(deadline, self.woken.notified()).await;
            assert!(
                woken.is_ok(),
                "timed out waiting for {what}; {}; {:?}",
                self.receiver.state(),
                self.receiver.latest()
            );
        }
    }

    pub(crate) async fn until_state(&mut self, what: &str, is: impl Fn(&SourceState) -> bool) -> SourceState {
        self.until(what, |receiver| Some(receiver.state()).filter(&is)).await
    }

    pub(crate) async fn until_sample(&mut self, what: &str, is: impl Fn(&FaceSample) -> bool) -> FaceSample {
        self.until(what, |receiver| receiver.latest().map(|(_, sample)| sample).filter(&is)).await
    }

    /// Waits until the source ends by itself.
    pub(crate) async fn until_end(&mut self) {
        timeout(PATIENCE, &mut self.task).await.expect("the source ends").expect("no panic");
    }

    /// Stops the source, which must return promptly.
    pub(crate) async fn stop(self) -> SampleReceiver {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.expect("a stopped source returns").expect("no panic");
        self.receiver
    }
}
