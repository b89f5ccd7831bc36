//! Images without a session's documents: a command's own work, or some process's share of it.

use std::sync::Arc;

use adt_formats::folder::{count, count_file};
use adt_model::{
    Action, ByteSize, Class, Fault, FolderWork, Idle, ImagingConfig, JobEnd, LeftOut, Location, Origin, Plan,
    SourceLinks, Stage, StageName, Step, What,
};
use adt_store::Place;
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    container::{Share, incomplete},
    finish::link_document,
    look::{Asked, is_whole, look},
    marker::{Markers, marked},
    plan_file::PlanFile,
    write::{Work, open},
};
use crate::{
    Ctx, Summary,
    alone::{apart, name, perform},
    beat::Beat,
    course::Course,
    delivery::{Address, Delivery, off_the_reactor},
    rules,
    run::finished,
};

/// What a command wants made.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, and any of them goes with any other"
)]
#[derive(Clone, Debug)]
pub struct ImagingAsked {
    /// A session's folder, a folder with images, an image, or an N5 dataset.
    pub source: Utf8PathBuf,
    /// The container.
    pub destination: Location,
    /// How images are stored.
    pub config: ImagingConfig,
    /// Whether the source is an N5 dataset, which becomes one image: the container itself.
    pub n5: bool,
    /// Write nothing.
    pub dry_run: bool,
    /// Complete what stands at the destination already.
    pub force: bool,
    /// Go on with what another ledger began.
    pub resume: bool,
    /// Write the plan, groups and arrays only, for other processes to fill.
    pub plan_only: bool,
    /// Where a table of what was written goes.
    pub metrics: Option<Utf8PathBuf>,
    /// What happens to symbolic links in the source.
    pub links: SourceLinks,
}

/// Converts the images of `asked.source`. Fails when nothing can be begun; what goes wrong later is in the summary's one row.
/// `command` is how the ledger shows it.
pub async fn ome_zarr(asked: ImagingAsked, command: &str, ctx: Arc<Ctx>) -> Result<Summary, Fault> {
    let ledger = ctx.ledger.path().to_owned();
    let (plan_only, wanted) = (asked.plan_only, asked.clone());
    let plan = off_the_reactor(move || planned(&wanted, &ledger)).await?;
    if plan_only && !asked.dry_run {
        Box::pin(prepare(plan, command, ctx)).await
    } else {
        perform(plan, command, ctx).await
    }
}

/// What would be done, for processes that share it.
pub async fn plan_of(asked: ImagingAsked, ctx: &Ctx) -> Result<Plan, Fault> {
    let ledger = ctx.ledger.path().to_owned();
    off_the_reactor(move || planned(&asked, &ledger)).await
}

