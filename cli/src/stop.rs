//! Ctrl-C: the first time finish what is in flight, the second time drop it. SIGTERM and SIGHUP count alike.

use adt_engine::Stop;

/// Listens from now on, for as long as the runtime lives; `told` is called for each request with its number.
///
/// Must be called inside the runtime. The signals are taken before it returns: from then on none of them ends the program by itself.
pub(crate) fn listen(stop: Stop, told: impl Fn(u32) + Send + 'static) {
    let mut signals = Signals::new();
    tokio::spawn(async move {
        for count in 1.. {
            signals.next().await;
            told(count);
            if count == 1 { stop.gently.cancel() } else { stop.now.cancel() }
        }
    });
}

#[cfg(unix)]
struct Signals {
    interrupt: Option<tokio::signal::unix::Signal>,
    terminate: Option<tokio::signal::unix::Signal>,
    /// The terminal was closed, or the line to it dropped.
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).ok();
        Self {
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
            hangup: listen(SignalKind::hangup()),
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            () = one(&mut self.interrupt) => {}
            () = one(&mut self.terminate) => {}
            () = one(&mut self.hangup) => {}
        }
    }
}

/// A signal that cannot be listened for never comes.
#[cfg(unix)]
async fn one(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

#[cfg(windows)]
struct Signals {
    interrupt: Option<tokio::signal::windows::CtrlC>,
}

#[cfg(windows)]
impl Signals {
    fn new() -> Self {
        Self { interrupt: tokio::signal::windows::ctrl_c().ok() }
    }

    async fn next(&mut self) {
        match &mut self.interrupt {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    }
}
