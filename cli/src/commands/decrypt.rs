//! `adt decrypt`

use std::{collections::BTreeMap, io::IsTerminal};

use adt_engine::services::Needed;
use adt_formats::zip::decrypt;
use adt_model::{ByteSize, Class, Fault, Idle, Secret, SecretRef};

use super::{DONE, FAILED};
use crate::{
    args::{Common, Decrypt, Tuning},
    settings, show, wire,
};

pub(super) fn run(asked: &Decrypt, common: &Common, vars: &BTreeMap<String, String>) -> anyhow::Result<u8> {
    let password = password(asked, common, vars)?;
    let mut code = DONE;
    for file in &asked.files {
        match decrypt(file, &password, &asked.output, &Idle) {
            Ok(opened) if !common.quiet => {
                let (files, size) = (show::count(opened.files, "file"), ByteSize(opened.bytes));
                show::say(&format!("{file}: {files}, {size}, to {}", asked.output));
            }
            Ok(_) => {}
            Err(fault) => {
                show::error(&fault.into());
                code = FAILED;
            }
        }
    }
    Ok(code)
}

fn password(asked: &Decrypt, common: &Common, vars: &BTreeMap<String, String>) -> anyhow::Result<Secret> {
    let Some(text) = &asked.password else { return Ok(typed()?) };
    let reference: SecretRef = text.parse()?;
    if let SecretRef::Inline(_) = reference {
        return Err(Fault::new(Class::BadInput, "the password itself must not be on the command line, where other users can read it")
            .help("say where it is: `env:NAME`, `file:PATH`, `ssm:/path`, `secretsmanager:name`; or omit `--password` and type it")
            .into());
    }
    let settings = settings::resolve(common, &Tuning::default(), vars)?;
    let services = wire::services(&settings, vars);
    Ok(wire::runtime()?.block_on(services.secret(&Needed::PASSWORD, &reference))?)
}

/// Asked for on a terminal without showing it, else the first line of standard input.
fn typed() -> Result<Secret, Fault> {
    let unread = |e| Fault::io("cannot read the password", e);
    let text = if std::io::stdin().is_terminal() {
        rpassword::prompt_password("password: ").map_err(unread)?
    } else {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map_err(unread)?;
        line
    };
    let secret = Secret::new(text.trim_end_matches(['\r', '\n']));
    if secret.is_empty() {
        return Err(Fault::new(Class::BadInput, "no password was given")
            .help("type it, or say where it is with `--password`"));
    }
    Ok(secret)
}
