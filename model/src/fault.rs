use std::{error::Error, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::redact_places;

/// What a caller would do about a fault. `engine` retries by class, `cli` picks the exit code by class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A person wrote something that cannot be meant.
    BadInput,
    /// A thing that must exist does not: a file, a bucket, credentials.
    Missing,
    /// Somebody else's thing is in the way: an asset not begun by this ledger, another process at work.
    Conflict,
    /// Not allowed, and trying again will not help: permissions, a read-only destination, a full disk.
    Refused,
    /// May pass: timeouts, resets, 429, 5xx.
    Transient,
    /// Bytes are not what they must be: a checksum that differs, a source that changed while it was read.
    Corrupt,
    /// A person, or the end of a cluster's time slot, stopped it.
    Cancelled,
    /// Our own mistake.
    Bug,
}

/// The one error that crosses a crate's door.
///
/// `what` is a lower-case fragment that names its thing (and both ends of a transfer); the cause is chained and not
/// repeated in it; `help` is there when a person can do something. Cheap to clone, so that one fault can stop both sides of the bridge.
/// Passwords and signatures inside URLs are masked, as people type them into places.
#[derive(Clone)]
pub struct Fault {
    class: Class,
    what: String,
    help: Option<String>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A fault without a cause or advice.
    pub fn new(class: Class, what: impl Into<String>) -> Self {
        Self { class, what: redact_places(&what.into()).into_owned(), help: None, source: None }
    }

    /// Chains the cause. Its text must not already be part of `what`.
    #[must_use]
    pub fn because(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Says what a person can do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(redact_places(&help.into()).into_owned());
        self
    }

    /// A fault of the file system, classed by its kind; `what` names the deed and the path.
    pub fn io(what: impl Into<String>, error: std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        if cfg!(windows) && is_in_use(&error) {
            let what = format!("{}: another program has the file open", what.into());
            return Self::new(Class::Conflict, what).help(IN_USE);
        }
        let (class, help) = match error.kind() {
            Kind::NotFound => (Class::Missing, None),
            Kind::PermissionDenied => (Class::Refused, Some(PERMISSIONS)),
            Kind::ReadOnlyFilesystem => (Class::Refused, Some("the file system is read-only")),
            Kind::StorageFull | Kind::QuotaExceeded => {
                (Class::Refused, Some("free some space, then run the same command again"))
            }
            Kind::Interrupted | Kind::TimedOut | Kind::WouldBlock => (Class::Transient, None),
            Kind::AlreadyExists => {
                (Class::Conflict, Some("something of that name is there already: rename or remove it"))
            }
            Kind::NotADirectory => (
                Class::Refused,
                Some("there is a file where a folder has to be: rename, remove or exclude one of them"),
            ),
            Kind::IsADirectory => (
                Class::Refused,
                Some("there is a folder where a file has to be: rename, remove or exclude one of them"),
            ),
            Kind::InvalidFilename => {
                (Class::Refused, Some("the file system does not take such a name: rename or exclude it"))
            }
            _ => (Class::Refused, None),
        };
        let fault = Self::new(class, what).because(error);
        match help {
            Some(help) => fault.help(help),
            None => fault,
        }
    }

    /// What a caller would do about it.
    pub fn class(&self) -> Class {
        self.class
    }

    /// The advice, if there is any.
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The whole chain on one line: what happened, then each cause, without the advice.
    pub fn line(&self) -> String {
        let mut line = self.what.clone();
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = redact_places(&error.to_string()).into_owned();
            // Some libraries repeat their cause in their own text; say it once.
            if !text.is_empty() && !line.contains(&text) {
                line.push_str(": ");
                line.push_str(&text);
            }
            cause = error.source();
        }
        line
    }
}

const IN_USE: &str =
    "close it in that program (a viewer, a backup, a virus scanner), then run the same command again";

/// Windows also refuses to replace or delete a file that is open elsewhere, or read-only, with this.
const PERMISSIONS: &str = if cfg!(windows) {
    "check the permissions there, whether the file is read-only, and whether another program has it open"
} else {
    "check the permissions there"
};

/// Whether Windows reports that another program has a file, or a part of it, for itself.
fn is_in_use(error: &std::io::Error) -> bool {
    // ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
    const CODES: [i32; 2] = [32, 33];
    // An error that names its path has the code in its text only.
    let in_text = || {
        let text = error.to_string();
        CODES.iter().any(|code| text.ends_with(&format!("(os error {code})")))
    };
    error.raw_os_error().map_or_else(in_text, |code| CODES.contains(&code))
}

/// Only the fragment: chains are printed by whoever holds the whole fault, with [`Fault::line`].
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.class, self.line())
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let inner = std::io::Error::other("disk on fire");
        let fault = Fault::new(Class::Refused, "cannot read `/data/a.bin`").because(inner);
        assert_eq!(fault.line(), "cannot read `/data/a.bin`: disk on fire");
    }

    #[test]
    fn a_file_that_another_program_has_open_is_known_by_its_code() {
        let plain = std::io::Error::from_raw_os_error;
        let named = |code| std::io::Error::other(format!("failed to open file `x`: {}", plain(code)));
        for code in [32, 33] {
            assert!(is_in_use(&plain(code)) && is_in_use(&named(code)));
        }
        for code in [2, 5, 132] {
            assert!(!is_in_use(&plain(code)) && !is_in_use(&named(code)));
        }
    }

    #[test]
    fn secrets_of_places_are_masked_in_every_part() {
        let place = "az://lab/c/x?sv=1&sig=canary";
        let fault = Fault::new(Class::BadInput, format!("cannot read `{place}`"))
            .because(std::io::Error::other("http://user:canary@proxy is not known"))
            .help(format!("write {place}"));
        let shown = format!("{fault} {fault:?} {} {:?}", fault.line(), fault.advice());
        assert!(!shown.contains("canary") && shown.contains("sig=***"), "{shown}");
    }
}
