use std::collections::BTreeMap;

use adt_model::{Class, Fault, Key};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{ArrayMeta, python_json};

const ARRAY: &str = ".zarray";
const ATTRIBUTES: &str = ".zattrs";
const GROUP: &str = ".zgroup";
const CONSOLIDATED: &str = ".zmetadata";

/// The documents of a tree of groups and arrays that is being written.
///
/// A path is as in a key, `a/b`; the root is the empty text.
#[derive(Clone, Debug, Default)]
pub struct Hierarchy(BTreeMap<String, Value>);

impl Hierarchy {
    /// Adds a group.
    pub fn group(&mut self, path: &str) {
        self.0.insert(under(path, GROUP), json!({"zarr_format": 2}));
    }

    /// Adds an array.
    pub fn array(&mut self, path: &str, meta: &ArrayMeta) {
        self.0.insert(under(path, ARRAY), meta.to_value());
    }

    /// Sets the attributes of a group or an array.
    pub fn attributes(&mut self, path: &str, attributes: Map<String, Value>) {
        self.0.insert(under(path, ATTRIBUTES), Value::Object(attributes));
    }

    /// Every document, in the order in which they are to be written: the arrays and groups below, then the root's attributes,
    /// the consolidated metadata, and the root's `.zgroup`, without which no reader takes the folder for a store.
    pub fn objects(&self) -> Result<Vec<(Key, Bytes)>, Fault> {
        let last = |key: &str| [ATTRIBUTES, GROUP].contains(&key);
        let mut objects = Vec::with_capacity(self.0.len() + 1);
        for (key, value) in self.0.iter().filter(|(key, _)| !last(key)) {
            objects.push((named(key)?, python_json(value).into()));
        }
        let mut push = |key: &str, value: Option<&Value>| -> Result<(), Fault> {
            if let Some(value) = value {
                objects.push((named(key)?, python_json(value).into()));
            }
            Ok(())
        };
        push(ATTRIBUTES, self.0.get(ATTRIBUTES))?;
        let metadata: Map<String, Value> = self.0.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        push(CONSOLIDATED, Some(&json!({"metadata": metadata, "zarr_consolidated_format": 1})))?;
        push(GROUP, self.0.get(GROUP))?;
        Ok(objects)
    }
}

/// Gives the bytes of an object, `None` if there is none of that name.
pub type Get<'a> = dyn Fn(&Key) -> Result<Option<Bytes>, Fault> + 'a;

/// The documents of a tree that is being read: from the consolidated metadata where there are any, else one by one.
pub struct Lookup<'a> {
    get: &'a Get<'a>,
    consolidated: Option<Map<String, Value>>,
}

impl<'a> Lookup<'a> {
    /// Asks for the consolidated metadata.
    pub fn open(get: &'a Get<'a>) -> Result<Self, Fault> {
        let consolidated = match get(&named(CONSOLIDATED)?)? {
            None => None,
            Some(bytes) => {
                let mut document = object(CONSOLIDATED, parse(CONSOLIDATED, &bytes)?)?;
                if document.get("zarr_consolidated_format") != Some(&json!(1)) {
                    let what = format!("cannot use `{CONSOLIDATED}`: its format is not 1");
                    return Err(Fault::new(Class::Corrupt, what));
                }
                let metadata = document.remove("metadata").unwrap_or_default();
                Some(object(CONSOLIDATED, metadata)?)
            }
        };
        Ok(Self { get, consolidated })
    }

    /// The metadata of an array, `None` if there is none of that path.
    pub fn array(&self, path: &str) -> Result<Option<ArrayMeta>, Fault> {
        let key = under(path, ARRAY);
        self.document(&key)?.map(|value| ArrayMeta::from_value(&key, value)).transpose()
    }

    /// The attributes of a group or an array; none are an empty object.
    pub fn attributes(&self, path: &str) -> Result<Map<String, Value>, Fault> {
        let key = under(path, ATTRIBUTES);
        self.document(&key)?.map_or_else(|| Ok(Map::new()), |value| object(&key, value))
    }

    /// Whether there is a group of this path.
    pub fn is_group(&self, path: &str) -> Result<bool, Fault> {
        Ok(self.document(&under(path, GROUP))?.is_some())
    }

    /// The names of the arrays right below a group; `None` where there are no consolidated metadata, so that nobody can know.
    pub fn arrays_below(&self, path: &str) -> Option<Vec<String>> {
        let prefix = under(path, "");
        let names = self.consolidated.as_ref()?.keys().filter_map(|key| {
            let name = key.strip_prefix(&prefix)?.strip_suffix(ARRAY)?.strip_suffix('/')?;
            (!name.contains('/')).then(|| name.to_owned())
        });
        Some(names.collect())
    }

    /// The bytes of any object of the tree.
    pub fn object(&self, key: &str) -> Result<Option<Bytes>, Fault> {
        (self.get)(&named(key)?)
    }

    fn document(&self, key: &str) -> Result<Option<Value>, Fault> {
        if let Some(consolidated) = &self.consolidated {
            return Ok(consolidated.get(key).cloned());
        }
        self.object(key)?.map(|bytes| parse(key, &bytes)).transpose()
    }
}

/// `a/b` and `.zarray` are `a/b/.zarray`; the root's documents have no prefix.
pub(crate) fn under(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

/// A name that came from a program or a document, as a key.
pub(crate) fn named(key: &str) -> Result<Key, Fault> {
    Key::parse(key).map_err(|error| Fault::new(Class::BadInput, "cannot name an object").because(error))
}

fn parse(key: &str, bytes: &[u8]) -> Result<Value, Fault> {
    serde_json::from_slice(bytes)
        .map_err(|error| Fault::new(Class::Corrupt, format!("cannot read `{key}`")).because(error))
}

fn object(key: &str, value: Value) -> Result<Map<String, Value>, Fault> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(Fault::new(Class::Corrupt, format!("cannot read `{key}`: it is no JSON object"))),
    }
}
