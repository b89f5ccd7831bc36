//! `adt history`

use std::collections::BTreeMap;

use adt_ledger::{HistoryFilter, Ledger};
use adt_model::JobEnd;
use jiff::tz::TimeZone;

use super::DONE;
use crate::{
    args::{Common, History, Tuning},
    settings, show,
};

pub(super) fn run(asked: &History, common: &Common, vars: &BTreeMap<String, String>) -> anyhow::Result<u8> {
    let settings = settings::resolve(common, &Tuning::default(), vars)?;
    let Some(ledger) = Ledger::open_existing(&settings.ledger)? else {
        show::say(&format!("nothing has run yet: there is no ledger at {}", settings.ledger));
        return Ok(DONE);
    };
    let filter = HistoryFilter {
        name: asked.job.clone(),
        last: asked.failed.then_some(JobEnd::Failed),
        state: None,
        since: None,
        limit: Some(asked.limit),
    };
    let rows = ledger.history(&filter)?;
    let failed = if asked.failed { " that failed" } else { "" };
    if common.json {
        rows.iter().for_each(show::json_line);
    } else if rows.is_empty() {
        let asked = asked.job.as_deref().map_or(String::new(), |name| format!(" named like `{name}`"));
        show::say(&format!("no job{failed}{asked} in the ledger {}", settings.ledger));
    } else {
        let zone = TimeZone::system();
        show::out(&show::history(&rows, &zone));
        if let (Some(_), [row]) = (&asked.job, rows.as_slice()) {
            show::out(&show::attempts(row, &zone));
        }
    }
    Ok(DONE)
}
