//! How our values stand in columns: times as ISO text, checksums as hexadecimal, words as serde spells them.

use std::{error::Error, str::FromStr};

use adt_model::Key;
use jiff::Timestamp;
use rusqlite::{Row, types::Type};
use serde::{Serialize, de::DeserializeOwned};

/// A text that has a meaning for us, such as a time or a key.
pub(crate) fn parsed<T>(row: &Row<'_>, column: &str) -> rusqlite::Result<T>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    read(row, column, &row.get::<_, String>(column)?)
}

/// The name of an object as a bucket lists it.
pub(crate) fn object_key(row: &Row<'_>, column: &str) -> rusqlite::Result<Key> {
    Key::object(row.get::<_, String>(column)?).map_err(|error| unreadable(row, column, error))
}

/// The same where the column may be empty.
pub(crate) fn maybe_parsed<T>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    row.get::<_, Option<String>>(column)?.map(|text| read(row, column, &text)).transpose()
}

fn read<T>(row: &Row<'_>, column: &str, text: &str) -> rusqlite::Result<T>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    text.parse().map_err(|error| unreadable(row, column, error))
}

/// The word serde writes for a unit variant, such as `bad-input`.
pub(crate) fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// A word that serde reads, where the column may be empty.
pub(crate) fn maybe_word<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>> {
    row.get::<_, Option<String>>(column)?
        .map(|word| {
            serde_json::from_value(serde_json::Value::String(word))
                .map_err(|error| unreadable(row, column, error))
        })
        .transpose()
}

/// A time that may be missing, as a column takes it.
pub(crate) fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// A cell that this program did not write.
pub(crate) fn unreadable(
    row: &Row<'_>,
    column: &str,
    error: impl Error + Send + Sync + 'static,
) -> rusqlite::Error {
    let index = row.as_ref().column_index(column).unwrap_or_default();
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(error))
}
