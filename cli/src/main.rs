//! The program `adt`: argv, environment and files in; words, events and an exit code out.

mod args;
mod commands;
mod env;
mod folders;
mod input;
mod secrets;
mod settings;
mod show;
mod stop;
mod wire;

use std::process::ExitCode;

use crate::args::Args;

/// What the exit codes mean is part of `adt --help`.
const BAD_INPUT: u8 = 2;
const BUG: u8 = 3;

fn main() -> ExitCode {
    let args = match Args::typed() {
        Ok(args) => args,
        Err(told) => {
            show::usage(&told);
            return ExitCode::from(if told.use_stderr() { BAD_INPUT } else { 0 });
        }
    };
    show::clean_panics();
    match std::panic::catch_unwind(|| commands::run(args)) {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(error)) => {
            show::error(&error);
            ExitCode::from(commands::exit_code(&error))
        }
        Err(_) => {
            show::bug();
            ExitCode::from(BUG)
        }
    }
}
