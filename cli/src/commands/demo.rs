//! `adt demo`

use std::{collections::BTreeMap, fmt::Write, sync::Arc};

use adt_engine::{Asked, Stop, Summary};
use adt_intake::{Overrides, from_file};
use adt_model::{ByteSize, Class, Fault};
use adt_sandbox::{
    Server, ServerOptions,
    lab::{self, Lab, LabOptions},
};
use camino::{Utf8Path, Utf8PathBuf};

use super::{BAD_INPUT, DONE, FAILED, sorted, tell};
use crate::{
    args::{Common, Demo, DemoStore, Tuning},
    settings, show, wire,
};

/// Credentials of the demo's own server; it listens on loopback only and lives as long as the demo.
const ACCESS_KEY: &str = "demo";
const SECRET_KEY: &str = "demo-secret";

/// What a demo leaves in its folder, so that a second one may use it again.
const MARK: &str = ".adt-demo";

/// Files of one folder that the closing tour names.
const SHOWN: usize = 6;

pub(super) fn run(demo: &Demo, common: &Common, mut vars: BTreeMap<String, String>) -> anyhow::Result<u8> {
    let folder = prepare(&demo.folder)?;
    let store = folder.join("store");
    let lab = make_lab(&folder, &store, demo.store)?;
    told(common, &format!("made a lab of {} sessions in {}", lab.assets.len(), folder.join("lab")));
    // The demo's own ledger and credentials, whatever the person's own are.
    vars.retain(|name, _| !name.starts_with("AWS_") && !name.starts_with("ADT_"));
    let common = Common { ledger: Some(folder.join("ledger.sqlite")), ..common.clone() };
    let summary = match demo.store {
        DemoStore::Folder => run_list(&lab, &common, &vars)?,
        DemoStore::S3 => with_server(&store, &common, |endpoint| {
            let own = [
                ("AWS_ENDPOINT_URL_S3", endpoint),
                ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
                ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
                ("AWS_REGION", "us-east-1"),
            ];
            vars.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
            run_list(&lab, &common, &vars)
        })?,
    };
    let Some(summary) = summary else { return Ok(BAD_INPUT) };
    show::ended(&summary, &common);
    if !common.json && !common.quiet {
        show::out(&tour(&folder, &store.join(&lab.bucket), &lab)?);
    }
    Ok(if as_meant(&summary) { DONE } else { FAILED })
}

/// A fresh or empty folder, or one that an earlier demo made; anything else is left alone.
fn prepare(folder: &Utf8Path) -> Result<Utf8PathBuf, Fault> {
    let failed = |e| Fault::io(format!("cannot use `{folder}` for the demo"), e);
    fs_err::create_dir_all(folder).map_err(failed)?;
    let absolute = camino::absolute_utf8(folder).map_err(failed)?;
    let mark = absolute.join(MARK);
    let empty = fs_err::read_dir(&absolute).map_err(failed)?.next().is_none();
    if !empty && !mark.exists() {
        return Err(Fault::new(Class::BadInput, format!("`{folder}` holds other files"))
            .help("name a fresh folder: `adt demo FOLDER`"));
    }
    fs_err::write(&mark, "made by `adt demo`; remove this folder whenever you like\n").map_err(failed)?;
    Ok(absolute)
}

fn make_lab(folder: &Utf8Path, store: &Utf8Path, kind: DemoStore) -> Result<Lab, Fault> {
    let usual = LabOptions::default();
    let bucket = match kind {
        DemoStore::S3 => usual.bucket.clone(),
        DemoStore::Folder => format!("file://{}", store.join(&usual.bucket)),
    };
    let mut lab = lab::make(&folder.join("lab"), &LabOptions { bucket, ..usual.clone() })?;
    lab.bucket = usual.bucket;
    // The bucket, and in it somebody else's object under the last asset's name: that row fails while the others go on.
    let path = store.join(&lab.bucket).join(lab.foreign.key.as_str());
    let failed = |e| Fault::io(format!("cannot make the demo's bucket in `{store}`"), e);
    fs_err::create_dir_all(path.parent().unwrap_or(store)).map_err(failed)?;
    fs_err::write(&path, &lab.foreign.bytes).map_err(failed)?;
    Ok(lab)
}

