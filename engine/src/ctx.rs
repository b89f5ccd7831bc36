//! What every step may use. It all comes from outside: no step reads a clock, an environment or a random number of its own.

use std::sync::Arc;

use adt_ledger::Ledger;
use adt_model::{Class, Event, Fault, Location, What};
use adt_store::StoreOptions;
use jiff::{Timestamp, tz::TimeZone};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{budget::Budget, pace::Pace, services::Services};

/// Says what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Where events go.
pub type Tell = Arc<dyn Fn(Event) + Send + Sync>;

/// What bounds a run beside the threads of its pool, and how jobs follow each other.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Most requests at once to one destination.
    pub lanes: usize,
    /// Bytes of data held at once, over all jobs.
    pub memory: u64,
    /// Bytes for chunks of recordings at once; `None` when they share `memory`.
    pub chunk_memory: Option<u64>,
    /// Jobs at once.
    pub parallel_jobs: usize,
    /// After the first failed job, begin no other.
    pub fail_fast: bool,
    /// Bytes of each part of a large object; chosen by its size when nobody says.
    pub part_size: Option<u64>,
    /// Deflate level of zipped folders, 1 to 9.
    pub zip_level: u8,
    /// Start a pipeline also where an earlier start may have arrived.
    pub retrigger: bool,
    /// Neither list nor read the destination of a job: for credentials that may only write.
    pub no_list: bool,
}

/// Two ways to stop: `gently` finishes what is in flight, `now` drops it. Both keep the ledger's state.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Take up nothing new.
    pub gently: CancellationToken,
    /// Drop everything.
    pub now: CancellationToken,
}

impl Stop {
    /// Fails with `Cancelled` once a stop was asked for.
    pub fn check(&self) -> Result<(), Fault> {
        if self.gently.is_cancelled() || self.now.is_cancelled() { Err(interrupted()) } else { Ok(()) }
    }

    /// Awaits what can be dropped at any moment, unless a stop is asked for first.
    pub async fn or<T>(&self, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        tokio::select! {
            result = work => result,
            () = self.gently.cancelled() => Err(interrupted()),
            () = self.now.cancelled() => Err(interrupted()),
        }
    }
}

/// The fault of whatever is stopped by a person.
pub fn interrupted() -> Fault {
    Fault::new(Class::Cancelled, "interrupted").help("run the same command again to resume")
}

/// Everything that comes from outside.
#[derive(Clone)]
pub struct Ctx {
    /// Bounds.
    pub settings: Settings,
    /// How places are opened.
    pub store: StoreOptions,
    /// How the source of a move is opened, which may be at another service.
    pub source: StoreOptions,
    /// How services are asked.
    pub services: Services,
    /// What happened.
    pub ledger: Ledger,
    /// What time it is.
    pub clock: Clock,
    /// The zone of the rig, for formats that write local times.
    pub time_zone: TimeZone,
    /// Fresh random ids.
    pub new_id: Arc<dyn Fn() -> Uuid + Send + Sync>,
    /// Where events go.
    pub tell: Tell,
    /// Whether to go on.
    pub stop: Stop,
    /// Threads for arithmetic.
    pub pool: Arc<rayon::ThreadPool>,
    /// Memory for blocks in flight.
    pub budget: Budget,
    /// How fast bytes may be taken up.
    pub pace: Pace,
    /// Memory for chunks that are made; the same account where one number is to bound everything.
    pub chunks: Budget,
    /// Memory for objects that leave while what they are made of is still held. Never the account of the latter where that may be full:
    /// what is held would wait for what leaves, and that for room.
    pub leaving: Budget,
    /// This program's version, for documents.
    pub version: &'static str,
}

impl Ctx {
    /// Names a piece of work of this ledger, for [`adt_store::Place::owned_by`]. Who works under it has claimed it.
    pub(crate) fn owner(&self, work: &str, from: &str, to: &Location) -> Result<String, Fault> {
        let ledger = self.ledger.identity(&(self.new_id)().simple().to_string())?;
        Ok(format!("{ledger} {work} {from} to {to}"))
    }

    /// Waits until `bytes` more may be taken up, unless a stop is asked for first.
    pub(crate) async fn paced(&self, bytes: u64) -> Result<(), Fault> {
        self.stop.check()?;
        let waiting = async {
            self.pace.take(bytes).await;
            Ok(())
        };
        self.stop.or(waiting).await
    }

    /// Tells the outside something about a job.
    pub fn tell(&self, job: &str, step: Option<&str>, what: What) {
        (self.tell)(Event { at: (self.clock)(), job: job.to_owned(), step: step.map(str::to_owned), what });
    }
}

impl std::fmt::Debug for Ctx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ctx").field("settings", &self.settings).finish_non_exhaustive()
    }
}
