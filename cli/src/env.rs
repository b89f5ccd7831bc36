//! The environment, read in one place. Only names with the prefix `ADT_`, the one variable of the original, and the standard
//! variables of clouds, proxies and user folders have a meaning.

use std::collections::BTreeMap;

use adt_net::Environment;
use camino::Utf8PathBuf;

/// Jobs as JSON text, as the original reads them.
pub(crate) const JSON_ARGS: &str = "UPLOAD_JOB_JSON_ARGS";

/// Every variable whose name and value are text.
pub(crate) fn variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// What places and services may look at.
pub(crate) fn handed_in(vars: &BTreeMap<String, String>) -> Environment {
    Environment { vars: vars.clone(), home: home(vars) }
}

/// The person's home folder.
pub(crate) fn home(vars: &BTreeMap<String, String>) -> Option<Utf8PathBuf> {
    let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    vars.get(name).filter(|path| !path.is_empty()).map(Utf8PathBuf::from)
}
