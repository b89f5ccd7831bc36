//! Documents that a job's `metadata_dir` brings.

use adt_formats::folder::{Links, Rules};
use adt_metadata::{Parts, check_document, no_document_twice};
use adt_model::{Class, Crc64, DocumentFacts, Fault, JobSpec, LeftOut};
use camino::Utf8Path;

use super::canonical;

/// A file larger than this is not a metadata document.
const LARGEST_DOCUMENT: u64 = 64 << 20;

/// Some editors on Windows begin every text with it.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Files that file managers leave in folders; they are not mentioned.
const OF_FILE_MANAGERS: [&str; 3] = [".ds_store", "thumbs.db", "desktop.ini"];

const DESCRIPTION: &str = "data_description.json";

/// What is in `metadata_dir`.
#[derive(Default)]
pub(super) struct Brought {
    /// The documents, by name.
    pub documents: Vec<DocumentFacts>,
    /// What is not uploaded.
    pub passed_over: LeftOut,
    /// What a person should know.
    pub remarks: Vec<String>,
}

/// Every `*.json` directly inside the folder, checked; and what is not uploaded.
pub(super) fn documents(dir: &Utf8Path, rules: &Rules, spec: &JobSpec) -> Result<Brought, Fault> {
    let unreadable = |e| Fault::io(format!("cannot list `{dir}`"), e);
    let mut entries =
        dir.read_dir_utf8().map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    entries.sort_by(|a, b| a.file_name().cmp(b.file_name()));
    let mut brought = Brought::default();
    for entry in entries {
        if let Some(why) = why_passed_over(entry.path(), rules)? {
            if !OF_FILE_MANAGERS.contains(&entry.file_name().to_lowercase().as_str()) {
                brought.passed_over.add(|| format!("`{}`: {why}", entry.file_name()));
            }
            continue;
        }
        let document = document(entry.path(), spec, &mut brought.remarks)?;
        brought.documents.push(document);
    }
    let names: Vec<_> = brought.documents.iter().map(|document| document.name.as_str()).collect();
    no_document_twice(names.iter().copied())?;
    brought.remarks.extend(Parts::beside(spec.manner.schema, &names));
    Ok(brought)
}

/// Why a file is not uploaded, by the rules of a walk.
fn why_passed_over(path: &Utf8Path, rules: &Rules) -> Result<Option<String>, Fault> {
    if path.file_name().is_some_and(|name| name.starts_with("._")) {
        return Ok(Some("a resource fork of macOS, not a document".to_owned()));
    }
    if !path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
        return Ok(Some(if path.is_dir() { "a folder" } else { "not a JSON document" }.to_owned()));
    }
    let target = path.read_link_utf8().ok();
    match (&target, rules.links) {
        (Some(target), Links::Skip) => {
            return Ok(Some(format!("a link to `{target}`; links are skipped")));
        }
        (Some(target), Links::Fail) => {
            let what = format!("`{path}` is a link (to `{target}`), and `links` is `fail`");
            return Err(Fault::new(Class::BadInput, what)
                .help("replace it by the document, or set `links` to `follow`"));
        }
        _ => {}
    }
    let real = match (canonical(path), &target) {
        (Ok(real), _) => real,
        (Err(_), Some(target)) => {
            return Ok(Some(format!("a link to `{target}`, which does not exist")));
        }
        (Err(fault), None) => return Err(fault),
    };
    if target.is_some() && rules.shielded.iter().any(|folder| real.starts_with(folder)) {
        return Ok(Some(format!("a link leads to `{real}`, which belongs to a `behavior_dir`")));
    }
    Ok((!real.is_file()).then(|| "not a file".to_owned()))
}

fn document(path: &Utf8Path, spec: &JobSpec, remarks: &mut Vec<String>) -> Result<DocumentFacts, Fault> {
    let bytes = read_document(path)?;
    let name = path.file_name().unwrap_or_default().to_owned();
    let document = check_document(&name, &bytes, &spec.subject_id)?;
    if bytes.starts_with(BYTE_ORDER_MARK) {
        remarks.push(format!("metadata_dir: {name} is sent without its byte order mark"));
    }
    if path.is_symlink() {
        remarks
            .push(format!("metadata_dir: `{name}` is a link: the content of `{}` is sent", canonical(path)?));
    }
    let other = document.value()["name"].as_str().filter(|other| *other != spec.asset_name());
    if let (DESCRIPTION, Some(other)) = (name.as_str(), other) {
        remarks
            .push(format!("metadata_dir: `{name}` names the asset `{other}`, not `{}`", spec.asset_name()));
    }
    Ok(DocumentFacts { name, bytes: bytes.len() as u64, crc64: Crc64(adt_codec::crc64(&bytes)) })
}

/// The whole file, unless it is too large to be a document.
pub(crate) fn read_document(path: &Utf8Path) -> Result<Vec<u8>, Fault> {
    let unreadable = |e| Fault::io(format!("cannot read `{path}`"), e);
    let size = fs_err::metadata(path).map_err(unreadable)?.len();
    if size > LARGEST_DOCUMENT {
        let shown = adt_model::ByteSize(size);
        return Err(Fault::new(
            Class::BadInput,
            format!("`{path}` is {shown}: too large for a metadata document"),
        )
        .help("only small JSON documents belong into `metadata_dir`"));
    }
    fs_err::read(path).map_err(unreadable)
}
