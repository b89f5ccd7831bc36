use std::sync::LazyLock;

use adt_model::Schema;
use serde_json::{Map, Value};

/// The schemas of one generation: its documents, and the definitions they refer to.
pub(super) struct Book(Map<String, Value>);

static V1: LazyLock<Book> = LazyLock::new(|| Book::read(include_str!("../../schemas/v1.json")));
static V2: LazyLock<Book> = LazyLock::new(|| Book::read(include_str!("../../schemas/v2.json")));

/// Read when it is first needed.
pub(super) fn book(schema: Schema) -> &'static Book {
    match schema {
        Schema::V1 => &V1,
        Schema::V2 => &V2,
    }
}

impl Book {
    fn read(text: &str) -> Self {
        Self(serde_json::from_str(text).expect("scripts/schemas writes JSON objects"))
    }

    /// The schema of a document, such as `subject`.
    pub(super) fn model(&self, name: &str) -> Option<&Value> {
        self.0.get("models")?.get(name)
    }

    /// What `#/$defs/<name>` stands for.
    pub(super) fn definition(&self, reference: &str) -> Option<&Value> {
        self.0.get("$defs")?.get(reference.strip_prefix("#/$defs/")?)
    }

    /// Everybody who may pay, by name, as a document writes them.
    pub(super) fn funders(&self) -> impl Iterator<Item = (&str, &Value)> {
        let all = self.0.get("funders").and_then(Value::as_object).into_iter().flatten();
        all.map(|(name, written)| (name.as_str(), written))
    }
    /// Everybody who may record data, by name, as a document writes them.
    pub(super) fn institutions(&self) -> Vec<(&str, Value)> {
        let all = self.described("institution").and_then(|schema| schema.pointer("/discriminator/mapping"));
        let all = all.and_then(Value::as_object).into_iter().flatten();
        all.filter_map(|(name, reference)| {
            let written = match self.funders().find(|(known, _)| known == name) {
                Some((_, written)) => written.clone(),
                None => self.constant(self.definition(reference.as_str()?)?)?,
            };
            Some((name.as_str(), written))
        })
        .collect()
    }

    /// The words of a property of `data_description`.
    pub(super) fn choices(&self, property: &str) -> Vec<&str> {
        let Some(schema) = self.described(property) else { return Vec::new() };
        let mut schemas = vec![schema];
        schemas.extend(
            schema
                .get("anyOf")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .map(|each| self.resolved(each)),
        );
        schemas
            .into_iter()
            .flat_map(|schema| {
                let one = schema.get("const").into_iter();
                one.chain(schema.get("enum").and_then(Value::as_array).into_iter().flatten())
            })
            .filter_map(Value::as_str)
            .collect()
    }

    /// The schema of a property of `data_description`.
    fn described(&self, property: &str) -> Option<&Value> {
        let model = self.resolved(self.model("data_description")?);
        Some(self.resolved(model.get("properties")?.get(property)?))
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let reference = schema.get("$ref").and_then(Value::as_str);
        reference.and_then(|reference| self.definition(reference)).unwrap_or(schema)
    }

    /// The one value that a schema of constants takes; names first.
    fn constant(&self, schema: &Value) -> Option<Value> {
        let schema = self.resolved(schema);
        if let Some(mapping) = schema.pointer("/discriminator/mapping").and_then(Value::as_object) {
            let mut branches = mapping.values().filter_map(Value::as_str);
            let (Some(only), None) = (branches.next(), branches.next()) else { return None };
            return self.constant(self.definition(only)?);
        }
        if let Some(value) = schema.get("const") {
            return Some(value.clone());
        }
        let properties = schema.get("properties")?.as_object()?;
        let mut written = Map::new();
        for key in ["name", "abbreviation", "registry", "registry_identifier"] {
            if let Some(schema) = properties.get(key) {
                written.insert(key.to_owned(), self.constant(schema)?);
            }
        }
        Some(Value::Object(written))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::schema::{pattern, rules, rules_v2};
    use rstest::rstest;

    /// What `walk` understands.
    const KEYWORDS: [&str; 20] = [
        "$ref",
        "additionalProperties",
        "always",
        "anyOf",
        "const",
        "discriminator",
        "enum",
        "exclusiveMinimum",
        "format",
        "items",
        "maxItems",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "pattern",
        "properties",
        "propertyNames",
        "required",
        "rule",
    ];
    const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];
    const FORMATS: [&str; 6] = ["date", "date-time", "decimal", "path", "time", "uri-reference"];

