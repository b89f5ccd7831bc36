//! Work that is asked for without a session: a folder, what is to be made of it, and a location. No documents, no record; but the same
//! ledger, so that running the same command again goes on where it was.

use std::sync::Arc;

use adt_model::{
    Action, ByteSize, Class, EphysConfig, Fault, FolderWork, Idle, JobEnd, Key, Location, Origin, Plan,
    SourceLinks, Stage, StageName, Standing, Step, What,
};
use adt_plan::fingerprint;
use adt_store::Place;
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    Ctx, Summary,
    course::{Course, Work},
    delivery::off_the_reactor,
    ephys,
    prepare::Prepared,
    rules,
    run::finished,
    standing::{self, Since, Verdict},
    survey::{canonical, counted, real, standing_of},
    touched,
};

/// How a destination is made again from a source that may have changed.
const AGAIN: &str = "choose another destination to make it again";

/// How a command without a session is meant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ways {
    /// Write nothing.
    pub dry_run: bool,
    /// Complete what stands at the destination already.
    pub force: bool,
    /// What happens to symbolic links in the source.
    pub links: SourceLinks,
}

/// Compresses the recordings below `source`: stores go to `ecephys_compressed`, the clipped copy to `ecephys_clipped` of `destination`.
///
/// Fails when nothing can be begun; what goes wrong later is in the summary's one row. `command` is how the ledger shows it.
pub async fn compress_ephys(
    source: &Utf8Path,
    destination: &Location,
    config: EphysConfig,
    ways: Ways,
    command: &str,
    ctx: Arc<Ctx>,
) -> Result<Summary, Fault> {
    let (from, to, ledger) = (source.to_owned(), destination.clone(), ctx.ledger.path().to_owned());
    let plan = off_the_reactor(move || planned(&from, to, config, ways, &ledger)).await?;
    perform(plan, command, ctx).await
}

fn planned(
    source: &Utf8Path,
    destination: Location,
    config: EphysConfig,
    ways: Ways,
    ledger: &Utf8Path,
) -> Result<Plan, Fault> {
    let source = apart(source, &destination, ledger)?;
    let rules = rules::of_command(ways.links, Some(&destination))?;
    // The time files are read before the recordings are compressed, and what is wrong with them is reported then.
    let (seen, _) = ephys::look(&source, &rules, config, &Idle)?;
    let facts = counted(source.clone(), &rules, &Idle)?;
    let folder = FolderWork {
        source,
        leave_out: Vec::new(),
        shielded: rules.shielded,
        links: ways.links,
        files: facts.files,
        bytes: ByteSize(facts.bytes),
        fingerprint: facts.fingerprint,
    };
    let under = |name: &str| Key::parse(name).expect("a word is a key");
    let streams = seen.streams.len() as u64;
    let clip = Action::ClipEphys {
        folder: folder.clone(),
        under: under("ecephys_clipped"),
        frames: seen.config.clip_frames,
        choice: seen.config.choice.clone(),
    };
    let compress =
        Action::CompressEphys { folder, under: under("ecephys_compressed"), config: seen.config, streams };
    let step = |id: &str, action| Step { id: id.to_owned(), action };
    let data = vec![step("compress ecephys", compress), step("clip ecephys", clip)];
    let unread = seen.unread.into_iter().map(|unread| format!("NOT COMPRESSED: {unread}"));
    let left_out = seen.left_out.into_iter().map(|left| format!("not stored: {left}"));
    let of_source: Vec<_> = rules::notes(&facts.left_out, &facts.repeated).collect();
    Ok(Plan {
        origin: Origin { source: "command line".into(), row: None },
        name: name(&destination),
        asset: destination,
        dry_run: ways.dry_run,
        force: ways.force,
        temp_directory: None,
        files: facts.files,
        bytes: ByteSize(facts.bytes),
        schema: adt_model::Schema::default(),
        brought: Vec::new(),
        documents: Vec::new(),
        stages: vec![
            Stage { name: StageName::Data, steps: data },
            Stage { name: StageName::Verify, steps: vec![step("verify", Action::Verify)] },
        ],
        notes: unread.chain(left_out).chain(seen.odd).chain(of_source).collect(),
        left_out: facts.left_out,
        obstacles: Vec::new(),
    })
}