fn planned(asked: &ImagingAsked, ledger: &Utf8Path) -> Result<Plan, Fault> {
    let source = apart(&asked.source, &asked.destination, ledger)?;
    let config = asked.config.clone();
    let rules = rules::of_command(asked.links, Some(&asked.destination))?;
    let looked = look(&Asked { source: &source, rules: &rules, n5: asked.n5, under: None, config: &config })?;
    let nothing = || {
        Fault::new(Class::Missing, format!("`{source}` holds no image"))
            .help("TIFF, Imaris, PNG planes of SmartSPIM, and N5 (`adt imaging n5`) are read")
    };
    let seen = looked.ok_or_else(nothing)?;
    if seen.tiles.is_empty() {
        let first = seen.unread.first().cloned().unwrap_or_default();
        let more = match seen.unread.len() {
            0 | 1 => String::new(),
            more => format!("; and {} more", more - 1),
        };
        return Err(Fault::new(Class::BadInput, format!("no image can be read: {first}{more}")));
    }
    let facts = if source.is_file() { count_file(&source)? } else { count(&source, &rules, &Idle)? };
    if asked.n5 {
        is_whole(&source, &facts.left_out)?;
    }
    let bytes: u64 = seen.tiles.iter().map(super::tile::Tile::bytes).sum();
    let folder = FolderWork {
        source,
        leave_out: Vec::new(),
        shielded: rules.shielded,
        links: asked.links,
        files: facts.files,
        bytes: ByteSize(bytes),
        fingerprint: facts.fingerprint,
    };
    let tiles = seen.tiles.len() as u64;
    let write = Action::WriteOmeZarr {
        folder,
        n5: asked.n5,
        under: None,
        config,
        tiles,
        metrics: asked.metrics.clone(),
    };
    let step = |id: &str, action| Step { id: id.to_owned(), action };
    let unread = seen.unread.into_iter().map(|unread| format!("NOT CONVERTED: {unread}"));
    let of_source: Vec<_> = rules::notes(&facts.left_out, &facts.repeated).collect();
    Ok(Plan {
        origin: Origin { source: "command line".into(), row: None },
        name: name(&asked.destination),
        asset: asked.destination.clone(),
        dry_run: asked.dry_run,
        force: asked.force || asked.resume,
        temp_directory: None,
        files: facts.files,
        bytes: ByteSize(bytes),
        schema: adt_model::Schema::default(),
        brought: Vec::new(),
        documents: Vec::new(),
        stages: vec![
            Stage { name: StageName::Data, steps: vec![step("write images", write)] },
            Stage { name: StageName::Verify, steps: vec![step("verify", Action::Verify)] },
        ],
        notes: unread.chain(seen.odd).chain(of_source).collect(),
        left_out: facts.left_out,
        obstacles: Vec::new(),
    })
}

/// The plan, groups and arrays, for other processes.
async fn prepare(plan: Plan, command: &str, ctx: Arc<Ctx>) -> Result<Summary, Fault> {
    let (destination, origin) = (plan.asset.clone(), plan.origin.to_string());
    let Some(Action::WriteOmeZarr { folder, n5, config, .. }) =
        plan.stages.into_iter().flat_map(|stage| stage.steps).map(|step| step.action).next()
    else {
        return Err(Fault::new(Class::Bug, "a plan for images has a step that writes them"));
    };
    let (rules, source) = (rules::of(&folder), folder.source);
    let planning =
        on_its_own(destination, origin, plan.left_out, command, ctx, async move |out, beat, home| {
            for note in plan.notes {
                out.note(note);
            }
            let work = Work {
                source,
                rules,
                n5,
                under: None,
                config,
                home,
                out: Arc::clone(&out),
                only: true,
                beat,
            };
            let (mut container, _) = open(work).await?;
            container.prepare().await?;
            let items = container.items_of_stages();
            out.note(format!(
                "planned: {} items in the first stage; `adt work` does them",
                items.first().unwrap_or(&0)
            ));
            Ok(())
        });
    // It holds all of the container.
    Box::pin(planning).await
}

/// What a process does of a planned container.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Its share of the items; `None`: none of them, only the end.
    pub share: Option<Share>,
    /// Which stage; the first where nobody says.
    pub stage: Option<usize>,
    /// Do what is left of the later stages, then describe and tidy.
    pub finish: bool,
}

