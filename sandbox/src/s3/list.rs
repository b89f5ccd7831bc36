use std::ops::ControlFlow;

use adt_model::Key;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    bucket::Bucket,
    disk::Disk,
    record::Record,
    refusal::Refusal,
    route::Address,
    walk::{After, Walk},
    xml::Xml,
};

/// S3 never lists more at once.
const PAGE: usize = 1000;
/// What `encoding-type=url` leaves as it is.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'*');

/// One page of a listing.
#[derive(Default)]
struct Page {
    objects: Vec<(Key, Record)>,
    prefixes: Vec<String>,
    /// Set when there is more: where to go on.
    more: Option<After>,
}

/// Answers `ListObjectsV2` and the older `ListObjects`.
pub(crate) fn list(disk: &Disk, address: &Address, v2: bool) -> Result<String, Refusal> {
    let prefix = address.query("prefix").unwrap_or("");
    let delimiter = address.query("delimiter").filter(|d| !d.is_empty());
    let start = address.query(if v2 { "start-after" } else { "marker" }).filter(|s| !s.is_empty());
    let token = address.query("continuation-token").map(read_token).transpose()?;
    let after = token.or_else(|| start.map(|s| started(s, delimiter.filter(|_| !v2), prefix)));
    let limit = address.number("max-keys")?.unwrap_or(PAGE).min(PAGE);
    let page = page(disk, address.bucket()?, prefix, delimiter, after, limit)?;

    let shown = Shown { url: address.query("encoding-type") == Some("url") };
    let xml = Xml::document("ListBucketResult")
        .text("Name", address.bucket()?.as_str())
        .text("Prefix", &shown.text(prefix))
        .maybe("Delimiter", delimiter.map(|d| shown.text(d)).as_deref())
        .maybe("EncodingType", shown.url.then_some("url"))
        .show("MaxKeys", &limit)
        .show("IsTruncated", &page.more.is_some());
    let xml = if v2 {
        xml.show("KeyCount", &(page.objects.len() + page.prefixes.len()))
            .maybe("StartAfter", start.map(|s| shown.text(s)).as_deref())
            .maybe("ContinuationToken", address.query("continuation-token"))
            .maybe("NextContinuationToken", page.more.as_ref().map(write_token).as_deref())
    } else {
        let next = page.more.as_ref().map(|(After::Key(text) | After::Prefix(text))| shown.text(text));
        xml.text("Marker", &shown.text(start.unwrap_or(""))).maybe("NextMarker", next.as_deref())
    };
    Ok(xml
        .each("Contents", &page.objects, |xml, (key, record)| {
            xml.text("Key", &shown.text(key.as_str()))
                .show("LastModified", &stamp(record))
                .text("ETag", &format!("\"{}\"", record.etag))
                .text("ChecksumAlgorithm", record.algorithm.name())
                .text("ChecksumType", record.checksum_type())
                .show("Size", &record.size)
                .text("StorageClass", "STANDARD")
        })
        .each("CommonPrefixes", &page.prefixes, |xml, prefix| xml.text("Prefix", &shown.text(prefix)))
        .finish())
}

/// A marker that is itself a common prefix stands for everything below it, as the older listing gives it out.
fn started(start: &str, delimiter: Option<&str>, prefix: &str) -> After {
    match delimiter {
        Some(d) if start.len() > prefix.len() && start.ends_with(d) => After::Prefix(start.to_owned()),
        _ => After::Key(start.to_owned()),
    }
}

fn page(
    disk: &Disk,
    bucket: &Bucket,
    prefix: &str,
    delimiter: Option<&str>,
    mut after: Option<After>,
    limit: usize,
) -> Result<Page, Refusal> {
    let folder = disk.bucket(bucket)?;
    let mut page = Page::default();
    if limit == 0 {
        return Ok(page);
    }
    let mut keys = Vec::new();
    let walk = Walk { prefix, after: after.clone(), shallow: delimiter == Some("/") };
    walk.keys(&folder, &mut |key| {
        let group = delimiter.and_then(|d| {
            let end = key[prefix.len()..].find(d)? + prefix.len() + d.len();
            Some(&key[..end])
        });
        let entry = group.map_or_else(|| After::Key(key.to_owned()), |g| After::Prefix(g.to_owned()));
        // Delimiters other than `/` make groups that the walk does not know.
        if after.as_ref() == Some(&entry) {
            return ControlFlow::Continue(());
        }
        if keys.len() == limit {
            page.more.clone_from(&after);
            return ControlFlow::Break(());
        }
        keys.push(entry.clone());
        after = Some(entry);
        ControlFlow::Continue(())
    })?;
    for entry in keys {
        match entry {
            After::Prefix(text) => page.prefixes.push(text),
            // An object may have gone since the folder was read; a file that cannot be a key is nobody's object.
            After::Key(text) => {
                if let Ok(key) = Key::parse(text)
                    && let Some(record) = disk.find(bucket, &key)?
                {
                    page.objects.push((key, record));
                }
            }
        }
    }
    Ok(page)
}

struct Shown {
    url: bool,
}

impl Shown {
    fn text(&self, text: &str) -> String {
        if self.url { utf8_percent_encode(text, PLAIN).to_string() } else { text.to_owned() }
    }
}

fn stamp(record: &Record) -> String {
    record.modified.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

fn write_token(after: &After) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(match after {
        After::Key(key) => format!("k{key}"),
        After::Prefix(prefix) => format!("p{prefix}"),
    })
}

fn read_token(token: &str) -> Result<After, Refusal> {
    let wrong = || Refusal::bad("InvalidArgument", "the continuation token is not one of this server's");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    match text.split_at_checked(1) {
        Some(("k", key)) => Ok(After::Key(key.to_owned())),
        Some(("p", prefix)) => Ok(After::Prefix(prefix.to_owned())),
        _ => Err(wrong()),
    }
}

/// Answers `ListBuckets`.
pub(crate) fn buckets(disk: &Disk) -> Result<String, Refusal> {
    let buckets = disk.buckets()?;
    Ok(Xml::document("ListAllMyBucketsResult")
        .nest("Owner", |xml| xml.text("ID", "sandbox"))
        .nest("Buckets", |xml| {
            xml.each("Bucket", &buckets, |xml, bucket| {
                xml.text("Name", bucket.as_str()).text("CreationDate", "2024-01-01T00:00:00.000Z")
            })
        })
        .finish())
}
