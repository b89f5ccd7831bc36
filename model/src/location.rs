use std::{fmt, str::FromStr};

use camino::{Utf8Path, Utf8PathBuf};

use crate::{Key, holds_secret, redact_places};

/// Where bytes can be: `/data/x`, `file:///data/x`, `s3://bucket/prefix`, `gs://bucket/prefix`, `az://account/container/prefix`.
///
/// `FromStr` and `Display` are each other's inverse, but for a plain path, which is shown as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// A folder of this machine.
    Folder(Utf8PathBuf),
    /// A bucket of S3 or of something that speaks its language, and a prefix inside it.
    S3 {
        /// The bucket's bare name.
        bucket: String,
        /// What every key begins with, without the slash that follows it.
        prefix: Option<Key>,
    },
    /// A bucket of Google Cloud Storage.
    Gs {
        /// The bucket's bare name.
        bucket: String,
        /// What every key begins with, without the slash that follows it.
        prefix: Option<Key>,
    },
    /// A container of Azure Blob Storage.
    Az {
        /// The storage account.
        account: String,
        /// The container in it.
        container: String,
        /// What every key begins with, without the slash that follows it.
        prefix: Option<Key>,
    },
}

/// Why a text is no location; the message names the nearest right form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LocationError(String);

impl Location {
    /// Reads what a CSV's `s3_bucket` column may hold: a bucket's bare name, or any location with a scheme.
    pub fn from_bucket_cell(text: &str) -> Result<Self, LocationError> {
        if text.contains("://") {
            return text.parse();
        }
        bucket_name(text)?;
        Ok(Self::S3 { bucket: text.to_owned(), prefix: None })
    }

    /// The location `tail` below this one.
    #[must_use]
    pub fn join(&self, tail: &Key) -> Self {
        let under =
            |prefix: &Option<Key>| Some(prefix.as_ref().map_or_else(|| tail.clone(), |p| p.join(tail)));
        match self {
            Self::Folder(path) => Self::Folder(path.join(tail.as_str())),
            Self::S3 { bucket, prefix } => Self::S3 { bucket: bucket.clone(), prefix: under(prefix) },
            Self::Gs { bucket, prefix } => Self::Gs { bucket: bucket.clone(), prefix: under(prefix) },
            Self::Az { account, container, prefix } => {
                Self::Az { account: account.clone(), container: container.clone(), prefix: under(prefix) }
            }
        }
    }

    /// The location above this one and this one's name in it; `None` at the top.
    pub fn above(&self) -> Option<(Self, Key)> {
        let text = match self {
            Self::Folder(path) => {
                let name = Key::parse(path.file_name()?).ok()?;
                return Some((Self::Folder(path.parent()?.to_owned()), name));
            }
            Self::S3 { prefix, .. } | Self::Gs { prefix, .. } | Self::Az { prefix, .. } => {
                prefix.as_ref()?.as_str()
            }
        };
        let (above, name) = text.rsplit_once('/').map_or((None, text), |(above, name)| (Some(above), name));
        let (name, prefix) = (Key::parse(name).ok()?, above.map(Key::parse).transpose().ok()?);
        let above = match self {
            Self::Folder(_) => return None,
            Self::S3 { bucket, .. } => Self::S3 { bucket: bucket.clone(), prefix },
            Self::Gs { bucket, .. } => Self::Gs { bucket: bucket.clone(), prefix },
            Self::Az { account, container, .. } => {
                Self::Az { account: account.clone(), container: container.clone(), prefix }
            }
        };
        Some((above, name))
    }

    /// Whether it is on this machine.
    pub fn is_folder(&self) -> bool {
        matches!(self, Self::Folder(_))
    }

