use std::cmp::Ordering;

use adt_model::Schema;
use serde_json::{Map, Value};

use super::{
    MOST,
    book::Book,
    finding::{Finding, Place, one_of, shown},
    pattern::pattern,
    rules::{self, Rule},
    rules_v2, scalar, time,
};

/// Goes down a document and its schema together.
pub(super) struct Walk<'s> {
    pub(super) book: &'s Book,
    pub(super) schema: Schema,
}

type Found = Vec<Finding>;

impl Walk<'_> {
    /// Adds what keeps `value` from passing `schema`. `around` is the object whose property the value is.
    pub(super) fn check(
        &self,
        schema: &Value,
        value: &Value,
        place: &Place<'_>,
        around: Option<&Map<String, Value>>,
        found: &mut Found,
    ) {
        if found.len() >= MOST {
            return;
        }
        let rules: Vec<Rule> = self.rules(schema).collect();
        let mended = rules.iter().find_map(|rule| match rule {
            Rule::Mends(mend) => mend(value),
            _ => None,
        });
        if let Some(mended) = mended {
            return self.check(schema, &mended, place, around, found);
        }
        for rule in &rules {
            let Rule::Before(decide) = rule else { continue };
            match decide(value) {
                Some(Ok(())) => return,
                Some(Err(reason)) => return found.push(Finding::new(place, reason)),
                None => {}
            }
        }
        let before = found.len();
        self.shape(schema, value, place, around, found);
        if found.len() == before {
            // Python looks at a value as a whole only when each of its parts has passed.
            let broken = rules.iter().filter_map(|rule| rule.broken(value, schema, around));
            found.extend(broken.map(|reason| Finding::new(place, reason)));
        }
    }

    fn rules(&self, schema: &Value) -> impl Iterator<Item = Rule> {
        let table = match self.schema {
            Schema::V1 => rules::RULES,
            Schema::V2 => rules_v2::RULES,
        };
        let names = schema.get("rule").and_then(Value::as_array).into_iter().flatten();
        names.filter_map(|name| table.iter().find(|(rule, _)| name == rule).map(|(_, rule)| *rule))
    }

    fn shape(
        &self,
        schema: &Value,
        value: &Value,
        place: &Place<'_>,
        around: Option<&Map<String, Value>>,
        found: &mut Found,
    ) {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let definition = self.book.definition(reference).expect("a test follows every reference");
            self.check(definition, value, place, around, found);
        } else if let Some(choice) = schema.get("discriminator") {
            self.chosen(choice, value, place, found);
        } else if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
            self.nearest(branches, value, place, around, found);
        } else if let Some(only) = schema.get("const") {
            // A model as constant is a thing of Python that no JSON equals; it can only be left out.
            if only.is_object() {
                found.push(Finding::new(
                    place,
                    "must be left out: the schema has only its own value".to_owned(),
                ));
            } else if only != value {
                mismatch(value, &shown(only), place, found);
            }
        } else {
            self.typed(schema, value, place, found);
        }
    }

    /// A union whose branch a key of the value names.
    fn chosen(&self, choice: &Value, value: &Value, place: &Place<'_>, found: &mut Found) {
        let (Some(key), Some(mapping)) = (choice["propertyName"].as_str(), choice["mapping"].as_object())
        else {
            return;
        };
        let Some(object) = value.as_object() else { return mismatch(value, "an object", place, found) };
        let at = Place::Key(place, key);
        let words = || one_of(mapping.keys().map(|word| format!("\"{word}\"")).collect());
        let branch = match object.get(key) {
            None => return found.push(Finding::new(&at, format!("is missing, it must be {}", words()))),
            Some(named) => named.as_str().and_then(|named| mapping.get(named)),
        };
        match branch.and_then(Value::as_str).and_then(|reference| self.book.definition(reference)) {
            Some(branch) => self.check(branch, value, place, None, found),
            None => mismatch(&object[key], &words(), &at, found),
        }
    }

    /// A union whose branches are tried; when none passes, the one that comes nearest is spoken of.
    fn nearest(
        &self,
        branches: &[Value],
        value: &Value,
        place: &Place<'_>,
        around: Option<&Map<String, Value>>,
        found: &mut Found,
    ) {
        let for_null = |branch: &&Value| branch.get("type").is_some_and(|kind| kind == "null");
        if value.is_null() && branches.iter().any(|branch| for_null(&branch)) {
            return;
        }
        let here = place.to_string();
        let mut nearest: Option<((bool, usize), Found)> = None;
        for branch in branches {
            let mut reasons = Vec::new();
            self.check(branch, value, place, around, &mut reasons);
            if reasons.is_empty() {
                return;
            }
            // A branch that is wrong as a whole is farther away than one that is wrong inside.
            let distance = (reasons.iter().any(|finding| finding.path() == here), reasons.len());
            if !for_null(&branch) && nearest.as_ref().is_none_or(|(least, _)| distance < *least) {
                nearest = Some((distance, reasons));
            }
        }
        let alone = branches.iter().filter(|branch| !for_null(branch)).count() == 1;
        match nearest {
            Some(((whole, _), reasons)) if alone || !whole => found.extend(reasons),
            _ => {
                let words = branches.iter().map(|branch| self.wanted(branch)).collect();
                mismatch(value, &one_of(words), place, found);
            }
        }
    }

    /// What a schema asks for, in words.
    fn wanted(&self, schema: &Value) -> String {
        if let Some(definition) =
            schema.get("$ref").and_then(Value::as_str).and_then(|reference| self.book.definition(reference))
        {
            return self.wanted(definition);
        }
        if let Some(only) = schema.get("const") {
            return shown(only);
        }
        if let Some(list) = schema.get("enum").and_then(Value::as_array) {
            return one_of(list.iter().map(shown).collect());
        }
        let word = |keyword| schema.get(keyword).and_then(Value::as_str);
        match (word("type"), word("format")) {
            (_, Some("date")) => "a date such as 2023-10-12",
            (_, Some("date-time")) => "a time such as 2023-10-12T08:32:18",
            (_, Some("time")) => "a time of day such as 08:32:18",
            (Some("string"), _) => "text",
            (Some("integer"), _) => "a whole number",
            (Some("number"), _) => "a number",
            (Some("boolean"), _) => "true or false",
            (Some("array"), _) => "a list",
            (Some("null"), _) => "null",
            _ => "an object",
        }
        .to_owned()
    }

    fn typed(&self, schema: &Value, value: &Value, place: &Place<'_>, found: &mut Found) {
        let word = |keyword| schema.get(keyword).and_then(Value::as_str);
        let passes = match (word("type"), word("format"), value) {
            (None, ..) | (Some("null"), _, Value::Null) => true,
            (Some("object"), _, Value::Object(members)) => {
                return self.object(schema, members, place, found);
            }
            (Some("array"), _, Value::Array(elements)) => {
                return self.array(schema, elements, place, found);
            }
            (Some("string"), Some("date"), _) => time::date(value),
            (Some("string"), Some("date-time"), _) => time::date_time(value),
            (Some("string"), Some("time"), _) => time::time(value),
            (Some("string"), _, Value::String(text)) => return string(schema, text, value, place, found),
            (Some("integer"), ..) => {
                return number(schema, value, scalar::integer(value, self.schema), place, found);
            }
            (Some("number"), Some("decimal"), _) => {
                return number(schema, value, scalar::decimal(value), place, found);
            }
            (Some("number"), ..) => {
                return number(schema, value, scalar::float(value, self.schema), place, found);
            }
            (Some("boolean"), ..) => scalar::boolean(value),
            _ => false,
        };
        if !passes {
            mismatch(value, &self.wanted(schema), place, found);
        }
    }

    fn object(&self, schema: &Value, members: &Map<String, Value>, place: &Place<'_>, found: &mut Found) {
        let none = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            if !members.contains_key(name) {
                found.push(Finding::new(&Place::Key(place, name), "is missing".to_owned()));
            }
        }
        for (name, property) in properties {
            if property.get("always").is_some() && !members.contains_key(name) {
                self.check(property, &Value::Null, &Place::Key(place, name), Some(members), found);
            }
        }
        for (name, value) in members {
            let at = Place::Key(place, name);
            match (properties.get(name), schema.get("additionalProperties")) {
                (Some(property), _) => self.check(property, value, &at, Some(members), found),
                (None, Some(Value::Bool(false))) => {
                    found.push(Finding::new(&at, "is not known to the schema".to_owned()));
                }
                (None, Some(rest @ Value::Object(_))) => self.check(rest, value, &at, None, found),
                _ => {}
            }
            if let Some(names) = schema.get("propertyNames") {
                self.check(names, &Value::String(name.clone()), &at, None, found);
            }
        }
    }

    fn array(&self, schema: &Value, elements: &[Value], place: &Place<'_>, found: &mut Found) {
        let limit = |keyword| schema.get(keyword).and_then(Value::as_u64);
        let count = elements.len() as u64;
        let entries = |n: u64| if n == 1 { "one entry".to_owned() } else { format!("{n} entries") };
        if let Some(least) = limit("minItems").filter(|least| count < *least) {
            let has = if count == 0 { "is empty".to_owned() } else { format!("has {}", entries(count)) };
            found.push(Finding::new(place, format!("{has}, it needs at least {}", entries(least))));
        }
        if let Some(most) = limit("maxItems").filter(|most| count > *most) {
            let reason = format!("has {}, it takes at most {}", entries(count), entries(most));
            found.push(Finding::new(place, reason));
        }
        let Some(items) = schema.get("items") else { return };
        for (index, element) in elements.iter().enumerate() {
            self.check(items, element, &Place::Element(place, index), None, found);
        }
    }
}

