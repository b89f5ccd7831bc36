//! Settings become the things a run works with.

use std::{collections::BTreeMap, sync::Arc};

use adt_engine::{Ctx, Stop, Tell, budget::Budget, services::Services};
use adt_ledger::Ledger;
use adt_model::{Class, Fault};
use adt_services::ServiceOptions;
use adt_store::StoreOptions;
use jiff::{Timestamp, tz::TimeZone};

use crate::{env, settings::Settings};

/// How a run goes about its list.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ways {
    /// After the first failed job, begin no other.
    pub fail_fast: bool,
    /// Start a pipeline also where an earlier start may have arrived.
    pub retrigger: bool,
    /// Neither list nor read the destination of a job.
    pub no_list: bool,
}

/// Everything a run needs, made from settings and environment.
pub(crate) fn ctx(
    settings: &Settings,
    vars: &BTreeMap<String, String>,
    ways: Ways,
    tell: Tell,
    stop: Stop,
) -> Result<Arc<Ctx>, Fault> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(settings.cpus)
        .thread_name(|n| format!("adt-cpu-{n}"))
        .build()
        .map_err(|e| Fault::new(Class::Refused, "cannot start the threads that compress").because(e))?;
    let budget = Budget::new(settings.memory);
    Ok(Arc::new(Ctx {
        settings: adt_engine::Settings {
            lanes: settings.lanes,
            memory: settings.memory,
            chunk_memory: settings.chunk_memory,
            parallel_jobs: settings.parallel_jobs,
            fail_fast: ways.fail_fast,
            part_size: None,
            zip_level: settings.zip_level,
            retrigger: ways.retrigger,
            no_list: ways.no_list,
        },
        store: store(settings, vars),
        source: store(settings, vars),
        services: services(settings, vars),
        ledger: Ledger::open(&settings.ledger)?,
        clock: Arc::new(Timestamp::now),
        time_zone: TimeZone::system(),
        new_id: Arc::new(uuid::Uuid::new_v4),
        tell,
        stop,
        pool: Arc::new(pool),
        chunks: settings.chunk_memory.map_or_else(|| budget.clone(), Budget::new),
        leaving: match settings.chunk_memory {
            Some(_) => budget.clone(),
            None => Budget::new(settings.memory / 4),
        },
        budget,
        pace: adt_engine::Pace::free(),
        version: env!("CARGO_PKG_VERSION"),
    }))
}

/// How places are opened.
pub(crate) fn store(settings: &Settings, vars: &BTreeMap<String, String>) -> StoreOptions {
    let mut options = StoreOptions::new(env::handed_in(vars), Arc::new(Timestamp::now));
    options.lanes = settings.lanes;
    options.retry_time = settings.retry_time;
    options.request_timeout = settings.request_timeout;
    options.sign_payload = settings.sign_payload;
    options
}

/// How services are asked.
pub(crate) fn services(settings: &Settings, vars: &BTreeMap<String, String>) -> Services {
    let mut options = ServiceOptions::new(env::handed_in(vars), Arc::new(Timestamp::now));
    options.retry_time = settings.retry_time;
    options.request_timeout = settings.request_timeout;
    Services::new(options)
}

/// The threads that wait for the network; two are enough, since none of them does arithmetic.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Fault> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        // Each folder that is walked or zipped holds one of these for as long as that takes; they are made when they are needed.
        .max_blocking_threads(4096)
        .thread_name("adt-net")
        .enable_all()
        .build()
        .map_err(|e| Fault::io("cannot start the threads that wait for the network", e))
}
