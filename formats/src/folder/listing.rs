use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use adt_model::{Class, Fault};
use camino::{Utf8Path, Utf8PathBuf};

use super::{Choice, Links};

/// What may be entered: the root and what is left out of it, all without links.
#[derive(Debug, Default)]
pub(super) struct Boundary {
    root: PathBuf,
    leave_out: Vec<PathBuf>,
    links: Links,
    /// Which names are looked at; all of them without it.
    pub(super) choice: Option<Choice>,
}

impl Boundary {
    pub(super) fn new(root: &Utf8Path, leave_out: &[Utf8PathBuf], links: Links) -> Result<Self, Fault> {
        let real = |path: &Utf8Path| {
            fs::canonicalize(path).map_err(|error| Fault::io(format!("`{path}` cannot be found"), error))
        };
        // Resolved here too, though callers hand over resolved paths: a relative one would match nothing, and what
        // must stay private would be taken along.
        let leave_out = leave_out.iter().map(|path| real(path)).collect::<Result<_, _>>()?;
        Ok(Self { root: real(root)?, leave_out, links, choice: None })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Why nothing of `real` may be taken along, if so.
    pub(super) fn unwanted(&self, real: &Path) -> Option<String> {
        let out = self.leave_out.iter().find(|out| real.starts_with(out))?;
        Some(format!("`{}` is left out as asked", out.display()))
    }
}

impl Boundary {
    /// Whether anything of this name may be taken: the file itself, or what is below a folder of that name.
    fn looks_at(&self, key: &str) -> bool {
        self.choice.as_ref().is_none_or(|choice| {
            (choice.takes)(key) || (choice.enters)(key) || (choice.takes)(&self.link(key))
        })
    }

    /// The key of a link.
    fn link(&self, key: &str) -> String {
        if self.links == Links::Keep { format!("{key}{LINK}") } else { key.to_owned() }
    }

    /// Whether a child is of interest, now that its shape is known.
    fn wants(&self, key: &str, shape: &Shape, is_folder: bool) -> bool {
        self.choice.as_ref().is_none_or(|choice| match shape {
            Shape::Folder(_) => (choice.enters)(key),
            Shape::Fault(_) if is_folder => (choice.enters)(key),
            Shape::Link => (choice.takes)(&self.link(key)),
            _ => (choice.takes)(key),
        })
    }
}

/// What the name of a link ends with where it is kept as an object, as rclone has it.
pub const LINK: &str = ".rclonelink";

/// One name of a folder.
#[derive(Debug)]
pub(super) struct Child {
    /// With a slash at the end for a folder, so that sorting by it sorts whole keys.
    pub(super) name: String,
    pub(super) shape: Shape,
}

#[derive(Debug)]
pub(super) enum Shape {
    File,
    Link,
    /// With its path without links.
    Folder(PathBuf),
    LeftOut(String),
    Fault(Box<Fault>),
}

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// In byte order.
    pub(super) children: Vec<Child>,
    /// There is more, which is not looked at.
    pub(super) more: bool,
}

/// The names in the folder `path`, whose key is `prefix`. `above` are the folders on the way to it, without links. What is not chosen is
/// passed over before it is opened, followed or found faulty.
pub(super) fn list(
    path: &Utf8Path,
    real: &Path,
    prefix: &str,
    boundary: &Boundary,
    above: &[&Path],
) -> Result<Listed, Fault> {
    let cannot = |error| Fault::io(format!("the folder `{path}` cannot be read"), error);
    let mut listed = Listed::default();
    let children = &mut listed.children;
    for found in fs::read_dir(path).map_err(cannot)? {
        let found = found.map_err(cannot)?;
        let raw = found.file_name();
        let key = format!("{prefix}{}", raw.to_string_lossy());
        if !boundary.looks_at(&key) {
            listed.more = true;
            continue;
        }
        let kind = found.file_type().map_err(cannot)?;
        let name = match raw.into_string() {
            Ok(name) => name,
            Err(raw) => {
                let name = raw.to_string_lossy().into_owned();
                let shape = Shape::Fault(Box::new(not_utf8(path, &name)));
                if boundary.wants(&key, &shape, kind.is_dir()) {
                    children.push(Child { name, shape });
                } else {
                    listed.more = true;
                }
                continue;
            }
        };
        let shape = if kind.is_symlink() {
            follow(&path.join(&name), real, boundary, above)
        } else {
            shape(&real.join(&name), kind, boundary)
        };
        if !boundary.wants(&key, &shape, kind.is_dir()) {
            listed.more = true;
            continue;
        }
        let name = match shape {
            Shape::Folder(_) => name + "/",
            Shape::Link => name + LINK,
            _ => name,
        };
        children.push(Child { name, shape });
    }
    children.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(listed)
}

fn not_utf8(folder: &Utf8Path, name: &str) -> Fault {
    Fault::new(Class::BadInput, format!("the name `{name}` in `{folder}` is not UTF-8"))
        .help("rename it; a bucket cannot keep such a name")
}

fn shape(real: &Path, kind: fs::FileType, boundary: &Boundary) -> Shape {
    if let Some(why) = boundary.unwanted(real) {
        return Shape::LeftOut(why);
    }
    if kind.is_file() {
        Shape::File
    } else if kind.is_dir() {
        Shape::Folder(real.to_owned())
    } else {
        Shape::LeftOut("neither a file nor a folder (a socket, a pipe or a device)".to_owned())
    }
}

fn follow(link: &Utf8Path, folder: &Path, boundary: &Boundary, above: &[&Path]) -> Shape {
    match boundary.links {
        Links::Skip => return Shape::LeftOut("a link; links are skipped as asked".to_owned()),
        Links::Keep => return Shape::Link,
        Links::Inside | Links::Follow => {}
    }
    let real = match fs::canonicalize(link) {
        Ok(real) => real,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Shape::Fault(Box::new(Fault::io(format!("the link `{link}` cannot be followed"), error)));
        }
        Err(_) => {
            let target = fs::read_link(link).unwrap_or_default();
            return Shape::LeftOut(format!("a link that leads nowhere (to `{}`)", target.display()));
        }
    };
    if boundary.links == Links::Inside && !real.starts_with(&boundary.root) {
        return Shape::LeftOut(format!("a link that leads outside (to `{}`)", real.display()));
    }
    if folder == real || above.contains(&real.as_path()) {
        return Shape::LeftOut(format!("a link to a folder it lies in (`{}`)", real.display()));
    }
    match fs::metadata(&real) {
        Ok(metadata) => shape(&real, metadata.file_type(), boundary),
        Err(error) => {
            Shape::Fault(Box::new(Fault::io(format!("the link `{link}` cannot be followed"), error)))
        }
    }
}
