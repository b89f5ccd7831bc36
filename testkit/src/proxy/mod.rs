mod fault;
mod relay;

use std::{
    collections::BTreeMap,
    io,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

pub use fault::{FaultKind, Moment};
use tokio::{net::TcpListener, runtime::Runtime};

use crate::Seed;

/// What goes wrong between a client and a server.
#[derive(Clone, Debug)]
pub struct FaultPlan {
    /// Of a hundred requests, how many fail.
    pub percent: u8,
    /// How, each as likely as the others.
    pub kinds: Vec<FaultKind>,
    /// Decides which requests fail, how, and whether the server has done them by then.
    pub seed: u64,
    /// How long a stalled connection is silent before it breaks.
    pub stall_for: Duration,
}

impl FaultPlan {
    /// Every kind of fault; a stall is short.
    pub fn every_kind(percent: u8, seed: u64) -> Self {
        Self { percent, kinds: FaultKind::ALL.to_vec(), seed, stall_for: Duration::from_millis(200) }
    }
}

/// What a proxy did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyTally {
    /// Requests that came.
    pub requests: u64,
    /// Requests that went through unharmed.
    pub passed: u64,
    /// Faults by kind and by whether the server had done the request.
    pub faults: BTreeMap<(FaultKind, Moment), u64>,
}

/// An HTTP/1 proxy on loopback that makes a seeded share of requests fail; it ends when it is dropped.
///
/// Requests are handed on as they came, `Host` included, so signatures stay right. Which request meets which fault
/// depends on the order of arrival: with parallel clients the share is certain, the victim is not.
pub struct FaultyProxy {
    // Its own threads: tests may block theirs.
    runtime: Option<Runtime>,
    port: u16,
    shared: Arc<Shared>,
}

/// What all connections share.
struct Shared {
    upstream: String,
    kinds: Vec<FaultKind>,
    stall_for: Duration,
    percent: AtomicU8,
    state: Mutex<State>,
}

struct State {
    seed: Seed,
    tally: ProxyTally,
}

impl FaultyProxy {
    /// Stands before a server, given as `http://HOST:PORT`.
    pub fn start(upstream: &str, plan: FaultPlan) -> io::Result<Self> {
        let authority = upstream.strip_prefix("http://").unwrap_or(upstream).trim_end_matches('/');
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            upstream: authority.to_owned(),
            kinds: plan.kinds,
            stall_for: plan.stall_for,
            percent: AtomicU8::new(plan.percent),
            state: Mutex::new(State { seed: Seed::new(plan.seed), tally: ProxyTally::default() }),
        });
        let within = runtime.enter();
        let listener = TcpListener::from_std(listener)?;
        drop(within);
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { runtime: Some(runtime), port, shared })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Changes the share of requests that fail from now on.
    pub fn set_percent(&self, percent: u8) {
        self.shared.percent.store(percent, Ordering::Relaxed);
    }

    /// What happened so far.
    pub fn tally(&self) -> ProxyTally {
        self.shared.with_state(|state| state.tally.clone())
    }

    /// Breaks all connections and ends.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for FaultyProxy {
    fn drop(&mut self) {
        self.end();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(relay::connection(stream, Arc::clone(&shared)))),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

impl Shared {
    fn with_state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The fault that the next request meets, if any.
    fn draw(&self) -> Option<(FaultKind, Moment)> {
        let percent = self.percent.load(Ordering::Relaxed);
        self.with_state(|state| {
            state.tally.requests += 1;
            // Three numbers for each request, so that a change of the share does not change what follows.
            let (share, kind, moment) = (state.seed.below(100), state.seed.bits(), state.seed.below(2));
            if share >= u64::from(percent) || self.kinds.is_empty() {
                state.tally.passed += 1;
                return None;
            }
            let kind = self.kinds[(kind % self.kinds.len() as u64) as usize];
            let moment = if kind.needs_answer() || moment == 1 { Moment::After } else { Moment::Before };
            *state.tally.faults.entry((kind, moment)).or_default() += 1;
            Some((kind, moment))
        })
    }
}