    /// The bucket's or container's bare name, or the folder's path: what the original's `location` field held.
    pub fn bucket(&self) -> &str {
        match self {
            Self::Folder(path) => path.as_str(),
            Self::S3 { bucket, .. } | Self::Gs { bucket, .. } => bucket,
            Self::Az { container, .. } => container,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, prefix) = match self {
            Self::Folder(path) => return f.pad(path.as_str()),
            Self::S3 { bucket, prefix } => (format!("s3://{bucket}"), prefix),
            Self::Gs { bucket, prefix } => (format!("gs://{bucket}"), prefix),
            Self::Az { account, container, prefix } => (format!("az://{account}/{container}"), prefix),
        };
        match prefix {
            Some(prefix) => f.pad(&format!("{head}/{prefix}")),
            None => f.pad(&head),
        }
    }
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((scheme, rest)) = text.split_once("://") else { return plain_path(text) };
        if holds_secret(text) {
            let shown = redact_places(text);
            return Err(LocationError(format!(
                "`{shown}` holds a password or a signature, which would be kept with the place; name the place alone and \
                 set the credentials as variables (`AZURE_STORAGE_SAS_TOKEN` for a shared access signature)"
            )));
        }
        match scheme {
            "file" => file_url(rest),
            "s3" => {
                let (bucket, prefix) =
                    if rest.starts_with("arn:") { access_point(rest)? } else { bucket_and_prefix(rest)? };
                Ok(Self::S3 { bucket, prefix })
            }
            "gs" => {
                let (bucket, prefix) = bucket_and_prefix(rest)?;
                Ok(Self::Gs { bucket, prefix })
            }
            "az" => {
                let (account, rest) = rest
                    .split_once('/')
                    .ok_or_else(|| LocationError("write `az://account/container/prefix`".into()))?;
                let (container, prefix) = bucket_and_prefix(rest)?;
                Ok(Self::Az { account: account.to_owned(), container, prefix })
            }
            other => Err(LocationError(format!(
                "`{other}://` is not known; write `s3://`, `gs://`, `az://`, `file://` or a path"
            ))),
        }
    }
}

fn plain_path(text: &str) -> Result<Location, LocationError> {
    for scheme in ["s3", "gs", "az", "file"] {
        // `s3:/bucket` and `s3:bucket` are slips, never folders; a drive letter has one letter only.
        if text.starts_with(&format!("{scheme}:")) {
            let rest = text[scheme.len() + 1..].trim_start_matches('/');
            let slashes = if scheme == "file" { "///" } else { "//" };
            return Err(LocationError(format!("did you mean `{scheme}:{slashes}{rest}`?")));
        }
    }
    if text.trim().is_empty() {
        return Err(LocationError("a location cannot be empty".into()));
    }
    Ok(Location::Folder(text.into()))
}

fn file_url(rest: &str) -> Result<Location, LocationError> {
    let path = rest.strip_prefix("localhost/").map_or_else(|| rest.to_owned(), |p| format!("/{p}"));
    if !path.starts_with('/') {
        return Err(LocationError(format!("did you mean `file:///{rest}`?")));
    }
    // `file:///C:/data` is how a Windows drive is written.
    let drive = path.as_bytes().get(2) == Some(&b':') && path.as_bytes()[1].is_ascii_alphabetic();
    let path = Utf8Path::new(if drive { &path[1..] } else { &path });
    Ok(Location::Folder(path.to_owned()))
}

/// `arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/PREFIX`: an access point takes the place of a bucket.
fn access_point(rest: &str) -> Result<(String, Option<Key>), LocationError> {
    const FORM: &str = "write `s3://arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/PREFIX`";
    let parts: Vec<_> = rest.splitn(6, ':').collect();
    let [_, partition, service, region, account, resource] = parts[..] else {
        return Err(LocationError(format!("`{rest}` is not the ARN of an access point; {FORM}")));
    };
    let resource = resource.strip_prefix("accesspoint").and_then(|rest| rest.strip_prefix(['/', ':']));
    let (name, prefix) = resource.map_or(("", ""), |rest| rest.split_once('/').unwrap_or((rest, "")));
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let account_is_number = !account.is_empty() && account.bytes().all(|b| b.is_ascii_digit());
    if service == "s3" && region.is_empty() {
        return Err(LocationError(format!(
            "`{rest}` names an access point of many regions, which is not supported; name one of a region: {FORM}"
        )));
    }
    if service != "s3" || !plain(partition) || !plain(region) || !account_is_number || !plain(name) {
        return Err(LocationError(format!("`{rest}` is not the ARN of an access point of S3; {FORM}")));
    }
    let bucket = format!("arn:{partition}:s3:{region}:{account}:accesspoint/{name}");
    Ok((bucket, prefix_of(prefix)?))
}

fn prefix_of(prefix: &str) -> Result<Option<Key>, LocationError> {
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    if prefix.is_empty() {
        return Ok(None);
    }
    Key::parse(prefix).map(Some).map_err(|e| LocationError(e.to_string()))
}

