//! Documents by chance: made from the schemas, so mostly whole, and then spoiled.

use adt_testkit::Seed;
use serde_json::{Map, Value, json};

/// The schemas of one generation.
pub(crate) struct Book(pub(crate) Value);

impl Book {
    pub(crate) fn v1() -> Self {
        Self(serde_json::from_str(include_str!("../../schemas/v1.json")).unwrap())
    }

    pub(crate) fn v2() -> Self {
        Self(serde_json::from_str(include_str!("../../schemas/v2.json")).unwrap())
    }

    pub(crate) fn document(&self, model: &str, seed: &mut Seed) -> Value {
        self.value(&self.0["models"][model], seed)
    }

    fn value(&self, schema: &Value, seed: &mut Seed) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.value(&self.0["$defs"][reference.trim_start_matches("#/$defs/")], seed);
        }
        if let Some(mapping) = schema["discriminator"]["mapping"].as_object() {
            let (named, reference) = mapping.iter().nth(seed.below(mapping.len() as u64) as usize).unwrap();
            let mut value = self.value(&json!({ "$ref": reference }), seed);
            value[schema["discriminator"]["propertyName"].as_str().unwrap()] = json!(named);
            return value;
        }
        if let Some(branches) = schema["anyOf"].as_array() {
            return self.value(pick(branches, seed), seed);
        }
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        if let Some(list) = schema["enum"].as_array() {
            return pick(list, seed).clone();
        }
        match (schema["type"].as_str(), schema["format"].as_str()) {
            (Some("string"), Some("date")) => json!("2023-10-12"),
            (Some("string"), Some("date-time")) => json!("2023-10-12T08:32:18Z"),
            (Some("string"), Some("time")) => json!("08:32:18"),
            (Some("string"), _) => pick(&["a", "b", "987654", "Some-words"].map(Value::from), seed).clone(),
            (Some("integer" | "number"), _) => {
                let least = schema["minimum"].as_f64().unwrap_or(1.0);
                json!(least + seed.below(3) as f64)
            }
            (Some("boolean"), _) => json!(seed.below(2) == 0),
            (Some("array"), _) => {
                let least = schema["minItems"].as_u64().unwrap_or(0);
                let extra = if schema["maxItems"] == json!(least) { 0 } else { seed.below(3) };
                (0..least + extra).map(|_| self.value(&schema["items"], seed)).collect()
            }
            (Some("object"), _) => self.object(schema, seed),
            _ => Value::Null,
        }
    }

    fn object(&self, schema: &Value, seed: &mut Seed) -> Value {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let mut object = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            // A model as constant can only be left out.
            let fixed = property["const"].is_object() && seed.below(20) > 0;
            if required.contains(&json!(name)) || (!fixed && seed.below(3) > 0) {
                object.insert(name.clone(), self.value(property, seed));
            }
        }
        Value::Object(object)
    }
}

fn pick<'a>(list: &'a [Value], seed: &mut Seed) -> &'a Value {
    &list[seed.below(list.len() as u64) as usize]
}

/// Values that a careless hand or program leaves behind.
fn blunders() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(3.0),
        json!(4000),
        json!(""),
        json!("x"),
        json!("12"),
        json!("1.0"),
        json!(" 7 "),
        json!("yes"),
        json!("Other"),
        json!("a_b"),
        json!("a b"),
        json!([]),
        json!([1]),
        json!({}),
        json!({"name": "x"}),
        json!("2023-02-30"),
        json!("2023-02-28"),
        json!("2023-02-28T01:02"),
        json!("2023-02-28 01:02:03.5+01:00"),
        json!("02/28/2023"),
        json!("08:15"),
        json!("RAS"),
        json!("nan"),
        json!(1_700_000_000),
        json!({"name": "Other"}),
        json!({"name": "Allen Institute"}),
        json!(["a", "b"]),
    ]
}

/// Spoils one place.
pub(crate) fn spoil(document: &mut Value, seed: &mut Seed) {
    let mut places = Vec::new();
    gather(document, "", &mut places);
    if places.is_empty() {
        return;
    }
    let place = &places[seed.below(places.len() as u64) as usize];
    let (above, last) = place.rsplit_once('/').unwrap_or(("", ""));
    let key = last.replace("~1", "/").replace("~0", "~");
    let blunders = blunders();
    let blunder = blunders[seed.below(blunders.len() as u64) as usize].clone();
    match (document.pointer_mut(above), seed.below(4)) {
        (Some(Value::Object(members)), 0) => {
            members.shift_remove(&key);
        }
        (Some(Value::Object(members)), 1) => {
            members.insert("an_extra".into(), blunder);
        }
        (Some(Value::Array(entries)), 0) => entries.clear(),
        (Some(Value::Array(entries)), 1) => entries.push(blunder),
        _ => {
            if let Some(value) = document.pointer_mut(place) {
                *value = blunder;
            }
        }
    }
}

/// The JSON pointer of every value but the document.
fn gather(value: &Value, place: &str, places: &mut Vec<String>) {
    if !place.is_empty() {
        places.push(place.to_owned());
    }
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let key = key.replace('~', "~0").replace('/', "~1");
                gather(value, &format!("{place}/{key}"), places);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                gather(value, &format!("{place}/{index}"), places);
            }
        }
        _ => {}
    }
}
