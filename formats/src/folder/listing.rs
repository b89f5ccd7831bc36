use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use adt_model::{Class, Fault, temporary::is_temporary};
use camino::Utf8Path;

use super::{Choice, Links, Rules};

/// What may be entered: the root and what is left out of it, all without links.
#[derive(Debug, Default)]
pub(super) struct Boundary {
    root: PathBuf,
    leave_out: Vec<PathBuf>,
    shielded: Vec<PathBuf>,
    links: Links,
    /// Which names are looked at; all of them without it.
    pub(super) choice: Option<Choice>,
}

impl Boundary {
    pub(super) fn new(root: &Utf8Path, rules: &Rules) -> Result<Self, Fault> {
        let real = |path: &Utf8Path| {
            fs::canonicalize(path).map_err(|error| Fault::io(format!("`{path}` cannot be found"), error))
        };
        // Resolved here too, though callers hand over resolved paths: a relative one would match nothing, and what
        // must stay private would be taken along.
        let leave_out = rules.leave_out.iter().map(|path| real(path)).collect::<Result<_, _>>()?;
        let shielded = rules.shielded.iter();
        let shielded =
            shielded.map(|path| fs::canonicalize(path).unwrap_or_else(|_| path.as_std_path().to_owned()));
        Ok(Self {
            root: real(root)?,
            leave_out,
            shielded: shielded.collect(),
            links: rules.links,
            choice: None,
        })
    }

    pub(super) fn links(&self) -> Links {
        self.links
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Why nothing of `real` may be taken along, if so.
    pub(super) fn unwanted(&self, real: &Path) -> Option<String> {
        if let Some(out) = self.leave_out.iter().find(|out| real.starts_with(out)) {
            return Some(format!("`{}` is left out as asked", out.display()));
        }
        let outside = !self.is_inside(real);
        let shield = self.shielded.iter().find(|shield| outside && real.starts_with(shield))?;
        Some(format!(
            "a link leads into `{}`, which is a `behavior_dir` or is written by this job",
            shield.display()
        ))
    }

    /// Whether `real` is in the walked folder, so that it is met without following a link.
    pub(super) fn is_inside(&self, real: &Path) -> bool {
        real.starts_with(&self.root)
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
            Shape::Folder { .. } => (choice.enters)(key),
            Shape::Fault(_) if is_folder => (choice.enters)(key),
            Shape::Link => (choice.takes)(&self.link(key)),
            _ => (choice.takes)(key),
        })
    }
}

/// Why a temporary file of this program is left out.
const TEMPORARY: &str =
    "a temporary file of adt, in use or left by a run that was killed (`adt clean` removes those)";

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
    Folder {
        /// Without links.
        real: PathBuf,
        /// Whether a link leads there.
        linked: bool,
    },
    LeftOut {
        why: String,
        /// See [`super::Walked::LeftOut`].
        asked: bool,
    },
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
        let shape = if is_temporary(&name) && !kind.is_dir() {
            left_out(TEMPORARY)
        } else if kind.is_symlink() {
            follow(&path.join(&name), real, boundary, above)
        } else {
            shape(&real.join(&name), kind, boundary)
        };
        if !boundary.wants(&key, &shape, kind.is_dir()) {
            listed.more = true;
            continue;
        }
        let name = match shape {
            Shape::Folder { .. } => name + "/",
            Shape::Link if boundary.links() == Links::Keep => name + LINK,
            _ => name,
        };
        children.push(Child { name, shape });
    }
    children.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(listed)
}

fn not_utf8(folder: &Utf8Path, name: &str) -> Fault {
    Fault::new(Class::BadInput, format!("the name `{name}` in `{folder}` is not UTF-8"))
        .help("rename or exclude it: names are copied only if they are UTF-8")
}

fn shape(real: &Path, kind: fs::FileType, boundary: &Boundary) -> Shape {
    if let Some(why) = boundary.unwanted(real) {
        return Shape::LeftOut {
            why,
            asked: boundary.is_inside(real) && boundary.leave_out.iter().any(|out| out == real),
        };
    }
    if kind.is_file() {
        Shape::File
    } else if kind.is_dir() {
        Shape::Folder { real: real.to_owned(), linked: false }
    } else {
        left_out("not a file or a folder (a socket, a pipe or a device)")
    }
}

fn left_out(why: impl Into<String>) -> Shape {
    Shape::LeftOut { why: why.into(), asked: false }
}

fn follow(link: &Utf8Path, folder: &Path, boundary: &Boundary, above: &[&Path]) -> Shape {
    match boundary.links {
        Links::Skip => return left_out(format!("a link to `{}`; links are skipped", target(link))),
        Links::Fail => return Shape::Fault(Box::new(forbidden(link))),
        Links::Keep | Links::Listed => return Shape::Link,
        Links::Follow => {}
    }
    let real = match fs::canonicalize(link) {
        Ok(real) => real,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Shape::Fault(Box::new(Fault::io(format!("the link `{link}` cannot be followed"), error)));
        }
        Err(_) => return left_out(format!("a link to `{}`, which does not exist", target(link))),
    };
    if folder.starts_with(&real) || above.iter().any(|above| above.starts_with(&real)) {
        return left_out(format!("a link to `{}`, a folder that contains it (a loop)", real.display()));
    }
    match fs::metadata(&real) {
        Ok(metadata) => match shape(&real, metadata.file_type(), boundary) {
            Shape::Folder { real, .. } => Shape::Folder { real, linked: true },
            Shape::LeftOut { why, .. } => left_out(why),
            other => other,
        },
        Err(error) => {
            Shape::Fault(Box::new(Fault::io(format!("the link `{link}` cannot be followed"), error)))
        }
    }
}

fn target(link: &Utf8Path) -> String {
    fs::read_link(link).unwrap_or_default().display().to_string()
}

fn forbidden(link: &Utf8Path) -> Fault {
    Fault::new(Class::BadInput, format!("`{link}` is a link (to `{}`), and `links` is `fail`", target(link)))
        .help("replace it by what it leads to; or set `links` to `follow` to upload what links lead to, or to `skip` to leave them out")
}
