//! The Azure CLI, where a person signed in.

use std::process::{Command, Stdio};

use adt_model::{Class, Fault, Redactor, Secret};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{bearer::Bearer, identity::RESOURCE};
use crate::{Environment, said_by};

/// What old versions print says when a token ends in local time only; all of theirs hold at least this long.
const SURELY: SignedDuration = SignedDuration::from_mins(6);
const NAMES: &[&str] = if cfg!(windows) { &["az.cmd", "az.exe"] } else { &["az"] };

/// The token of whoever signed in by `az login`; where that cannot be had, why.
pub(super) async fn token(
    environment: &Environment,
    now: Timestamp,
) -> Result<Result<Bearer, String>, Fault> {
    let Some(program) = installed(environment) else {
        return Ok(Err("`az` is not installed".to_owned()));
    };
    let mut process = Command::new(&program);
    process
        .args(["account", "get-access-token", "--resource", RESOURCE, "--output", "json"])
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || process.output())
        .await
        .map_err(|error| Fault::new(Class::Cancelled, "the program is ending").because(error))?
        .map_err(|error| Fault::io(format!("cannot run the Azure CLI (`{program}`)"), error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let said = said.lines().find(|line| line.starts_with("ERROR:")).unwrap_or("it failed");
        return Ok(Err(said_by(&Redactor::default(), said.trim_start_matches("ERROR:"))));
    }
    Ok(read(&output.stdout, now).ok_or_else(|| "it printed no token".to_owned()))
}

/// Looked up in the `PATH` that was handed in.
fn installed(environment: &Environment) -> Option<Utf8PathBuf> {
    // Windows writes `Path`.
    let (_, path) = environment.vars.iter().find(|(name, _)| name.eq_ignore_ascii_case("PATH"))?;
    std::env::split_paths(path)
        .filter_map(|folder| Utf8PathBuf::from_path_buf(folder).ok())
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| NAMES.iter().map(move |name| folder.join(name)))
        .find(|program| Utf8Path::is_file(program))
}

fn read(printed: &[u8], now: Timestamp) -> Option<Bearer> {
    let document: Value = serde_json::from_slice(printed).ok()?;
    let token = document.get("accessToken")?.as_str().filter(|token| !token.is_empty())?;
    let ends = document.get("expires_on").and_then(Value::as_i64);
    let expires = match ends {
        Some(ends) => Timestamp::from_second(ends).ok(),
        None => now.checked_add(SURELY).ok(),
    };
    Some(Bearer { token: Secret::new(token), expires, source: "the Azure CLI".to_owned(), since: now })
}