/// The source without links, which nothing may be written into.
pub(crate) fn apart(
    source: &Utf8Path,
    destination: &Location,
    ledger: &Utf8Path,
) -> Result<Utf8PathBuf, Fault> {
    let source = canonical(source)?;
    let written = match destination {
        Location::Folder(folder) => vec![("destination", real(folder)?), ("ledger", real(ledger)?)],
        _ => vec![("ledger", real(ledger)?)],
    };
    if let Some((what, folder)) = written.into_iter().find(|(_, folder)| folder.starts_with(&source)) {
        let what = format!("the {what} `{folder}` lies inside the source `{source}`");
        return Err(
            Fault::new(Class::BadInput, what).help("source data is only read: name a place outside it")
        );
    }
    Ok(source)
}

/// What a location is called in what a person is told: its last part.
pub(crate) fn name(location: &Location) -> String {
    let text = location.to_string();
    let last = text.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or_default();
    if last.is_empty() { text } else { last.to_owned() }
}

pub(crate) async fn perform(plan: Plan, command: &str, ctx: Arc<Ctx>) -> Result<Summary, Fault> {
    let run = ctx.ledger.begin_run((ctx.clock)(), command, ctx.version)?;
    ctx.tell("", None, What::RunStarted { jobs: 1 });
    let mut course = Course::new(plan.name.clone(), run, &ctx);
    let (asset, origin) = (plan.asset.clone(), plan.origin.to_string());
    let result = course.watch().over(Box::pin(attempt(plan, &mut course))).await;
    let row = course.end(origin, &asset, result);
    let summary = Summary { rows: vec![row], stopped: ctx.stop.check().is_err() };
    ctx.tell("", None, finished(&summary));
    ctx.ledger.end_run(run, (ctx.clock)(), summary.exit_code())?;
    Ok(summary)
}

async fn attempt(plan: Plan, course: &mut Course) -> Result<JobEnd, Fault> {
    let ctx = Arc::clone(&course.ctx);
    let _claim = if plan.dry_run { None } else { Some(ctx.ledger.claim(&plan.asset)?) };
    let known = ctx.ledger.job(&plan.asset)?;
    let place = Place::open(&plan.asset, &course.store_options()).await?;
    let print = fingerprint(&plan);
    let mut stands = standing_of(known.as_ref(), || print.clone(), &place, &ctx.stop).await?;
    let flag = |fault: Fault| {
        fault.help("`--force` completes it (only what differs is sent); or choose another destination")
    };
    let mut verdict = standing::judge(stands, plan.force, &plan.asset).map_err(flag)?;
    if let (Verdict::Skip, Some(row)) = (&verdict, &known) {
        match standing::since_done(row.id, &place, &ctx.ledger, &ctx.stop).await? {
            Since::Whole => {
                for note in touched::since_done(&plan, row, AGAIN, &ctx).await? {
                    course.doubt(&note);
                }
                course.leaves_out(plan.left_out);
                return Ok(course.skip(row.id, plan.dry_run));
            }
            Since::Replaced(key) => return Err(flag(standing::replaced(&key, &plan.asset))),
            Since::Lacking => {
                (verdict, stands) = (Verdict::Complete, Standing::Begun);
                course.note(
                    "it was complete, and objects of it are gone from the destination: they are sent again",
                );
            }
        }
    }
    let resumed = verdict == Verdict::Complete;
    course.announce(&plan, resumed);
    let prepared = Prepared::default();
    course
        .perform(Work { spec: None, plan, fingerprint: print, prepared, standing: stands, resumed }, place)
        .await
}