/// Does a part of what was planned at `destination`.
///
/// `allowed` says whether the source that the plan names may be read. Nothing is kept in a ledger: what is done is known by its marker at the destination, so that any number of processes may
/// share the work, on any machine that sees the source.
pub async fn share(
    destination: Location,
    part: Part,
    allowed: impl Fn(&Utf8Path) -> Result<(), Fault>,
    command: &str,
    ctx: Arc<Ctx>,
) -> Result<Summary, Fault> {
    let origin = "command line".to_owned();
    on_its_own(destination.clone(), origin, LeftOut::default(), command, ctx, async move |out, beat, home| {
        let markers = Markers::new(out.place(), None);
        if markers.ended(None).await?.is_some() && markers.plan().await?.is_none() {
            return if part.finish { markers.clear().await } else { Ok(()) };
        }
        let text = markers.plan().await?.ok_or_else(|| {
            Fault::new(Class::Missing, format!("there is no plan at `{destination}`")).help(
                "`adt submit` makes one, or `adt imaging zarr SOURCE DESTINATION --plan-only`; or all of it is done already",
            )
        })?;
        let plan = PlanFile::parse(&text)?;
        allowed(Utf8Path::new(&plan.source))?;
        let work = Work {
            source: plan.source.clone().into(),
            rules: rules::of_command(plan.links, Some(&destination))?,
            n5: plan.n5,
            under: None,
            config: plan.config.clone(),
            home: home.clone(),
            out: Arc::clone(&out),
            only: true,
            beat,
        };
        let (mut container, unread) = open(work).await?;
        container.is_as_planned(&plan)?;
        container.look_for_end().await?;
        if let Some(share) = part.share {
            container.run(existing(part.stage, &plan)?, share).await?;
            container.sources_are_steady().await?;
        }
        let written = if part.finish {
            for stage in 1..container.stages() {
                container.run(stage, Share::ALL).await?;
            }
            container.finish(&home, &link_document(None, true)).await?.missing
        } else {
            container.broken_tiles()
        };
        match unread.iter().chain(&written).next() {
            None => Ok(()),
            Some(first) => Err(Fault::new(Class::Corrupt, format!("the container is not whole: {first}"))),
        }
    })
    .await
}

/// Whether the place is a container that is planned, or whose end was begun.
pub async fn is_planned(place: &Place) -> Result<bool, Fault> {
    let markers = Markers::new(place, None);
    Ok(markers.plan().await?.is_some() || markers.ended(None).await?.is_some())
}

/// Whether every item of a stage has its marker, where a container is planned: fails as `Transient` where one has none. `false`: none is.
pub async fn is_done(place: &Place, stage: Option<usize>) -> Result<bool, Fault> {
    let markers = Markers::new(place, None);
    let Some(text) = markers.plan().await? else { return Ok(markers.ended(None).await?.is_some()) };
    let plan = PlanFile::parse(&text)?;
    let stage = existing(stage, &plan)?;
    let lacking = plan.items[stage].saturating_sub(marked(place, None, stage).await?);
    if lacking > 0 { Err(incomplete(lacking, stage)) } else { Ok(true) }
}

/// The first stage where nobody says.
fn existing(stage: Option<usize>, plan: &PlanFile) -> Result<usize, Fault> {
    let (stage, stages) = (stage.unwrap_or(0), plan.items.len());
    if stage < stages {
        return Ok(stage);
    }
    Err(Fault::new(Class::BadInput, format!("there is no stage {stage}: there are {stages}"))
        .help("stages are counted from 0"))
}

async fn on_its_own(
    destination: Location,
    origin: String,
    left_out: LeftOut,
    command: &str,
    ctx: Arc<Ctx>,
    work: impl AsyncFnOnce(Arc<Delivery>, Beat, Location) -> Result<(), Fault>,
) -> Result<Summary, Fault> {
    let run = ctx.ledger.begin_run((ctx.clock)(), command, ctx.version)?;
    ctx.tell("", None, What::RunStarted { jobs: 1 });
    let mut course = Course::new(name(&destination), run, &ctx);
    course.leaves_out(left_out);
    let place = Place::open(&destination, &course.store_options()).await?;
    let address = Address { job: course.name.clone(), place, row: None, look: false, mark: None };
    let out = Arc::new(Delivery::new(Arc::clone(&ctx), address, Arc::clone(course.counters())));
    let beat = Beat::of(&out);
    let result = course.watch().over(work(out, beat, destination.clone())).await;
    let row = course.end(origin, &destination, result.map(|()| JobEnd::Done));
    let summary = Summary { rows: vec![row], stopped: ctx.stop.check().is_err() };
    ctx.tell("", None, finished(&summary));
    ctx.ledger.end_run(run, (ctx.clock)(), summary.exit_code())?;
    Ok(summary)
}
