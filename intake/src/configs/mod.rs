//! What the files have in common that `extra_configs` names: JSON or YAML, read key by key.

mod document;
mod keys;
pub(crate) mod value;

use adt_model::{Class, Fault};
use camino::Utf8Path;

pub(crate) use self::keys::Keys;

/// What the job list says, for each modality.
const OF_THE_LIST: [&str; 6] =
    ["modality", "source", "process_name", "compress_raw_data", "skip_staging", "extra_configs"];

/// What `config` makes of a file's keys, and what in it has no effect. `form` is the help for a file that cannot be used.
pub(crate) fn read<T: Default>(
    path: &Utf8Path,
    form: &str,
    config: impl FnOnce(&mut Keys) -> T,
) -> Result<(T, Vec<String>), Fault> {
    let refused = |problems: &[String]| {
        let what = format!("the configuration `{path}` cannot be used: {}", problems.join("; "));
        Fault::new(Class::BadInput, what).help(form)
    };
    let text = document::text(path)?.map_err(|what| refused(&[what]))?;
    let pairs = document::pairs(path, &text).map_err(|what| refused(&[what]))?;
    if pairs.is_empty() {
        let note = format!("the configuration `{path}` says nothing: everything is stored as usual");
        return Ok((T::default(), vec![note]));
    }
    let mut keys = Keys::new("", pairs);
    let config = config(&mut keys);
    let found = keys.close();
    if found.problems.is_empty() { Ok((config, found.notes)) } else { Err(refused(&found.problems)) }
}

/// Keys that the original's settings print for each modality.
pub(crate) fn leave_to_the_list(keys: &mut Keys) {
    for name in OF_THE_LIST {
        keys.without_effect(name, "the job list says it");
    }
}
