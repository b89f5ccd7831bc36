//! Where a user's own files lie on each system.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use crate::env::home;

type Vars = BTreeMap<String, String>;

/// The configuration file, whether or not it exists.
pub(crate) fn config(vars: &Vars) -> Option<Utf8PathBuf> {
    below(vars, "APPDATA", "XDG_CONFIG_HOME", ".config").map(|dir| dir.join("config.toml"))
}

/// The ledger, whether or not it exists.
pub(crate) fn ledger(vars: &Vars) -> Option<Utf8PathBuf> {
    below(vars, "LOCALAPPDATA", "XDG_STATE_HOME", ".local/state").map(|dir| dir.join("ledger.sqlite"))
}

fn below(vars: &Vars, windows: &str, xdg: &str, usual: &str) -> Option<Utf8PathBuf> {
    let set = |name: &str| vars.get(name).filter(|v| !v.is_empty()).map(Utf8PathBuf::from);
    let base = if cfg!(windows) {
        set(windows)
    } else {
        // The XDG rule: a relative path there counts as not set.
        set(xdg).filter(|p| p.is_absolute()).or_else(|| home(vars).map(|h| h.join(usual)))
    };
    base.map(|base| base.join("adt"))
}
