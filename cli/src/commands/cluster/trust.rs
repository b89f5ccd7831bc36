//! What `adt work` believes of a plan it finds: anyone with write access to the destination can have changed it.
//!
//! A plan says what is done, not where: its destination is the one it was found at, its sources are below the roots that the command
//! line names, and what removes or overwrites anything else (`--delete`, `--manifest`, `--metrics-file`) is on the command line or not
//! done. `adt submit` writes these words into the scripts that it makes, with the plan's digest, and keeps the digest on its own machine.

use adt_engine::{
    moving::Deletion,
    shares::{WorkPlan, is_same},
};
use adt_model::{Class, Fault, JobSpec, Location};
use camino::Utf8Path;

use super::{Vars, jobs::Asked, run_folder, submissions::Submissions};
use crate::{
    args::Work,
    commands::ephys::{absolute, location},
    show,
};

/// Where no data of a session is, and secrets or the system are: never read because a plan says so.
const NEVER: [&str; 6] = ["/etc", "/proc", "/sys", "/dev", "/boot", "/root/.ssh"];
const NEVER_NAMED: [&str; 7] = [".ssh", ".aws", ".gnupg", ".kube", ".docker", ".azure", ".config"];

/// Several roots in one variable.
const ROOTS: &str = "ADT_SOURCE_ROOT";

/// What the command line allows a plan to read.
#[derive(Clone, Debug)]
pub(super) struct Roots(Vec<Location>);

impl Roots {
    pub(super) fn of(asked: &Work, vars: &Vars) -> Result<Self, Fault> {
        let listed = vars.get(ROOTS).map(String::as_str).unwrap_or_default();
        let separator = if cfg!(windows) { ';' } else { ':' };
        let of_folders = listed.split(separator).filter(|root| !root.is_empty());
        let named = asked.source_root.iter().map(String::as_str);
        Ok(Self(named.chain(of_folders).map(location).collect::<Result<_, _>>()?))
    }

    fn are_named(&self) -> bool {
        !self.0.is_empty()
    }

    /// Fails where a source is outside every root. Without roots only what is surely no data is refused.
    pub(super) fn allow(&self, source: &Location) -> Result<(), Fault> {
        let source = real(source);
        let allowed = if self.0.is_empty() {
            !matches!(&source, Location::Folder(path) if is_private(path))
        } else {
            self.0.iter().any(|root| is_below(&source, &real(root)))
        };
        if allowed {
            return Ok(());
        }
        let what = format!("the plan reads `{source}`, which is outside of what this command may read");
        let help = "if that is what was submitted, name it: `--source-root PATH` (may be repeated)";
        Err(Fault::new(Class::BadInput, what).help(help))
    }

    pub(super) fn allow_folder(&self, path: &Utf8Path) -> Result<(), Fault> {
        self.allow(&Location::Folder(path.to_owned()))
    }

    /// The folders of a job.
    pub(super) fn allow_job(&self, spec: &JobSpec) -> Result<(), Fault> {
        let configs = spec.modalities.iter().filter_map(|modality| modality.extra_configs.as_ref());
        let sources = spec.modalities.iter().map(|modality| &modality.source);
        let others = spec.behavior_dir.iter().chain(&spec.metadata_dir);
        sources.chain(others).chain(configs).try_for_each(|path| self.allow_folder(path))
    }
}

/// A folder without links and `..`, as far as it exists.
fn real(location: &Location) -> Location {
    let Location::Folder(path) = location else { return location.clone() };
    let known = path.ancestors().find_map(|above| Some((above, above.canonicalize_utf8().ok()?)));
    let Some((above, known)) = known else { return location.clone() };
    match path.strip_prefix(above) {
        Ok(rest) if rest.as_str().is_empty() => Location::Folder(known),
        Ok(rest) => Location::Folder(known.join(rest)),
        Err(_) => location.clone(),
    }
}

