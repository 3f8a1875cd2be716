//! Runs the capture sources: one thread with an asynchronous runtime.

use std::{future::Future, io, pin::Pin, thread::JoinHandle, time::Duration};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::JoinSet,
};

/// A source on its way to the host.
type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How long the sources may take to end.
const GRACE: Duration = Duration::from_secs(1);

/// How many sources may wait for the thread to start them.
const WAITING: usize = 64;

/// Runs the sources. Dropping it waits for them to end; cancel them first.
pub(super) struct SourceHost {
    tasks: Option<Sender<Task>>,
    thread: Option<JoinHandle<()>>,
}

impl SourceHost {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (tasks, inbox) = channel(WAITING);
        let thread = std::thread::Builder::new().name("sources".to_owned()).spawn(move || {
            runtime.block_on(host(inbox));
            runtime.shutdown_timeout(GRACE);
        })?;
        Ok(Self { tasks: Some(tasks), thread: Some(thread) })
    }

    /// Runs `task` until it ends by itself.
    pub(super) fn run(&self, task: Task) {
        let sent = self.tasks.as_ref().map(|tasks| tasks.try_send(task));
        if !matches!(sent, Some(Ok(()))) {
            tracing::error!("the sources' thread takes no more sources");
        }
    }
}

impl Drop for SourceHost {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            // It does not panic: a source's panic is caught at its task.
            let _ = thread.join();
        }
    }
}

async fn host(mut inbox: Receiver<Task>) {
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            task = inbox.recv() => match task {
                Some(task) => _ = tasks.spawn(task),
                None => break,
            },
            Some(ended) = tasks.join_next() => {
                if let Err(error) = ended {
                    tracing::error!("a capture source broke: {error}");
                }
            }
        }
    }
    let ended = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        tracing::warn!("a capture source did not end in time");
    }
}
