//! The endpoints of a lab, as the JSON text of an AWS parameter.

use adt_model::{Class, Endpoints, Fault, Origin, Problem, Secret, SecretRef};
use camino::Utf8Path;

use crate::{
    draft::{Draft, Form},
    field::{self, API_TOKEN, Field, VIDEO_PASSWORD},
    json::{self, Node},
    spec,
};

/// Keys longer than this are not shown: they are none that a person chose.
const LONGEST: usize = 64;

/// Reads what the parameter named `parameter` says, and what a person should know about it.
///
/// Names are those of the columns of a job list. Nulls and blanks are not set. `video_encryption_password_path` and
/// `codeocean_api_token_path` name further parameters and win over the secrets themselves, as in the original. Any
/// other key is dropped, and one note names them all. No fault and no note holds a piece of a value.
pub fn endpoints(text: &Secret, parameter: &str) -> Result<(Endpoints, Vec<String>), Fault> {
    let text = text.expose();
    let refused = |what: &str| {
        Fault::new(Class::BadInput, format!("the parameter `{parameter}` cannot be used: {what}"))
            .help("its value is a JSON object such as `{\"metadata_service_domain\": \"https://…\"}`")
    };
    let pairs = match Node::parse(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        Ok(Node::Object(pairs)) => pairs,
        Ok(other) => return Err(refused(&format!("{}, not an object", other.noun()))),
        Err(wrong) => return Err(refused(&wrong.what)),
    };
    let (known, others): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(key, _)| is_known(key));
    let mut notes: Vec<String> = others_note(parameter, others).into_iter().collect();
    let mut draft = Draft::new(Origin { source: parameter.to_owned(), row: None }, Form::Names);
    json::endpoints(&mut draft, "", known);
    notes.extend(paths_win(&mut draft, parameter));
    // A parameter stands in no folder, so a path that is relative to one means nothing in it.
    let (endpoints, problems) = spec::endpoints(draft, Utf8Path::new(""));
    if !problems.is_empty() {
        return Err(refused(&problems.iter().map(line).collect::<Vec<_>>().join("; ")));
    }
    match relative(&endpoints) {
        Some(name) => Err(refused(&format!("`{name}`: the path of a `file:` is not absolute"))),
        None => Ok((endpoints, notes)),
    }
}

/// A parameter that names another parameter is not followed.
fn is_known(key: &str) -> bool {
    Field::named(&field::clean(key))
        .is_some_and(|field| field.is_endpoint() && field != Field::AwsParamStoreName)
}

/// Without values, and without names that could be anything.
fn others_note(parameter: &str, others: Vec<(String, Node)>) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let count = others.len();
    let names: Vec<String> = others
        .into_iter()
        .map(|(key, _)| key)
        .filter(|key| !key.is_empty() && key.len() <= LONGEST && key.chars().all(fits))
        .map(|key| format!("`{key}`"))
        .collect();
    let unshown = count - names.len();
    let said = match (names.is_empty(), unshown) {
        (_, 0) => names.join(", "),
        (true, _) => format!("{unshown} whose names are not shown"),
        (false, _) => format!("{} and {unshown} whose names are not shown", names.join(", ")),
    };
    (count > 0).then(|| format!("the parameter `{parameter}` holds keys that are not used: {said}"))
}

fn paths_win(draft: &mut Draft, parameter: &str) -> Vec<String> {
    let mut notes = Vec::new();
    for nested in [VIDEO_PASSWORD, API_TOKEN] {
        let Some(path) = draft.fields.get(nested.path).map(|path| path.column.clone()) else { continue };
        if let Some(own) = draft.fields.remove(nested.secret) {
            let own = own.column;
            notes
                .push(format!("the parameter `{parameter}` holds `{own}` beside `{path}`; the path is used"));
        }
    }
    notes
}

/// The problem's value is left out, whatever it is.
fn line(problem: &Problem) -> String {
    format!("`{}`: {}", problem.column, problem.what)
}

fn relative(endpoints: &Endpoints) -> Option<&'static str> {
    let secrets = [
        (VIDEO_PASSWORD.secret, &endpoints.video_encryption_password),
        (API_TOKEN.secret, &endpoints.codeocean_api_token),
    ];
    let found = secrets
        .into_iter()
        .find(|(_, secret)| matches!(secret, Some(SecretRef::File(path)) if !path.has_root()));
    found.map(|(field, _)| field.name())
}
