//! The configuration file: which names it may have, and what is advised for a name that it does not have.

use std::collections::BTreeMap;

use adt_intake::nearest_name;
use adt_model::{About, Class, Fault};
use camino::Utf8Path;

use super::KNOWN;

/// The file's settings as texts, and what it says of a lab's data. A file that was not named may be missing.
pub(super) fn read(path: &Utf8Path, asked_for: bool) -> Result<(BTreeMap<String, String>, About), Fault> {
    let text = match fs_err::read_to_string(path) {
        Ok(text) => text,
        Err(e) if !asked_for && e.kind() == std::io::ErrorKind::NotFound => return Ok(Default::default()),
        Err(e) => return Err(Fault::io(format!("cannot read the configuration `{path}`"), e)),
    };
    let table: toml::Table =
        text.parse().map_err(|e: toml::de::Error| bad(path, &e.message().replace('\n', " ")))?;
    let (mut found, mut about) = (BTreeMap::new(), About::default());
    for (name, value) in table {
        if name == "defaults" {
            about = lab(path, value)?;
            continue;
        }
        if !KNOWN.iter().any(|known| known.name == name) {
            let names = KNOWN.iter().map(|known| known.name).chain(LAB);
            let all: Vec<_> = KNOWN.iter().map(|known| known.name).collect();
            let help = match nearest_name(&name, names) {
                Some(near) if LAB.contains(&near) => format!("`{near}` belongs into the table `[defaults]`"),
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the settings are {}, and the table `[defaults]`", all.join(", ")),
            };
            return Err(bad(path, &format!("unknown setting `{name}`")).help(help));
        }
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(choice) => choice.to_string(),
            _ => return Err(bad(path, &format!("`{name}` must be a text, a whole number, true or false"))),
        };
        found.insert(name, text);
    }
    Ok((found, about))
}

/// The names in `[defaults]`.
pub(super) const LAB: [&str; 5] = ["institution", "license", "group", "tags", "restrictions"];
/// The same as `adt settings` shows them.
pub(super) const LAB_SHOWN: [&str; 5] =
    ["defaults.institution", "defaults.license", "defaults.group", "defaults.tags", "defaults.restrictions"];

/// The table `[defaults]`.
fn lab(path: &Utf8Path, value: toml::Value) -> Result<About, Fault> {
    let toml::Value::Table(table) = value else { return Err(bad(path, "`[defaults]` must be a table")) };
    let mut about = About::default();
    for (name, value) in table {
        if name != "licence" && !LAB.contains(&name.as_str()) {
            return Err(unknown(path, &name));
        }
        let list = match value {
            toml::Value::String(text) => vec![text],
            toml::Value::Array(list) if name == "tags" => {
                let texts = list.into_iter().map(|value| value.as_str().map(str::to_owned));
                texts
                    .collect::<Option<Vec<_>>>()
                    .ok_or_else(|| bad(path, "`tags` must be a list of texts"))?
            }
            _ => return Err(bad(path, &format!("`{name}` in `[defaults]` must be a text"))),
        };
        let text = list.first().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        match name.as_str() {
            "institution" => about.institution = text,
            "license" | "licence" => about.license = text,
            "group" => about.group = text,
            "restrictions" => about.restrictions = text,
            _ => about.tags = list,
        }
    }
    Ok(about)
}

/// The fault for a name that `[defaults]` does not have.
fn unknown(path: &Utf8Path, name: &str) -> Fault {
    let help = match nearest_name(name, LAB.into_iter().chain(KNOWN.iter().map(|known| known.name))) {
        Some(near) if LAB.contains(&near) => format!("did you mean `{near}`?"),
        Some(near) => format!("`{near}` is a setting: write it above `[defaults]`"),
        None => format!("its names are {}", LAB.join(", ")),
    };
    bad(path, &format!("there is no `{name}` in `[defaults]`")).help(help)
}

fn bad(path: &Utf8Path, what: &str) -> Fault {
    Fault::new(Class::BadInput, format!("configuration `{path}`: {what}"))
}