fn is_below(source: &Location, root: &Location) -> bool {
    match (source, root) {
        (Location::Folder(source), Location::Folder(root)) => {
            source.starts_with(root) && !source.components().any(|part| part.as_str() == "..")
        }
        (Location::Folder(_), _) | (_, Location::Folder(_)) => false,
        _ => {
            let (source, root) = (source.to_string(), root.to_string());
            source.strip_prefix(&root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
    }
}

fn is_private(path: &Utf8Path) -> bool {
    NEVER.iter().any(|folder| path.starts_with(folder))
        || path.components().any(|part| NEVER_NAMED.contains(&part.as_str()) || part.as_str() == "..")
}

/// Fails if the plan is not the one that was submitted. The digest on the command line is compared; without one, and without a root that limits
/// what the plan reads, the digest this machine recorded. A plan with neither is reported.
pub(super) fn submitted(
    plan: &WorkPlan,
    asked: &Work,
    roots: &Roots,
    here: &Submissions,
) -> Result<Option<String>, Fault> {
    let (home, digest) = (&plan.plan.asset, plan.digest());
    let (wanted, whose) = match &asked.plan_digest {
        Some(wanted) => (Some(wanted.trim().to_ascii_lowercase()), "of `--plan-digest`"),
        None if roots.are_named() => return Ok(None),
        None => (here.get(home)?, "that was submitted from this machine"),
    };
    match wanted {
        Some(wanted) if wanted == digest => Ok(None),
        Some(_) => {
            let what = format!("the plan of `{home}` is not the one {whose}");
            Err(Fault::new(Class::BadInput, what).help(
                "if another one was submitted since, use the words of its scripts, or limit what it reads: `--source-root PATH` (may be repeated); if not, find out who changed it, and submit the work again with `--force`",
            ))
        }
        None => Ok(Some(format!(
            "note: the plan of `{home}` was not submitted from this machine, and may read whatever you may read here; `--plan-digest` or `--source-root PATH` of its scripts excludes that"
        ))),
    }
}

/// The plan's command, if it is about the place where the plan was found and reads what it may.
pub(super) fn words(plan: &WorkPlan, asked: &Work, roots: &Roots) -> Result<Asked, Fault> {
    let mut words = Asked::parse(&plan.again)?;
    let home = &plan.plan.asset;
    if let Some(submitted) =
        asked.run.as_deref().map(|run| run_folder::plan_of(run, home)).transpose()?.flatten()
        && submitted.again != plan.again
    {
        return Err(changed(home, "its command is not the one that was submitted"));
    }
    match &mut words {
        Asked::List(run) => {
            let list = run.jobs.list.as_ref().or(run.jobs.csv_file.as_ref()).cloned().unwrap_or_default();
            let list = Location::Folder(absolute(&list)?);
            if is_below(&real(&list), &real(home)) {
                return Err(changed(home, &format!("its list of jobs `{list}` is inside the asset")));
            }
            roots.allow(&list)?;
        }
        Asked::Images(images, _) => {
            if !is_same(&location(&images.destination)?, home) {
                return Err(changed(home, &format!("its command writes to `{}`", images.destination)));
            }
            roots.allow_folder(&absolute(&images.source)?)?;
            if images.metrics_file.take().is_some() && asked.finish {
                show::say(
                    "note: `--metrics-file` of the plan is left out: a plan may not name other files to write",
                );
            }
        }
        Asked::Move(copy, delete) => {
            if !is_same(&location(&copy.destination)?, home) {
                return Err(changed(home, &format!("its command writes to `{}`", copy.destination)));
            }
            let source = location(&copy.source)?;
            if source.to_string() != plan.plan.origin.source {
                return Err(changed(home, &format!("its command reads `{source}`")));
            }
            roots.allow(&source)?;
            of_command_line(copy, delete, asked)?;
        }
    }
    plan.folders().try_for_each(|folder| roots.allow_folder(folder))?;
    Ok(words)
}

/// What removes or overwrites is taken from the command line only.
fn of_command_line(
    copy: &mut crate::args::Copy,
    delete: &mut Option<Deletion>,
    asked: &Work,
) -> Result<(), Fault> {
    if asked.finish && delete.is_some() && !asked.delete {
        let what = "the plan is of `sync --delete`, and nothing is removed because a plan says so";
        return Err(Fault::new(Class::BadInput, what)
            .help("add `--delete` to this command, as in the scripts that `adt submit` makes"));
    }
    if asked.delete && delete.is_none() {
        return Err(Fault::new(Class::BadInput, "the plan is not of `sync --delete`").help("omit `--delete`"));
    }
    *delete = asked.delete.then_some(Deletion { most: asked.max_delete, all: asked.delete_all });
    let named = copy.comparing.manifest.take();
    copy.comparing.manifest.clone_from(&asked.manifest);
    if asked.finish && named.is_some() && asked.manifest.is_none() {
        show::say(
            "note: `--manifest` of the plan is left out: add it to this command to have the list written",
        );
    }
    Ok(())
}

fn changed(home: &Location, what: &str) -> Fault {
    Fault::new(Class::BadInput, format!("the plan of `{home}` was changed: {what}"))
        .help("look who may write there, then submit the work again with `--force`")
}

/// The flags of `adt work` that a submitted plan needs: roots of all tasks, and more words of the end.
pub(super) fn flags(work: &WorkPlan) -> Result<(Vec<String>, Vec<String>), Fault> {
    let mut roots: Vec<String> = work.folders().map(ToString::to_string).collect();
    let mut end = Vec::new();
    match Asked::parse(&work.again)? {
        Asked::List(run) => {
            let list = run.jobs.list.as_ref().or(run.jobs.csv_file.as_ref()).cloned().unwrap_or_default();
            roots.push(absolute(&list)?.into_string());
        }
        Asked::Images(images, _) => roots.push(absolute(&images.source)?.into_string()),
        Asked::Move(copy, delete) => {
            roots.push(location(&copy.source)?.to_string());
            if let Some(Deletion { most, all }) = delete {
                end.push("--delete".to_owned());
                end.extend(most.into_iter().flat_map(|most| ["--max-delete".to_owned(), most.to_string()]));
                end.extend(all.then(|| "--delete-all".to_owned()));
            }
            if let Some(manifest) = copy.comparing.manifest {
                end.extend(["--manifest".to_owned(), absolute(&manifest)?.into_string()]);
            }
        }
    }
    roots.sort();
    roots.dedup();
    Ok((roots, end))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/data/x/y", &["/data/x"], true)]
    #[case("/data/x", &["/data/x"], true)]
    #[case("/data/x2", &["/data/x"], false)]
    #[case("/data/x/../y", &["/data/x"], false)]
    #[case("s3://b/p/q", &["s3://b/p"], true)]
    #[case("s3://b/p2", &["s3://b/p"], false)]
    #[case("s3://b", &["s3://b/p"], false)]
    #[case("/data/x", &["s3://b"], false)]
    #[case("/data/y", &["/data/x", "/data/y"], true)]
    #[case("/etc/passwd", &[], false)]
    #[case("/home/me/.ssh", &[], false)]
    #[case("/data/x/../../home", &[], false)]
    #[case("/data/x", &[], true)]
    fn sources_are_below_roots(#[case] source: &str, #[case] roots: &[&str], #[case] allowed: bool) {
        let roots = Roots(roots.iter().map(|root| root.parse().unwrap()).collect());
        assert_eq!(roots.allow(&source.parse().unwrap()).is_ok(), allowed);
    }
}
