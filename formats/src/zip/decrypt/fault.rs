//! What the zip library complains of, in our words.

use std::io::{self, ErrorKind};

use adt_model::{Class, Fault};
use camino::Utf8Path;
use zip::result::ZipError;

/// The zip as a whole cannot be made sense of.
pub(super) fn damaged(zip: &Utf8Path, error: ZipError) -> Fault {
    match error {
        ZipError::Io(error) if !is_content(&error) => Fault::io(format!("cannot read `{zip}`"), error),
        ZipError::UnsupportedArchive(_) => {
            Fault::new(Class::BadInput, format!("cannot read `{zip}`")).because(error)
        }
        _ => Fault::new(Class::Corrupt, format!("`{zip}` is damaged or was cut short")).because(error),
    }
}

/// An entry cannot be begun.
pub(super) fn unusable(what: &str, error: ZipError) -> Fault {
    match error {
        ZipError::InvalidPassword => Fault::new(Class::Refused, format!("wrong password for {what}"))
            .help("use the password that the file was encrypted with"),
        ZipError::CompressionMethodNotSupported(_) | ZipError::UnsupportedArchive(_) => {
            Fault::new(Class::BadInput, format!("cannot read {what}")).because(error)
        }
        ZipError::Io(error) => unreadable(what, false, error),
        _ => Fault::new(Class::Corrupt, format!("{what} is damaged")).because(error),
    }
}

/// An entry cannot be read to its end.
pub(super) fn unreadable(what: &str, traditional: bool, error: io::Error) -> Fault {
    if !is_content(&error) {
        return Fault::io(format!("cannot read {what}"), error);
    }
    if traditional {
        let fault = Fault::new(Class::Corrupt, format!("{what} is damaged, or the password is wrong"));
        return fault
            .because(error)
            .help("try the password again: this old cipher cannot always tell a wrong one from damage");
    }
    Fault::new(Class::Corrupt, format!("{what} is damaged")).because(error)
}

/// Whether bytes were read that make no sense, rather than none.
fn is_content(error: &io::Error) -> bool {
    use ErrorKind as Kind;
    matches!(error.kind(), Kind::InvalidData | Kind::InvalidInput | Kind::UnexpectedEof | Kind::Other)
}
