//! One file for each command.

mod check;
mod cluster;
mod decrypt;
mod demo;
mod ephys;
mod history;
mod imaging;
mod look;
mod moving;
mod plan;
mod reference;
mod run;
mod settings;

use adt_intake::Row;
use adt_model::{Class, Fault, JobSpec, Problem};
use adt_net::connect::{CA_FILE, check_ca_file};

use crate::{
    args::{Args, Command, Common, Tuning},
    env, show,
};

pub(crate) const DONE: u8 = 0;
pub(crate) const FAILED: u8 = 1;
pub(crate) const BAD_INPUT: u8 = 2;
pub(crate) const INTERRUPTED: u8 = 130;

/// Does what was asked; the exit code.
pub(crate) fn run(args: Args) -> anyhow::Result<u8> {
    let mut vars = env::variables();
    // Where credentials may go is known to every connection, whatever the command.
    let connects = !matches!(args.command, Command::History(_) | Command::Settings(_));
    let found = crate::settings::resolve(&args.common, &Tuning::default(), &vars).ok();
    if args.common.allow_http || found.as_ref().is_some_and(|found| found.allow_http) {
        vars.insert("ADT_ALLOW_HTTP".to_owned(), "true".to_owned());
        if !args.common.quiet && connects {
            show::say("note: credentials may go to other computers without encryption (`allow_http`)");
        }
    }
    if let Some(path) = found.and_then(|found| found.ca_file) {
        vars.insert(CA_FILE.to_owned(), path.into_string());
        if connects {
            check_ca_file(&env::handed_in(&vars))?;
        }
    }
    match args.command {
        Command::Run(run) => run::run(&run, &args.common, &vars),
        Command::Check(jobs) => check::run(&jobs, &args.common, &vars),
        Command::Plan(planned) => plan::run(&planned, &args.common, &vars),
        Command::History(history) => history::run(&history, &args.common, &vars),
        Command::Settings(shown) => settings::run(&shown, &args.common, &vars),
        Command::Decrypt(decrypt) => decrypt::run(&decrypt, &args.common, &vars),
        Command::Ephys { command } => ephys::run(&command, &args.common, &vars),
        Command::Imaging { command } => imaging::run(&command, &args.common, &vars),
        Command::Copy(copy) => moving::copy(&copy, None, &args.common, &vars),
        Command::Sync(sync) => moving::sync(&sync, &args.common, &vars),
        Command::Move(moved) => moving::relocate(&moved.copy, &args.common, &vars),
        Command::Verify(verify) => moving::verify(&verify, &args.common, &vars),
        Command::Ls(ls) => moving::ls(&ls, &args.common, &vars),
        Command::Clean(clean) => moving::clean(&clean, &args.common, &vars),
        Command::Submit(submit) => cluster::submit(&submit, &args.common, &vars),
        Command::Status(of) => cluster::status(&of, &args.common, &vars),
        Command::Cancel(of) => cluster::cancel(&of, &args.common, &vars),
        Command::Work(work) => cluster::work(&work, &args.common, &vars),
        Command::Demo(demo) => demo::run(&demo, &args.common, vars),
        Command::Completions { shell } => Ok(reference::completions(shell)),
        Command::Man { folder } => reference::man(&folder),
        Command::Reference => Ok(reference::markdown()),
    }
}

/// The exit code for an error that ended the whole command before anything was begun: a list, a setting or a ledger that cannot
/// be used is bad input.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<Fault>().map(Fault::class) {
        Some(Class::Bug) => 3,
        Some(Class::Cancelled) => INTERRUPTED,
        _ => BAD_INPUT,
    }
}

/// Jobs that can be begun, and everything that is wrong.
fn sorted(rows: Vec<Row>) -> (Vec<JobSpec>, Vec<Problem>) {
    let mut specs = Vec::new();
    let mut problems = Vec::new();
    for row in rows {
        problems.extend(row.problems);
        specs.extend(row.spec);
    }
    keep_private(&mut specs);
    (specs, problems)
}

/// Behaviour folders are private to their own job: links in the sources of the others must not lead into them.
fn keep_private(specs: &mut [JobSpec]) {
    let folders: Vec<_> = specs.iter().filter_map(|spec| spec.behavior_dir.clone()).collect();
    for spec in specs {
        let others = folders.iter().filter(|folder| spec.behavior_dir.as_ref() != Some(folder));
        spec.private = others.cloned().collect();
    }
}

/// Tells all problems; with `--json` as one object a line.
fn tell(problems: &[Problem], common: &Common) {
    let problems: Vec<Problem> = problems.iter().map(Problem::without_secrets).collect();
    if common.json {
        for problem in &problems {
            show::json_line(problem);
        }
    }
    show::say_all(show::problems(&problems).trim_end());
}
