//! Completions, manual pages and the Markdown reference, all from the definitions in `args.rs`.

use std::fmt::Write;

use adt_model::Fault;
use camino::Utf8Path;
use clap::{Command, CommandFactory};
use clap_complete::Shell;

use super::DONE;
use crate::{args::Args, show};

pub(super) fn completions(shell: Shell) -> u8 {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "adt", &mut text);
    show::source(&String::from_utf8_lossy(&text));
    DONE
}

pub(super) fn man(folder: &Utf8Path) -> anyhow::Result<u8> {
    fs_err::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Args::command(), folder))
        .map_err(|e| Fault::io(format!("cannot write manual pages into `{folder}`"), e))?;
    Ok(DONE)
}

pub(super) fn markdown() -> u8 {
    show::source(&reference());
    DONE
}

/// Every command's long help as a Markdown page.
pub(crate) fn reference() -> String {
    let mut command = Args::command().term_width(100);
    command.build();
    let mut page = String::from(
        "# The command line\n\nWritten by `adt reference > docs/cli.md`; a test says so when it is out of date.\n",
    );
    section(&mut command, &mut page);
    page
}

/// A command's section, and those of its own commands.
fn section(command: &mut Command, page: &mut String) {
    let title = command.get_bin_name().unwrap_or("adt").to_owned();
    let help = command.render_long_help().to_string();
    let help: Vec<_> = help.lines().map(str::trim_end).collect();
    let _ = write!(page, "\n## `{title}`\n\n```text\n{}\n```\n", help.join("\n").trim_end());
    for sub in command.get_subcommands_mut().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        section(sub, page);
    }
}
