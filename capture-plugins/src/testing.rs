//! A source under test, running, with its slot in hand.

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

/// How long anything may take, on a busy machine; a condition that holds sooner ends the wait.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Running {
    pub(crate) receiver: SampleReceiver,
    woken: Arc<Notify>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(spec: &str) -> Self {
        Self::start_in(spec, &Surroundings::default())
    }

    pub(crate) fn start_in(spec: &str, surroundings: &Surroundings) -> Self {
        let source = open(&spec.parse().expect("a source"), surroundings).expect("it opens");
        let woken = Arc::new(Notify::new());
        let waker = Arc::clone(&woken);
        let (sender, receiver) = slot(Arc::new(move || waker.notify_one()));
        let stop = CancellationToken::new();
        let task = tokio::spawn(source.run(sender, stop.clone()));
        Self { receiver, woken, stop, task }
    }

    /// Waits until `found` finds something; it is asked again whenever the source says or publishes anything.
    pub(crate) async fn until<T>(&mut self, what: &str, mut found: impl FnMut(&mut SampleReceiver) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = found(&mut self.receiver) {
                return found;
            }
            let woken = timeout_at(deadline, self.woken.notified()).await;
            assert!(
                woken.is_ok(),
                "waited in vain for {what}; {}; {:?}",
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
        timeout(PATIENCE, &mut self.task).await.expect("it ends").expect("it does not panic");
    }

    /// Stops the source, which must return at once.
    pub(crate) async fn stop(self) -> SampleReceiver {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.expect("a source returns when it is stopped").expect("it does not panic");
        self.receiver
    }
}
