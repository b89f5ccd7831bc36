//! Ctrl-C: the first time finish what is in flight, the second time drop it. SIGTERM counts as the first.

use adt_engine::Stop;

/// Listens for as long as the runtime lives; `told` is called for each request with its number.
pub(crate) fn listen(stop: Stop, told: impl Fn(u32) + Send + 'static) {
    tokio::spawn(async move {
        let mut signals = Signals::new();
        for count in 1.. {
            signals.next().await;
            told(count);
            if count == 1 { stop.gently.cancel() } else { stop.now.cancel() }
        }
    });
}

#[cfg(unix)]
struct Signals {
    terminate: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self { terminate: signal(SignalKind::terminate()).ok() }
    }

    async fn next(&mut self) {
        match &mut self.terminate {
            Some(terminate) => tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            },
            None => drop(tokio::signal::ctrl_c().await),
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Self {
        Self
    }

    async fn next(&mut self) {
        drop(tokio::signal::ctrl_c().await);
    }
}
