//! Ctrl-C, SIGTERM and SIGHUP: the first one lets what is in flight finish, for a short time; a second one, or the end of that time, drops it.
//! Every command ends within five seconds.
//! On Windows Ctrl-Break, the closing of the console and the end of the session count as well.

use std::{sync::Arc, time::Duration};

use adt_engine::{Ctx, Stop, ctx::interrupted};
use adt_model::{Fault, What};

use crate::wire;

/// How long what is in flight may take after the first signal.
const GRACE: Duration = Duration::from_secs(2);

/// How long the work may take to write down its state after it was dropped.
const LAST: Duration = Duration::from_millis(500);

/// How long threads that wait for a file are waited for: a read that hangs (a network disk that went away) must not keep the program
/// from ending.
const THREADS: Duration = Duration::from_millis(500);

/// After this time the process ends whatever its threads wait for, such as a reader of standard output that reads nothing.
const LATEST: Duration = Duration::from_millis(3500);

/// The exit code of what was interrupted.
const INTERRUPTED: i32 = 130;

/// Drives work to its end while listening for signals.
pub(crate) fn drive<T>(ctx: &Arc<Ctx>, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let runtime = wire::runtime()?;
    let done = runtime.block_on(async {
        let told = Arc::clone(ctx);
        listen(ctx.stop.clone(), move |dropped| {
            let text = if dropped {
                "dropping what is in flight"
            } else {
                "interrupted: what is in flight has 2 seconds to finish (interrupt again to drop it)"
            };
            told.tell("", None, What::Note { text: text.into() });
        });
        tokio::select! {
            done = work => done,
            () = too_late(&ctx.stop) => Err(interrupted()),
        }
    });
    runtime.shutdown_timeout(THREADS);
    done
}

/// Ends when work that was dropped has had its time.
async fn too_late(stop: &Stop) {
    stop.now.cancelled().await;
    tokio::time::sleep(LAST).await;
}

/// Listens from now on, for as long as the runtime lives; `told` is called when a stop is asked for, and (with `true`) when what is in flight
/// is dropped.
///
/// Must be called inside the runtime. The signals are taken before it returns: from then on none of them ends the program by itself.
fn listen(stop: Stop, told: impl Fn(bool) + Send + 'static) {
    let mut signals = Signals::new();
    tokio::spawn(async move {
        signals.next().await;
        end_at_the_latest();
        stop.gently.cancel();
        told(false);
        let _ = tokio::time::timeout(GRACE, signals.next()).await;
        stop.now.cancel();
        told(true);
    });
}

/// A thread of its own, so that nothing can hold it up. What is recorded is on the disk already, as it has to be for `kill -9`.
#[expect(clippy::exit, reason = "a thread that hangs would keep the process from ending")]
fn end_at_the_latest() {
    std::thread::spawn(|| {
        std::thread::sleep(LATEST);
        std::process::exit(INTERRUPTED);
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
    stop: Option<tokio::signal::windows::CtrlBreak>,
    /// Windows ends the program a few seconds after each of these.
    close: Option<tokio::signal::windows::CtrlClose>,
    shutdown: Option<tokio::signal::windows::CtrlShutdown>,
}

#[cfg(windows)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
        Self {
            interrupt: ctrl_c().ok(),
            stop: ctrl_break().ok(),
            close: ctrl_close().ok(),
            shutdown: ctrl_shutdown().ok(),
        }
    }

    async fn next(&mut self) {
        /// A signal that cannot be listened for never comes.
        macro_rules! one {
            ($signal:expr) => {
                async {
                    match $signal {
                        Some(signal) => drop(signal.recv().await),
                        None => std::future::pending().await,
                    }
                }
            };
        }
        tokio::select! {
            () = one!(&mut self.interrupt) => {}
            () = one!(&mut self.stop) => {}
            () = one!(&mut self.close) => {}
            () = one!(&mut self.shutdown) => {}
        }
    }
}