fn with_server<T>(
    store: &Utf8Path,
    common: &Common,
    work: impl FnOnce(&str) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = wire::runtime()?;
    let options = ServerOptions::new(ACCESS_KEY, SECRET_KEY, Arc::new(jiff::Timestamp::now));
    let server = runtime.block_on(Server::start(store, options))?;
    let endpoint = server.endpoint();
    told(common, &format!("started an object store at {endpoint}, keeping its objects in {store}"));
    let done = work(&endpoint);
    runtime.block_on(server.stop());
    done
}

fn told(common: &Common, text: &str) {
    if !common.quiet {
        show::say(text);
    }
}

/// `None` when the list itself has problems, which were told.
fn run_list(lab: &Lab, common: &Common, vars: &BTreeMap<String, String>) -> anyhow::Result<Option<Summary>> {
    told(common, &format!("running: adt run {}", lab.jobs_csv));
    let cwd = lab.jobs_csv.parent().unwrap_or(&lab.jobs_csv);
    let (specs, problems) = sorted(from_file(&lab.jobs_csv, cwd, &Overrides::default())?);
    if !problems.is_empty() {
        tell(&problems, common);
        return Ok(None);
    }
    let settings = settings::resolve(common, &Tuning::default(), vars)?;
    let events = show::reporter(common, settings.log_level.unwrap_or_default());
    let ctx = wire::ctx(&settings, vars, wire::Ways::default(), events, Stop::default())?;
    let asked = Asked { jobs: specs, command: "adt demo".into() };
    Ok(Some(crate::stop::drive(&ctx, adt_engine::run(asked, Arc::clone(&ctx)))?))
}

/// All but the last row went well, and the last one failed as it must.
fn as_meant(summary: &Summary) -> bool {
    let failed = |row: &adt_engine::run::Row| row.ended.class == Some(Class::Conflict);
    let well = |row: &adt_engine::run::Row| row.ended.fault.is_none();
    match summary.rows.split_last() {
        Some((last, others)) => failed(last) && others.iter().all(well),
        None => false,
    }
}

fn tour(folder: &Utf8Path, bucket: &Utf8Path, lab: &Lab) -> anyhow::Result<String> {
    let mut text = String::from(
        "\nThe last row failed on purpose: somebody else's asset of that name stands in the bucket.\n",
    );
    let _ = writeln!(text, "\nWhat stands in the bucket now ({bucket}):");
    tree(bucket, bucket, &mut text)?;
    let _ = writeln!(text, "\nLook around:");
    let _ = writeln!(text, "  adt demo {folder}   (again: what is done is skipped)");
    let ledger = folder.join("ledger.sqlite");
    let _ = writeln!(text, "  adt history --ledger {ledger}   (what ran, how much it moved, what failed)");
    if let Some(asset) = lab.assets.first() {
        let _ = writeln!(text, "  cat {}", bucket.join(asset).join("metadata.nd.json"));
    }
    let _ = writeln!(text, "  cat {}   (the job list)", lab.jobs_csv);
    Ok(text)
}

/// The bucket's files with their sizes, in order; of a folder with many, the first few.
fn tree(root: &Utf8Path, folder: &Utf8Path, text: &mut String) -> anyhow::Result<()> {
    let mut entries: Vec<_> = folder.read_dir_utf8()?.collect::<Result<_, _>>()?;
    entries.sort_by(|a, b| a.path().cmp(b.path()));
    let (folders, files): (Vec<_>, Vec<_>) =
        entries.iter().map(camino::Utf8DirEntry::path).partition(|path| path.is_dir());
    let shown = if files.len() > SHOWN + 1 { SHOWN } else { files.len() };
    for path in &files[..shown] {
        let (name, size) = (path.strip_prefix(root)?, ByteSize(fs_err::metadata(path)?.len()));
        let _ = writeln!(text, "  {size:>10}  {name}");
    }
    if shown < files.len() {
        let _ = writeln!(
            text,
            "              … and {} more in {}",
            files.len() - shown,
            folder.strip_prefix(root)?
        );
    }
    folders.into_iter().try_for_each(|path| tree(root, path, text))
}
