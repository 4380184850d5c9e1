//! The members of a JSON object that have no field of their own in [`User`](super::User) or
//! [`Session`](super::Session).

use std::{fmt, time::SystemTime};

use serde::{Deserialize, de::DeserializeOwned, ser::SerializeMap};
use serde_json::{Map, Value};

use super::time;

/// What a server sent beside the known members, in a form that costs what it holds and no more.
///
/// A known member is *taken* out when it has the expected type and says something. One of an odd type, and one
/// that is empty or false, stays here: it can still be read by name, and is written back as it came.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Fields(Box<[(Box<str>, Value)]>);

impl Fields {
    pub(super) fn new(object: Map<String, Value>) -> Self {
        let fields = object
            .into_iter()
            .map(|(name, value)| (name.into_boxed_str(), value));
        Self(fields.collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(key, _)| **key == *name)
            .map(|(_, value)| value)
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

/// Names only: what an application keeps in its own fields may be secret.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

/// A field of a user or session that is there but is not of the type asked for.
///
/// Returned by [`User::field`](crate::User::field) and [`Session::field`](crate::Session::field).
#[derive(Debug, thiserror::Error)]
#[error("the field `{name}` is not of the type asked for")]
pub struct FieldError {
    name: Box<str>,
    source: serde_json::Error,
}

impl FieldError {
    /// The name of the field, as it was asked for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Reads `value` as `T`; what is missing or null is `None`.
pub(super) fn read<T: DeserializeOwned>(
    name: &str,
    value: Option<&Value>,
) -> Result<Option<T>, FieldError> {
    match value {
        None => Ok(None),
        Some(value) => Option::deserialize(value).map_err(|source| FieldError {
            name: name.into(),
            source,
        }),
    }
}

/// Takes a text that is not empty. Any other value stays; null goes.
pub(super) fn take_text(object: &mut Map<String, Value>, name: &str) -> Option<String> {
    drop_null(object, name);
    match object.get(name) {
        Some(Value::String(text)) if !text.is_empty() => {}
        _ => return None,
    }
    match object.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// Takes `true`. Any other value stays; null goes.
pub(super) fn take_true(object: &mut Map<String, Value>, name: &str) -> bool {
    drop_null(object, name);
    let is_true = object.get(name) == Some(&Value::Bool(true));
    if is_true {
        object.remove(name);
    }
    is_true
}

/// Takes a point in time. Any other value stays; null goes.
pub(super) fn take_time(object: &mut Map<String, Value>, name: &str) -> Option<SystemTime> {
    drop_null(object, name);
    let time = time::parse(object.get(name)?.as_str()?)?;
    object.remove(name);
    Some(time)
}

fn drop_null(object: &mut Map<String, Value>, name: &str) {
    if object.get(name) == Some(&Value::Null) {
        object.remove(name);
    }
}

/// Writes an object: the known members that say something, then what was sent beside them.
pub(super) struct ObjectWriter<'a, M> {
    map: M,
    fields: &'a Fields,
    written: Vec<&'static str>,
}

impl<'a, M: SerializeMap> ObjectWriter<'a, M> {
    pub(super) fn new(map: M, fields: &'a Fields) -> Self {
        Self {
            map,
            fields,
            written: Vec::new(),
        }
    }

    pub(super) fn text(&mut self, name: &'static str, text: Option<&str>) -> Result<(), M::Error> {
        match text {
            Some(text) if !text.is_empty() => self.write(name, text),
            _ => Ok(()),
        }
    }

    pub(super) fn flag(&mut self, name: &'static str, flag: bool) -> Result<(), M::Error> {
        if flag {
            self.write(name, &true)
        } else {
            Ok(())
        }
    }

    pub(super) fn time(
        &mut self,
        name: &'static str,
        time: Option<SystemTime>,
    ) -> Result<(), M::Error> {
        match time.and_then(time::format) {
            Some(text) => self.write(name, &text),
            None => Ok(()),
        }
    }

    pub(super) fn end(mut self) -> Result<M::Ok, M::Error> {
        for (name, value) in self.fields.iter() {
            if !self.written.contains(&name) {
                self.map.serialize_entry(name, value)?;
            }
        }
        self.map.end()
    }

    fn write<T: serde::Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        self.written.push(name);
        self.map.serialize_entry(name, value)
    }
}