fn bucket_and_prefix(rest: &str) -> Result<(String, Option<Key>), LocationError> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    bucket_name(bucket)?;
    Ok((bucket.to_owned(), prefix_of(prefix)?))
}

/// Letters, digits, `-`, `.`, `_`: wider than today's S3 rule (older buckets have capitals and underscores), but it
/// stops paths and whole sentences from being taken for a bucket.
fn bucket_name(text: &str) -> Result<(), LocationError> {
    let fits = !text.is_empty()
        && text.len() <= 255
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        && text.bytes().any(|b| b.is_ascii_alphanumeric());
    if fits {
        return Ok(());
    }
    Err(LocationError(format!(
        "`{text}` is not a bucket's name; write a bare name, `s3://bucket/prefix` or `file:///folder`"
    )))
}

impl serde::Serialize for Location {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Location {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("s3://bucket", "s3://bucket")]
    #[case("s3://bucket/", "s3://bucket")]
    #[case("s3://bucket/a/b", "s3://bucket/a/b")]
    #[case(
        "s3://arn:aws:s3:us-west-2:123456789012:accesspoint/rig",
        "s3://arn:aws:s3:us-west-2:123456789012:accesspoint/rig"
    )]
    #[case(
        "s3://arn:aws:s3:us-west-2:123456789012:accesspoint/rig/a:b/c/",
        "s3://arn:aws:s3:us-west-2:123456789012:accesspoint/rig/a:b/c"
    )]
    #[case(
        "s3://arn:aws:s3:us-west-2:123456789012:accesspoint:rig/a",
        "s3://arn:aws:s3:us-west-2:123456789012:accesspoint/rig/a"
    )]
    #[case("gs://bucket/a", "gs://bucket/a")]
    #[case("az://account/container/a", "az://account/container/a")]
    #[case("file:///data/x", "/data/x")]
    #[case("file:///C:/data", "C:/data")]
    #[case("/data/x", "/data/x")]
    #[case("C:\\data", "C:\\data")]
    fn is_read_and_shown(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(text.parse::<Location>().unwrap().to_string(), shown);
    }

    #[rstest]
    #[case("s3://bucket/a", Some(("s3://bucket", "a")))]
    #[case("gs://bucket/lab/a", Some(("gs://bucket/lab", "a")))]
    #[case("az://account/container/lab/a", Some(("az://account/container/lab", "a")))]
    #[case("/data/x/", Some(("/data", "x")))]
    #[case("s3://bucket", None)]
    #[case("/", None)]
    fn has_a_location_above_it(#[case] text: &str, #[case] above: Option<(&str, &str)>) {
        let found = text.parse::<Location>().unwrap().above();
        let found = found.map(|(above, name)| (above.to_string(), name.to_string()));
        assert_eq!(found, above.map(|(above, name)| (above.to_owned(), name.to_owned())));
    }

    #[rstest]
    #[case("s3:/bucket", "did you mean `s3://bucket`?")]
    #[case("file://data", "did you mean `file:///data`?")]
    #[case("az://account", "write `az://account/container/prefix`")]
    fn near_misses_name_the_right_form(#[case] text: &str, #[case] message: &str) {
        assert_eq!(text.parse::<Location>().unwrap_err().to_string(), message);
    }

    #[rstest]
    fn near_misses_are_refused(
        #[values(
            "ftp://x",
            "",
            "s3://",
            "s3://b//c",
            "s3://b/../c",
            "s3://arn:aws:s3",
            "s3://arn:aws:s3::1:accesspoint/a.mrap",
            "s3://arn:aws:s3:r:x:accesspoint/a",
            "s3://arn:aws:s3:r:1:bucket/a",
            "s3://arn:aws:s3-outposts:r:1:accesspoint/a"
        )]
        text: &str,
    ) {
        assert!(text.parse::<Location>().is_err());
    }

    #[rstest]
    #[case("some_bucket", "s3://some_bucket")]
    #[case("file:///folder", "/folder")]
    #[case("s3://b/deep/prefix", "s3://b/deep/prefix")]
    fn a_bucket_cell_is_a_name_or_a_location(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(Location::from_bucket_cell(text).unwrap().to_string(), shown);
    }

    #[rstest]
    fn a_bucket_cell_is_never_a_path(#[values("", "a/b", "/data", "my bucket", "..")] text: &str) {
        assert!(Location::from_bucket_cell(text).is_err());
    }
}