    fn each<'a>(schema: &'a Value, seen: &mut impl FnMut(&'a str, &'a Value)) {
        for (keyword, value) in schema.as_object().unwrap() {
            seen(keyword, value);
            match (keyword.as_str(), value) {
                ("properties", Value::Object(map)) => map.values().for_each(|schema| each(schema, seen)),
                ("items" | "additionalProperties" | "propertyNames", Value::Object(_)) => each(value, seen),
                ("anyOf", Value::Array(list)) => list.iter().for_each(|schema| each(schema, seen)),
                _ => {}
            }
        }
    }

    fn all<'a>(book: &'a Book, mut seen: impl FnMut(&'a str, &'a Value)) {
        let definitions = book.0["$defs"].as_object().unwrap();
        definitions.values().for_each(|schema| each(schema, &mut seen));
    }

    #[rstest]
    fn nothing_in_a_schema_is_passed_over(#[values(Schema::V1, Schema::V2)] schema: Schema) {
        let mut unknown = BTreeSet::new();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        all(book(schema), |keyword, value| {
            let known = match keyword {
                "type" => TYPES.contains(&text(value).as_str()),
                "format" => FORMATS.contains(&text(value).as_str()),
                "pattern" => pattern::pattern(&text(value)).is_some(),
                "$ref" => book(schema).definition(&text(value)).is_some(),
                "discriminator" => value.as_object().unwrap().keys().eq(["mapping", "propertyName"]),
                keyword => KEYWORDS.contains(&keyword),
            };
            if !known {
                unknown.insert(format!("{keyword}: {value}"));
            }
        });
        assert_eq!(unknown, BTreeSet::new());
    }

    #[rstest]
    fn every_check_in_python_is_followed_or_named(#[values(Schema::V1, Schema::V2)] schema: Schema) {
        let mut used = BTreeSet::new();
        all(book(schema), |keyword, value| {
            if keyword == "rule" {
                used.extend(value.as_array().unwrap().iter().map(|name| name.as_str().unwrap()));
            }
        });
        let known: BTreeSet<_> = match schema {
            Schema::V1 => rules::RULES,
            Schema::V2 => rules_v2::RULES,
        }
        .iter()
        .map(|(name, _)| *name)
        .collect();
        assert_eq!(used, known);
    }

    /// `walk` goes down the document with every step into a definition, so it ends.
    #[rstest]
    fn no_definition_refers_to_itself(#[values(Schema::V1, Schema::V2)] schema: Schema) {
        fn visit<'a>(book: &'a Book, schema: &'a Value, way: &mut Vec<&'a str>) {
            let mut references = Vec::new();
            each(schema, &mut |keyword, value| match (keyword, value) {
                ("$ref", Value::String(reference)) => references.push(reference.as_str()),
                ("discriminator", _) => {
                    references
                        .extend(value["mapping"].as_object().unwrap().values().filter_map(Value::as_str));
                }
                _ => {}
            });
            for reference in references {
                assert!(!way.contains(&reference), "{reference} is inside itself");
                way.push(reference);
                visit(book, book.definition(reference).unwrap(), way);
                way.pop();
            }
        }
        for root in book(schema).0["models"].as_object().unwrap().values() {
            visit(book(schema), root, &mut Vec::new());
        }
    }
}
