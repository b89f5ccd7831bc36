//! Who stands behind the data, in the words of either schema.

use adt_model::{Class, Fault, Funding, JobSpec, Schema};
use serde_json::{Map, Value, json};

use crate::schema::{funder, funders, one_of};

/// What the metadata service says of a project, in either of its languages. It counts where the job says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answered {
    /// Sources of money: objects with `funder`, `grant_number`, `fundee`, in the first language perhaps `investigators`.
    pub funding: Vec<Value>,
    /// Persons as objects, or names.
    pub investigators: Vec<Value>,
}

/// Names of people as texts (v1) or persons (v2), each once: the job's, else the service's, else those whom the money was given to.
pub(crate) fn investigators(schema: Schema, job: &JobSpec, answered: &Answered) -> Vec<Value> {
    let own = &job.people.investigators;
    let found: Vec<Value> = if !own.is_empty() {
        own.iter().map(|name| Value::from(name.trim())).collect()
    } else if !answered.investigators.is_empty() {
        answered.investigators.iter().flat_map(people).collect()
    } else {
        let named = |source: &Value| source.get("investigators").or_else(|| source.get("fundee")).map(people);
        answered.funding.iter().filter_map(named).flatten().collect()
    };
    let mut each_once: Vec<Value> = Vec::new();
    for person in found {
        let person = in_words_of(schema, person);
        if !each_once.contains(&person) {
            each_once.push(person);
        }
    }
    each_once
}

/// Sources of money as the schema writes them: the job's, else the service's. `BadInput` where the job names a funder that the
/// schema does not know.
pub(crate) fn funding(schema: Schema, job: &JobSpec, answered: &Answered) -> Result<Vec<Value>, Fault> {
    let own = &job.people.funding;
    if own.is_empty() {
        return Ok(answered.funding.iter().map(|source| restated(schema, source)).collect());
    }
    own.iter().map(|source| written(schema, source)).collect()
}

/// The one source that the original always writes.
pub(crate) fn internal_funding() -> Value {
    let funder = funder(Schema::V1, "Allen Institute").expect("the schema has its own institute");
    json!({"funder": funder, "grant_number": null, "fundee": null})
}

/// A source that a person has named.
fn written(schema: Schema, source: &Funding) -> Result<Value, Fault> {
    let organization = funder(schema, &source.funder).ok_or_else(|| unknown(schema, &source.funder))?;
    let fundee = source.fundee.as_deref().map(Value::from);
    let grant_number = source.grant_number.clone().map_or(Value::Null, Value::from);
    let mut object = Map::new();
    if schema == Schema::V2 {
        object.insert("object_type".into(), "Funding".into());
    }
    object.insert("funder".into(), organization);
    object.insert("grant_number".into(), grant_number);
    object.insert("fundee".into(), fundees(schema, fundee.as_ref()));
    Ok(Value::Object(object))
}

fn unknown(schema: Schema, name: &str) -> Fault {
    let known = funders(schema);
    let word = |text: &str| {
        text.split_whitespace().map(str::to_lowercase).filter(|w| w.len() > 3).collect::<Vec<_>>()
    };
    let wanted = word(name);
    let like: Vec<_> = known.iter().filter(|known| word(known).iter().any(|w| wanted.contains(w))).collect();
    let shown = if like.is_empty() { known.iter().collect() } else { like };
    let help = format!(
        "schema {schema} knows {}",
        one_of(shown.into_iter().map(|name| format!("`{name}`")).collect())
    );
    Fault::new(Class::BadInput, format!("the funder `{name}` is not known to schema {schema}")).help(help)
}

/// A source that the service has told of, in the words of the schema; keys that neither schema has are kept.
fn restated(schema: Schema, source: &Value) -> Value {
    let Value::Object(told) = source else { return source.clone() };
    let mut object = Map::new();
    if schema == Schema::V2 {
        object.insert("object_type".into(), "Funding".into());
    }
    object.insert(
        "funder".into(),
        told.get("funder").map_or(Value::Null, |funder| organization(schema, funder)),
    );
    object.insert("grant_number".into(), told.get("grant_number").cloned().unwrap_or_default());
    object.insert("fundee".into(), fundees(schema, told.get("fundee")));
    for (key, value) in told {
        if !object.contains_key(key) && !["object_type", "investigators"].contains(&key.as_str()) {
            object.insert(key.clone(), value.clone());
        }
    }
    Value::Object(object)
}

/// An organisation in the form of the schema, where the schema knows its name; else as it was told.
fn organization(schema: Schema, told: &Value) -> Value {
    let fits = match (schema, told.get("registry")) {
        (_, None) => false,
        (Schema::V1, Some(registry)) => registry.is_object() || registry.is_null(),
        (Schema::V2, Some(registry)) => registry.is_string() || registry.is_null(),
    };
    if fits {
        return told.clone();
    }
    let name = told.as_str().or_else(|| told.get("name")?.as_str());
    name.and_then(|name| funder(schema, name)).unwrap_or_else(|| told.clone())
}

/// Whom the money was given to: one text (v1) or persons (v2).
fn fundees(schema: Schema, told: Option<&Value>) -> Value {
    let Some(told) = told.filter(|told| !told.is_null()) else { return Value::Null };
    match (schema, told) {
        (Schema::V1, Value::String(_)) => told.clone(),
        (Schema::V1, _) => people(told).iter().filter_map(name).collect::<Vec<_>>().join(", ").into(),
        (Schema::V2, _) => people(told).into_iter().map(|person| in_words_of(schema, person)).collect(),
    }
}

/// The people that a text with commas, a person or a list of either names.
fn people(told: &Value) -> Vec<Value> {
    match told {
        Value::String(names) => {
            names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(Value::from).collect()
        }
        Value::Array(list) => list.iter().flat_map(people).collect(),
        Value::Object(_) => vec![told.clone()],
        _ => Vec::new(),
    }
}

fn name(person: &Value) -> Option<&str> {
    person.as_str().or_else(|| person.get("name")?.as_str())
}

fn in_words_of(schema: Schema, person: Value) -> Value {
    match (schema, &person) {
        (Schema::V1, Value::Object(_)) => name(&person).map_or(Value::Null, Value::from),
        (Schema::V2, Value::String(name)) => json!({
            "object_type": "Person",
            "name": name,
            "registry": "Open Researcher and Contributor ID (ORCID)",
            "registry_identifier": null,
        }),
        _ => person,
    }
}