fn mismatch(value: &Value, wanted: &str, place: &Place<'_>, found: &mut Found) {
    found.push(Finding::new(place, format!("is {}, it must be {wanted}", shown(value))));
}

fn string(schema: &Value, text: &str, value: &Value, place: &Place<'_>, found: &mut Found) {
    let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0);
    if (text.chars().count() as u64) < least {
        return mismatch(value, &format!("at least {least} letters long"), place, found);
    }
    if let Some(list) = schema.get("enum").and_then(Value::as_array)
        && !list.contains(value)
    {
        return mismatch(value, &one_of(list.iter().map(shown).collect()), place, found);
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str).and_then(pattern)
        && let Err(reason) = pattern(text)
    {
        found.push(Finding::new(place, format!("is {}, {reason}", shown(value))));
    }
}

/// `read` is the value as a number, if it can be read as one of the kind wanted.
fn number(schema: &Value, value: &Value, read: Option<f64>, place: &Place<'_>, found: &mut Found) {
    let whole = schema.get("type").is_some_and(|kind| kind == "integer");
    let Some(read) = read else {
        return mismatch(value, if whole { "a whole number" } else { "a number" }, place, found);
    };
    let limit = |keyword| schema.get(keyword).and_then(Value::as_f64);
    // What is not a number, which a double may be, is within no limit.
    let within = |limit: Option<f64>, allowed: &[Ordering]| {
        limit.is_none_or(|limit| read.partial_cmp(&limit).is_some_and(|order| allowed.contains(&order)))
    };
    let (least, most, above) = (limit("minimum"), limit("maximum"), limit("exclusiveMinimum"));
    let listed = schema.get("enum").and_then(Value::as_array);
    let wanted = if !within(least, &[Ordering::Greater, Ordering::Equal]) {
        format!("at least {}", least.unwrap_or_default())
    } else if !within(most, &[Ordering::Less, Ordering::Equal]) {
        format!("at most {}", most.unwrap_or_default())
    } else if !within(above, &[Ordering::Greater]) {
        format!("above {}", above.unwrap_or_default())
    } else if let Some(list) = listed
        && !list.iter().any(|only| only.as_f64() == Some(read))
    {
        one_of(list.iter().map(shown).collect())
    } else {
        return;
    };
    mismatch(value, &wanted, place, found);
}
