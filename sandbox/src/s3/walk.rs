use std::{io, ops::ControlFlow};

use camino::Utf8Path;
use fs_err as fs;

/// Where a listing begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Behind this key, which need not exist.
    Key(String),
    /// Behind every key that begins so.
    Prefix(String),
}

impl After {
    fn passes(&self, key: &str) -> bool {
        match self {
            Self::Key(after) => key > after.as_str(),
            Self::Prefix(after) => key > after.as_str() && !key.starts_with(after.as_str()),
        }
    }

    /// Whether nothing below the folder `prefix` (which ends with a slash) passes.
    fn is_past(&self, prefix: &str) -> bool {
        let (Self::Key(after) | Self::Prefix(after)) = self;
        if let Self::Prefix(after) = self
            && prefix.starts_with(after.as_str())
        {
            return true;
        }
        after.as_str() > prefix && !after.starts_with(prefix)
    }
}

/// What is listed of a bucket.
pub(crate) struct Walk<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) after: Option<After>,
    /// Folders below the prefix are named, with their slash, and not entered.
    pub(crate) shallow: bool,
}

impl Walk<'_> {
    /// Visits keys in the order of their UTF-8 bytes until `visit` breaks. Only folders that can hold a key are read.
    pub(crate) fn keys(
        &self,
        bucket: &Utf8Path,
        visit: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let _broken = self.folder(bucket, "", visit)?;
        Ok(())
    }

    fn folder(
        &self,
        path: &Utf8Path,
        key: &str,
        visit: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> io::Result<ControlFlow<()>> {
        for name in names(path)? {
            let here = format!("{key}{name}");
            let flow = match name.strip_suffix('/') {
                None if here.starts_with(self.prefix) && self.passes(&here) => visit(&here),
                None => ControlFlow::Continue(()),
                Some(folder) => self.below(&path.join(folder), &here, visit)?,
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn below(
        &self,
        path: &Utf8Path,
        key: &str,
        visit: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> io::Result<ControlFlow<()>> {
        let within = key.starts_with(self.prefix);
        if !(within || self.prefix.starts_with(key)) || self.after.as_ref().is_some_and(|a| a.is_past(key)) {
            return Ok(ControlFlow::Continue(()));
        }
        if !(self.shallow && within && key.len() > self.prefix.len()) {
            return self.folder(path, key, visit);
        }
        let mut any = false;
        let inside = Walk { prefix: "", after: self.after.clone(), shallow: false };
        let _found = inside.folder(path, key, &mut |_| {
            any = true;
            ControlFlow::Break(())
        })?;
        Ok(if any { visit(key) } else { ControlFlow::Continue(()) })
    }

    fn passes(&self, key: &str) -> bool {
        self.after.as_ref().is_none_or(|after| after.passes(key))
    }
}

/// Names in a folder; those of folders end with a slash, which puts them where their keys stand in key order.
fn names(folder: &Utf8Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        // Emptied by another request in the meantime.
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        // A name that is not UTF-8 cannot be a key; somebody else put it there.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            names.push(name + "/");
        } else if kind.is_file() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn walk(walk: &Walk) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        for key in ["a", "a.b", "a b/c", "a-/x", "d/e/f", "d/e.txt", "d/g", "empty/", "ü", "z"] {
            let path = root.join(key);
            if key.ends_with('/') {
                fs::create_dir_all(&path).unwrap();
            } else {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, key).unwrap();
            }
        }
        let mut keys = Vec::new();
        walk.keys(root, &mut |key| {
            keys.push(key.to_owned());
            ControlFlow::Continue(())
        })
        .unwrap();
        keys
    }

    #[rstest]
    #[case::all("", None, false, &["a", "a b/c", "a-/x", "a.b", "d/e.txt", "d/e/f", "d/g", "z", "ü"])]
    #[case::prefix_in_a_name("d/e", None, false, &["d/e.txt", "d/e/f"])]
    #[case::shallow("", None, true, &["a", "a b/", "a-/", "a.b", "d/", "z", "ü"])]
    #[case::shallow_below("d/", None, true, &["d/e.txt", "d/e/", "d/g"])]
    #[case::after_key("", Some(After::Key("d/e.txt".into())), false, &["d/e/f", "d/g", "z", "ü"])]
    #[case::after_key_shallow("", Some(After::Key("d/e/f".into())), true, &["d/", "z", "ü"])]
    #[case::after_prefix("", Some(After::Prefix("d/".into())), true, &["z", "ü"])]
    #[case::after_all("", Some(After::Key("ü".into())), false, &[])]
    fn keys_come_in_byte_order(
        #[case] prefix: &str,
        #[case] after: Option<After>,
        #[case] shallow: bool,
        #[case] keys: &[&str],
    ) {
        assert_eq!(walk(&Walk { prefix, after, shallow }), keys);
    }
}
